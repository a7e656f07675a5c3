"""Write the rows of a view as an Excel workbook."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.table.counts import has_more_than
from app.table.csv import ColumnWriter, NamesById, Progress, column_chunks
from app.table.definitions import Column
from app.table.kinds import BADGE, DATE, DATETIME, ID, INTEGER, MONEY, TEXT, Kind, Value
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.view import View, describe_view
from models import snapshot, timestamp

MAX_CELL_LENGTH = 32_767
"""Characters, as UTF-16 counts them, that Excel takes in a cell."""

_EXACT_LIMIT = 10**15
"""From here on numbers have more digits than a spreadsheet keeps."""

_FIRST_DAY, _DAY_0, _DAY = "1900-03-01", datetime(1899, 12, 30), timedelta(days=1)
"""Since when all spreadsheets count days alike, and from which one."""

PutCell = Callable[[int, int, Value], None]
"""Writes a value into a row and a column, counted from 0. Rows must come in their order."""


class WorkbookLimitError(ValueError):
    """A workbook can't hold what it should; the message says why."""


class CellFormat(NamedTuple):
    """A kind's format in Excel, how many characters a column of it shows, and its values as numbers.

    `number` is None for texts, and says None of a value that no number stands for exactly.
    """

    format: str
    width: int
    number: Callable[[Value], float | None] | None = None


def _whole(number: int) -> float | None:
    return number if abs(number) < _EXACT_LIMIT else None


def _amount(cents: int) -> float | None:
    return cents / 100 if abs(cents) < _EXACT_LIMIT else None


def _days(text: str) -> float | None:
    return (datetime.fromisoformat(text) - _DAY_0) / _DAY if text >= _FIRST_DAY else None


CELL_FORMATS = {
    TEXT: CellFormat("@", 28),
    ID: CellFormat("@", 20),
    BADGE: CellFormat("@", 12),
    INTEGER: CellFormat("#,##0", 12, _whole),
    MONEY: CellFormat("#,##0.00", 15, _amount),
    DATE: CellFormat("yyyy-mm-dd", 11, _days),
    DATETIME: CellFormat("yyyy-mm-dd hh:mm:ss", 20, _days),
}


class SheetWriter:
    """The cells of a sheet."""

    def __init__(self, book: Workbook, sheet: Worksheet) -> None:
        self._sheet, self._plain = sheet, book.add_format()

    def text(self, row: int, column: int, text: str) -> None:
        """Put a text; an empty one leaves the cell empty. Raises Unfit when it is too long."""
        if not text:
            return
        if self._sheet.write_string(row, column, text):
            raise WorkbookLimitError(
                f"Row {row:,} holds a text of more than {MAX_CELL_LENGTH:,} characters, which no cell takes."
            )
        if text.startswith("<r>"):  # XlsxWriter would take it for XML of its own
            self._sheet.write_rich_string(row, column, text[0], self._plain, text[1:])

    def of(self, kind: Kind) -> PutCell:
        """How values of a kind are put: as numbers, or as the CSV's text where no number stands for one exactly."""
        number = CELL_FORMATS[kind].number
        if number is None:
            return self.text

        def put(row: int, column: int, value: Value) -> None:
            found = number(value)
            if found is None:
                self._sheet.write_string(row, column, kind.export(value))
            else:
                self._sheet.write_number(row, column, found)

        return put


MAX_ROWS = 200_000
"""Rows that a workbook may have."""

_FILTER_BUTTON = 4
"""Characters of a heading that the button of its filter hides."""

_ABOUT_WIDTHS = 28, 60


def write_workbook(view: View, scope: Scope, whose: str, file: IO[bytes], progress: Progress) -> None:
    """Write all rows of a view, of one moment, into a file that is a workbook when this returns. Raises Unfit.

    `whose` names the reseller to whose customers the scope is confined; it is "" for none. `progress` is told how many
    rows each part has.
    """
    if has_more_than(RowQuery(view, scope, view.level), MAX_ROWS):
        raise _too_many()
    with TemporaryDirectory() as folder, Workbook(file, {"constant_memory": True, "tmpdir": folder}) as book:
        since, rows = timestamp(), _ReportSheet(book, view.columns)
        with snapshot() as now:
            for length, columns in column_chunks(view, scope, _value_writer, now):
                rows.add(length, [list(values) for values in columns])
                progress(length)
        rows.end()
        confined = [("Customers of", whose)] if whose else []
        _write_about_sheet(book, [*describe_view(view), *confined, ("As of", f"{since} UTC")], rows)


def _value_writer(kind: Kind, names: NamesById | None) -> ColumnWriter:
    """Values as they are, numbers as such, or names by the numbers that stand for them."""
    if names is None:
        return (lambda values: map(int, values)) if kind.numeric else (lambda values: values)
    known = dict(names)
    return lambda values: map(known.__getitem__, values)


def _too_many() -> WorkbookLimitError:
    return WorkbookLimitError(f"These are more than {MAX_ROWS:,} rows, the most that are written into a workbook.")


class _ReportSheet:
    """The sheet of rows, their number, and the sums of what adds up."""

    def __init__(self, book: Workbook, columns: Sequence[Column]) -> None:
        self.columns, self.length = columns, 0
        self.sums = {place: 0 for place, column in enumerate(columns) if column.kind.numeric}
        self._sheet = book.add_worksheet("Report")
        cells = SheetWriter(book, self._sheet)
        self._sheet.set_row(0, None, book.add_format({"bold": True}))
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            look = CELL_FORMATS[column.kind]
            width = max(look.width, len(column.label) + _FILTER_BUTTON)
            self._sheet.set_column(place, place, width, book.add_format({"num_format": look.format}))
            cells.text(0, place, column.label)
        self._puts = [cells.of(column.kind) for column in columns]

    def add(self, length: int, columns: Sequence[Sequence[Any]]) -> None:
        if self.length + length > MAX_ROWS:  # they have come since they were counted
            raise _too_many()
        for place in self.sums:
            self.sums[place] += sum(columns[place])
        for row, values in enumerate(zip(*columns, strict=True), self.length + 1):
            for place, (put, value) in enumerate(zip(self._puts, values, strict=True)):
                put(row, place, value)
        self.length += length

    def end(self) -> None:
        """Add the filter buttons, and hold Excel's warnings off that ids are numbers which are written as text."""
        last = len(self.columns) - 1
        self._sheet.autofilter(0, 0, self.length, last)
        self._sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{self.length + 1}"})


def _write_about_sheet(book: Workbook, facts: Sequence[tuple[str, str]], rows: _ReportSheet) -> None:
    sheet = book.add_worksheet("About")
    cells = SheetWriter(book, sheet)
    for place, width in enumerate(_ABOUT_WIDTHS):
        sheet.set_column(place, place, width)
    for row, pair in enumerate(facts):
        for place, text in enumerate(pair):
            cells.text(row, place, text)
    sums = [
        (f"Sum of {rows.columns[place].label}", rows.columns[place].kind, added) for place, added in rows.sums.items()
    ]
    for row, (label, kind, number) in enumerate([("Rows", INTEGER, rows.length), *sums], len(facts)):
        sheet.set_row(row, None, book.add_format({"num_format": CELL_FORMATS[kind].format, "align": "left"}))
        cells.text(row, 0, label)
        cells.of(kind)(row, 1, number)
