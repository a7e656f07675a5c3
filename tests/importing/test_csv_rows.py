"""Our CSV reader and Python's agree on every well-formed file."""

import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from app.importing.csv_rows import DELIMITERS, CsvRows
from tests.databases import sqlite_file as database_url

__all__ = ["database_url"]

CELL = st.text(st.sampled_from("ab\"',;\t|\n\r =é\u3000\u2028"), max_size=6)
ROWS = st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=5)


def read(text: str, delimiter: str) -> tuple[list[list[str]], list[tuple[int, str]]]:
    faults: list[tuple[int, str]] = []
    lines = StringIO(text, newline=None)
    rows = CsvRows(iter(lines.readline, ""), delimiter, None, lambda line, fault: faults.append((line, fault)))
    return [cells for _, cells in rows], faults


@given(ROWS, st.sampled_from(list(DELIMITERS)), st.sampled_from(["\n", "\r\n", "\r"]))
def test_rows_of_a_well_formed_file(rows: list[list[str]], delimiter: str, end: str) -> None:
    out = StringIO(newline="")
    quoting = csv.QUOTE_MINIMAL if end == "\r\n" else csv.QUOTE_ALL  # else Python leaves the other line end unquoted
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    expected = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows]
    found, faults = read(out.getvalue(), delimiter)
    assert not faults
    blank = str.maketrans("", "", "\u3000 \t\r\n" + delimiter)
    assert [row for row in found if "".join(row).translate(blank)] == [
        row for row in expected if "".join(row).translate(blank)
    ]


@given(st.text(st.sampled_from('ab"",\n\r '), max_size=60))
def test_any_text_is_read_to_its_end(text: str) -> None:
    """No quote swallows a row: whatever has no fault has all its letters in the rows."""
    rows, faults = read(text, ",")
    if not faults:
        found = "".join("".join(row) for row in rows)
        assert found.count("a") + found.count("b") == text.count("a") + text.count("b")
    assert all(1 <= line <= text.count("\n") + text.count("\r") + 1 for line, _ in faults)
