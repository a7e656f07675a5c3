"""Cells of a workbook: numbers as numbers, days as days, and every text as the text that it is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.table.kind import BADGE, DATE, DATETIME, ID, INTEGER, MONEY, TEXT, Kind, Value

LONGEST = 32_767
"""Characters, as UTF-16 counts them, that Excel takes in a cell."""

_PRECISE = 10**15
"""From here on numbers have more digits than a spreadsheet keeps."""

_FIRST_DAY, _DAY_0, _DAY = "1900-03-01", datetime(1899, 12, 30), timedelta(days=1)
"""Since when all spreadsheets count days alike, and from which one."""

Put = Callable[[int, int, Value], None]
"""Writes a value into a row and a column, counted from 0. Rows must come in their order."""


class Unfit(ValueError):
    """A workbook can't hold what it should; the message says why."""


class Look(NamedTuple):
    """A kind's format in Excel, how many characters a column of it shows, and its values as numbers.

    `number` is None for texts, and says None of a value that no number stands for exactly.
    """

    format: str
    width: int
    number: Callable[[Value], float | None] | None = None


def _whole(number: int) -> float | None:
    return number if abs(number) < _PRECISE else None


def _amount(cents: int) -> float | None:
    return cents / 100 if abs(cents) < _PRECISE else None


def _days(text: str) -> float | None:
    return (datetime.fromisoformat(text) - _DAY_0) / _DAY if text >= _FIRST_DAY else None


LOOKS = {
    TEXT: Look("@", 28),
    ID: Look("@", 20),
    BADGE: Look("@", 12),
    INTEGER: Look("#,##0", 12, _whole),
    MONEY: Look("#,##0.00", 15, _amount),
    DATE: Look("yyyy-mm-dd", 11, _days),
    DATETIME: Look("yyyy-mm-dd hh:mm:ss", 20, _days),
}


class Cells:
    """The cells of a sheet."""

    def __init__(self, book: Workbook, sheet: Worksheet) -> None:
        self._sheet, self._plain = sheet, book.add_format()

    def text(self, row: int, column: int, text: str) -> None:
        """Put a text; an empty one leaves the cell empty. Raises Unfit when it is too long."""
        if not text:
            return
        if self._sheet.write_string(row, column, text):
            raise Unfit(f"Row {row:,} holds a text of more than {LONGEST:,} characters, which no cell takes.")
        if text.startswith("<r>"):  # XlsxWriter would take it for XML of its own
            self._sheet.write_rich_string(row, column, text[0], self._plain, text[1:])

    def of(self, kind: Kind) -> Put:
        """How values of a kind are put: as numbers, or as the CSV's text where no number stands for one exactly."""
        number = LOOKS[kind].number
        if number is None:
            return self.text

        def put(row: int, column: int, value: Value) -> None:
            found = number(value)
            if found is None:
                self._sheet.write_string(row, column, kind.export(value))
            else:
                self._sheet.write_number(row, column, found)

        return put
