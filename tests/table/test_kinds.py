"""Kinds parse and export values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.table.kinds import DATE, DATETIME, ID, INTEGER, MONEY, TEXT, Kind, guard, needs_no_guard, unguard

FORMULA, SPACES = "=+-@＝＋－＠\t\r\n", " \u00a0\u2003\u3000"
texts = st.text(st.sampled_from(f"{FORMULA}{SPACES}';|,a\"漢")) | st.text()
delimiters = st.sampled_from([",", ";"])


def guarded(text: str, delimiter: str) -> str:
    """The guard, character by character: an apostrophe before a formula character with which a cell could begin."""
    others, out, at_start = set(";|\t,") - {delimiter}, "", True
    for char in text:
        out += f"'{char}" if at_start and char in FORMULA else char
        is_blank = char == "'" or (char.isspace() and char not in "\t\r\n")
        at_start = char in others or (at_start and is_blank)
    return out


@given(texts, delimiters)
def test_guard_stands_where_a_formula_could_begin(text: str, delimiter: str) -> None:
    assert guard(text, delimiter) == guarded(text, delimiter)


@given(texts, delimiters)
def test_unguard_reverses_guard(text: str, delimiter: str) -> None:
    assert unguard(guard(text, delimiter), delimiter) == text


@given(st.lists(texts), delimiters)
def test_texts_that_need_no_guard_get_none(several: list[str], delimiter: str) -> None:
    if needs_no_guard(several, delimiter):
        assert [guard(text, delimiter) for text in several] == several


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "'=1", "''''@x", "＝1", "＋1", "－1", "＠x"]
)
def test_formulas_are_guarded(text: str) -> None:
    assert TEXT.export(text) == "'" + text
    assert ID.export(text) == "'" + text


@pytest.mark.parametrize(
    ("delimiter", "text", "cell"),
    [
        (",", " =1", " '=1"), (",", "\u00a0 '@x", "\u00a0 ''@x"), (",", "x;=1+1;y", "x;'=1+1;y"),
        (",", "x|-1", "x|'-1"), (",", "x\t=1", "x\t'=1"), (",", "x; ＝1", "x; '＝1"), (",", "x,=1", "x,=1"),
        (",", "=1;=1", "'=1;'=1"), (",", "\t=1", "'\t'=1"), (",", "x\t\t", "x\t'\t"),
        (";", "x,=1+1,y", "x,'=1+1,y"), (";", "x;=1", "x;=1"), (";", "x|=1", "x|'=1"), (";", "x\t=1", "x\t'=1"),
    ],
)  # fmt: skip
def test_formulas_behind_blanks_and_other_delimiters_are_guarded(delimiter: str, text: str, cell: str) -> None:
    assert guard(text, delimiter) == cell


@pytest.mark.parametrize("text", ["", "a", "a=b", "'a", "1-2", "x; y", "a@b.example", " a", "; '"])
def test_plain_text_is_not_guarded(text: str) -> None:
    assert TEXT.export(text) == text


@given(st.integers(-(10**14) + 1, 10**14 - 1))
def test_amounts_round_trip(cents: int) -> None:
    assert MONEY.parse(MONEY.export(cents)) == cents


@given(st.dates())
def test_dates_round_trip(day: object) -> None:
    assert DATE.export(DATE.parse(str(day))) == str(day)


def test_time_of_day_is_optional() -> None:
    assert DATETIME.parse("2026-11-22") == "2026-11-22 00:00:00"


def test_blank_text_is_empty() -> None:
    assert TEXT.parse(" \t\u00a0") == ""


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        *(
            (INTEGER, cell)
            for cell in ("", "1.0", "1,000", "+1", " 1", "1 ", "1e3", "٣", "one", "1" * 13, "-", "--1", "-0", "\n")
        ),
        *(
            (MONEY, cell)
            for cell in (
                "",
                "1",
                "1.5",
                "1.234",
                "1,50",
                "$1.00",
                "1.00\n",
                "-0.00",
                "٣.00",
                ".50",
                "1e2",
                "1" * 13 + ".00",
            )
        ),
        *(
            (DATE, cell)
            for cell in ("", "2026-02-29", "2026-13-01", "22.11.2026", "2026-1-1", "20261122", "0000-01-01")
        ),
        *((DATE, cell) for cell in ("2026-11-22 00:00:00", "２026-11-22", "2026-W47-7", "2026-11-22\n")),
        *(
            (DATETIME, cell)
            for cell in ("", "2026-11-22T13:05:00", "2026-11-22 24:00:00", "2026-11-22 13:05", "2026-11-22 13:05:60")
        ),
    ],
)
def test_invalid_cells_are_refused(kind: Kind, cell: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        kind.parse(cell)
