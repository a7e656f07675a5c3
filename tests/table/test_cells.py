"""A column of cells equals its cells written one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.table.csv import DIALECTS, EXCEL, Dialect, cell_writer
from app.table.kinds import BADGE, ID, MONEY, TEXT, Kind, guard

texts = st.text(alphabet=st.sampled_from("ab,;|\"'=+-@＝\t\r\n \u00a0é漢"), max_size=6)
dialects = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))


@given(st.lists(texts, min_size=1, max_size=8))
@pytest.mark.parametrize("kind", [TEXT, ID, BADGE], ids=lambda kind: kind.name)
@dialects
def test_texts_are_guarded_and_quoted(dialect: Dialect, kind: Kind, values: list[str]) -> None:
    assert list(cell_writer(dialect, kind)(values)) == [
        dialect.quote(guard(value, dialect.delimiter)) for value in values
    ]


@pytest.mark.parametrize(
    "odd", ["=1", "'=1", "a,b", 'a"b', "a\nb", "\n", "a\r", "\t", "@", "-", "+1", "''=", "\r\n", " =1", "a;=1"]
)
def test_one_special_text_among_plain_ones(odd: str) -> None:
    for place in range(3):
        values = ["a", "b", "c"]
        values[place] = odd
        cells = list(cell_writer(EXCEL, TEXT)(values))
        assert cells[place] == EXCEL.quote(guard(odd))
        assert cells[:place] + cells[place + 1 :] == values[:place] + values[place + 1 :]


@given(st.lists(texts, min_size=1, max_size=5, unique=True))
@dialects
def test_looked_up_names_are_quoted(dialect: Dialect, names: list[str]) -> None:
    write = cell_writer(dialect, TEXT, enumerate(names))
    assert list(write(range(len(names)))) == [dialect.quote(guard(name, dialect.delimiter)) for name in names]


@pytest.mark.parametrize(
    ("name", "text", "cell"),
    [
        ("excel", "a;b", "a;b"), ("excel", "a,b", '"a,b"'), ("plain", "a,b", '"a,b"'), ("plain", "a;b", "a;b"),
        ("semicolon", "a,b", "a,b"), ("semicolon", "a;b", '"a;b"'), ("semicolon", 'a"b', '"a""b"'),
        ("semicolon", "a\rb", '"a\rb"'), ("semicolon", "a\nb", '"a\nb"'),
    ],
)  # fmt: skip
def test_each_dialect_quotes_its_own_delimiter(name: str, text: str, cell: str) -> None:
    assert list(cell_writer(DIALECTS[name], TEXT)([text])) == [cell]


@given(st.lists(st.integers(-(10**14), 10**14) | st.integers(-1000, 1000), max_size=8))
@pytest.mark.parametrize("read", [int, str], ids=["SQLite", "PostgreSQL"])
@dialects
def test_column_of_amounts_equals_single_cells(dialect: Dialect, read: type, cents: list[int]) -> None:
    assert list(cell_writer(dialect, MONEY)([*map(read, cents)])) == [dialect.cell(MONEY, each) for each in cents]


def test_semicolon_dialect_has_a_decimal_comma() -> None:
    semicolon = DIALECTS["semicolon"]
    assert list(cell_writer(semicolon, MONEY)([-123450, 7])) == ["-1234,50", "0,07"]
    assert list(cell_writer(EXCEL, MONEY)([-100, -99, 0, 99, 100])) == ["-1.00", "-0.99", "0.00", "0.99", "1.00"]
    assert list(cell_writer(semicolon, TEXT)(["1.5"])) == ["1.5"]
