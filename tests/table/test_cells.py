"""A column of cells is written as if each had been written alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.table.cells import looked_up, quoted, writer
from app.table.kind import BADGE, ID, TEXT, guard

texts = st.text(alphabet=st.sampled_from("ab,;\"'=+-@\t\r\n é漢"), max_size=6)


@given(st.lists(texts, min_size=1, max_size=8))
@pytest.mark.parametrize("kind", [TEXT, ID, BADGE], ids=lambda kind: kind.name)
def test_texts_are_guarded_and_quoted_one_by_one(kind: object, values: list[str]) -> None:
    assert list(writer(kind)(values)) == [quoted(guard(value)) for value in values]  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", ["=1", "'=1", "a,b", 'a"b', "a\nb", "\n", "a\r", "\t", "@", "-", "+1", "''=", "\r\n"])
def test_one_odd_text_among_usual_ones_is_found(odd: str) -> None:
    for place in range(3):
        values = ["a", "b", "c"]
        values[place] = odd
        cells = list(writer(TEXT)(values))
        assert cells[place] == quoted(guard(odd))
        assert cells[:place] + cells[place + 1 :] == values[:place] + values[place + 1 :]


@given(st.lists(texts, min_size=1, max_size=5, unique=True))
def test_names_that_are_looked_up_are_the_same_cells(names: list[str]) -> None:
    write = looked_up(TEXT, iter(enumerate(names)))
    assert list(write(range(len(names)))) == [quoted(guard(name)) for name in names]
