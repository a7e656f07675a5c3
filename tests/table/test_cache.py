"""What is remembered is bounded in bytes, whatever is asked for."""

from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from app.table.cache import BoundedCache

texts = st.text(max_size=200)


@given(st.lists(st.tuples(st.tuples(texts, texts), st.lists(st.tuples(texts, st.integers())))))
def test_bytes_are_bounded(entries: list[tuple[tuple[str, str], list[tuple[str, int]]]]) -> None:
    cache, kept = BoundedCache(5000), dict(entries)
    for key, value in entries:
        cache.put(key, value)
        assert cache.bytes <= cache.max_bytes
    found = [(key, cache.get(key)) for key in kept if cache.get(key) is not None]
    texts_kept = [text for key, value in found for text in (*key, *(name for name, _ in value))]
    assert sum(map(getsizeof, texts_kept)) <= cache.bytes


def test_what_nobody_uses_goes_first() -> None:
    cache = BoundedCache(10_000)
    cache.put("used", 1)
    for number in range(1000):
        cache.put(f"other {number}", number)
        assert cache.get("used") == 1
    assert cache.get("other 0") is None
    assert cache.get("other 999") == 999


def test_a_value_larger_than_the_cache_throws_nothing_out() -> None:
    cache = BoundedCache(1000)
    cache.put("small", 1)
    cache.put("large", ["x" * 500, "y" * 500])
    assert (cache.get("small"), cache.get("large")) == (1, None)


def test_nothing_is_counted_twice_and_all_is_forgotten() -> None:
    cache = BoundedCache(10_000)
    cache.put("key", "value")
    once = cache.bytes
    cache.put("key", "value")
    assert cache.bytes == once
    cache.clear()
    assert (cache.bytes, cache.get("key")) == (0, None)
