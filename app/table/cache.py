"""Cache what depends on the imported data alone: counts, sums, options of filters. The next import invalidates it.

It holds data, never markup. A key must name everything that the value depends on, above all the visitor's scope.
Addresses are parts of keys, and anybody may ask for any number of them, so that caches are bounded in bytes.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from sys import getsizeof
from threading import Lock
from typing import Any

from models import Import

_ENTRY_BYTES = 400  # of an entry in the dict and in the order of use


class BoundedCache:
    """Values by key. When all take more than `max_bytes`, the least recently used ones go. Threads may share it."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.bytes = max_bytes, 0
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The value of a key, or `default`."""
        with self._lock:
            if key not in self._entries:
                return default
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: Hashable, value: Any) -> None:
        """Keep a value, which nobody may change from then on. One that is larger than the whole cache isn't kept."""
        size = _ENTRY_BYTES + _size(key) + _size(value)
        with self._lock:
            if key in self._entries or size > self.max_bytes:
                return
            self._entries[key] = value, size
            self.bytes += size
            while self.bytes > self.max_bytes:
                self.bytes -= self._entries.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.bytes = 0


def _size(value: Any) -> int:
    """The bytes of a value and of all that is in its tuples and lists. What they share is counted each time."""
    own = getsizeof(value)
    return own + sum(map(_size, value)) if isinstance(value, (tuple, list)) else own


_MISSING = object()
results_cache = BoundedCache(12_000_000)


def cached(key: Any) -> Any:
    """The value that is cached under `key` for the current import; None if there is none."""
    return results_cache.get((Import.version(), key))


def cached_until_import(key: Any, compute: Callable[[], Any], cache: BoundedCache = results_cache) -> Any:
    """The value that is cached under `key` for the current import; `compute` is called if there is none."""
    versioned = (Import.version(), key)
    value = cache.get(versioned, _MISSING)
    if value is _MISSING:
        value = compute()
        cache.put(versioned, value)
    return value


def is_cached(key: Any, cache: BoundedCache) -> bool:
    """Whether there is a value under `key` for the current import."""
    return cache.get((Import.version(), key), _MISSING) is not _MISSING
