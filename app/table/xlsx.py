"""Write the rows of a view as an Excel workbook: a sheet "Report" with the rows, and a sheet "About"."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from app.table.counts import count_rows
from app.table.csv import ColumnWriter, NamesById, Progress, column_chunks
from app.table.definitions import Column
from app.table.kinds import BADGE, DATE, DATETIME, ID, INTEGER, MONEY, PERIOD, TEXT, Kind, Value
from app.table.query import RowQuery
from app.table.scope import Scope, ScopeIn
from app.table.view import View, describe_view
from models import Snapshot, reports_db, timestamp

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 200_000  # rows in a workbook
MAX_CELL_LENGTH = 32_767  # UTF-16 units in a cell, Excel's limit
_EXACT_LIMIT = 10**15  # Excel keeps 15 digits of a number
_FIRST_DATE = "1900-03-01"  # Excel and LibreOffice count earlier dates differently
_EPOCH, _DAY = datetime(1899, 12, 30), timedelta(days=1)
_FILTER_BUTTON_WIDTH = 4  # characters of a heading that its filter button covers
_ABOUT_WIDTHS = 28, 60

WriteCell = Callable[[int, int, Value], None]  # (row, column, value), counted from 0; rows must be written in order


class WorkbookLimitError(ValueError):
    """The view doesn't fit into a workbook. The message is for the visitor."""


class CellFormat(NamedTuple):
    """How Excel shows a kind.

    format: Excel's number format.
    width:  of a column, in characters.
    number: the value → a number, or None where no number is exact. Without it the cells are texts.
    """

    format: str
    width: int
    number: Callable[[Value], float | None] | None = None


def _integer(number: int) -> float | None:
    return number if abs(number) < _EXACT_LIMIT else None


def _amount(cents: int) -> float | None:
    return cents / 100 if abs(cents) < _EXACT_LIMIT else None


def _days(text: str) -> float | None:
    return (datetime.fromisoformat(text) - _EPOCH) / _DAY if text >= _FIRST_DATE else None


CELL_FORMATS = {  # by the name of the kind
    TEXT.name: CellFormat("@", 28),
    ID.name: CellFormat("@", 20),
    BADGE.name: CellFormat("@", 12),
    PERIOD.name: CellFormat("@", 12),
    INTEGER.name: CellFormat("#,##0", 12, _integer),
    MONEY.name: CellFormat("#,##0.00", 15, _amount),
    DATE.name: CellFormat("yyyy-mm-dd", 11, _days),
    DATETIME.name: CellFormat("yyyy-mm-dd hh:mm:ss", 20, _days),
}


def write_workbook(
    view: View,
    scope: Scope | ScopeIn,
    reseller: str,
    file: IO[bytes],
    progress: Progress,
    snapshot: Snapshot | None = None,
) -> None:
    """Write all rows of a view into `file` as a workbook, from a snapshot. Raises WorkbookLimitError.

    `reseller` is the name that "About" gives to the scope, "" for the whole partner. Without `snapshot` it opens one.
    """
    with nullcontext(snapshot) if snapshot else reports_db.snapshot() as connection:
        started, scope = timestamp(), scope if isinstance(scope, Scope) else scope(connection)
        if not view.group and count_rows(RowQuery(view, scope, view.level)) > MAX_ROWS:
            raise _too_many_rows()
        with TemporaryDirectory() as folder, Workbook(file, {"constant_memory": True, "tmpdir": folder}) as book:
            report = _ReportSheet(book, view.columns)
            for length, columns in column_chunks(view, scope, _value_writer, connection):
                report.add(length, [list(values) for values in columns])
                progress(length)
            report.end()
            customers = [("Customers of", reseller)] if reseller else []
            _write_about_sheet(book, [*describe_view(view), *customers, ("As of", f"{started} UTC")], report)


def _value_writer(kind: Kind, names: NamesById | None) -> ColumnWriter:
    """Values instead of the CSV's cells: numbers as int, and names for their ids."""
    if names is None:
        return (lambda values: map(int, values)) if kind.numeric else (lambda values: values)
    names_by_id = dict(names)
    return lambda ids: map(names_by_id.__getitem__, ids)


def _too_many_rows() -> WorkbookLimitError:
    return WorkbookLimitError(f"These are more than {MAX_ROWS:,} rows, the most that are written into a workbook.")


class SheetWriter:
    """Writes the cells of a sheet."""

    def __init__(self, book: Workbook, sheet: Worksheet) -> None:
        self._sheet, self._plain = sheet, book.add_format()

    def text(self, row: int, column: int, text: str) -> None:
        """Write a text; "" leaves the cell empty. Raises WorkbookLimitError if it is too long."""
        if not text:
            return
        if self._sheet.write_string(row, column, text):
            raise WorkbookLimitError(
                f"Row {row:,} holds a text of more than {MAX_CELL_LENGTH:,} characters, which no cell takes."
            )
        if text.startswith("<r>"):  # XlsxWriter takes <r>…</r> for XML of its own and doesn't escape it
            self._sheet.write_rich_string(row, column, text[0], self._plain, text[1:])

    def writer(self, kind: Kind) -> WriteCell:
        """The function that writes values of a kind: as numbers, or as the CSV's text where no number is exact."""
        number = CELL_FORMATS[kind.name].number
        if number is None:
            return self.text

        def write(row: int, column: int, value: Value) -> None:
            exact = number(value)
            if exact is None:
                self._sheet.write_string(row, column, kind.export(value))
            else:
                self._sheet.write_number(row, column, exact)

        return write


class _ReportSheet:
    """The sheet with the rows. Counts them and sums their numbers on the way."""

    def __init__(self, book: Workbook, columns: Sequence[Column]) -> None:
        self.columns, self.length = columns, 0
        self.sums = {index: 0 for index, column in enumerate(columns) if column.kind.numeric}
        self._sheet = book.add_worksheet("Report")
        cells = SheetWriter(book, self._sheet)
        self._sheet.set_row(0, None, book.add_format({"bold": True}))
        self._sheet.freeze_panes(1, 0)
        for index, column in enumerate(columns):
            style = CELL_FORMATS[column.kind.name]
            width = max(style.width, len(column.label) + _FILTER_BUTTON_WIDTH)
            self._sheet.set_column(index, index, width, book.add_format({"num_format": style.format}))
            cells.text(0, index, column.label)
        self._writers = [cells.writer(column.kind) for column in columns]

    def add(self, length: int, columns: Sequence[Sequence[Any]]) -> None:
        if self.length + length > MAX_ROWS:  # an import has added rows since they were counted
            raise _too_many_rows()
        for index in self.sums:
            self.sums[index] += sum(columns[index])
        for row, values in enumerate(zip(*columns, strict=True), self.length + 1):
            for index, (write, value) in enumerate(zip(self._writers, values, strict=True)):
                write(row, index, value)
        self.length += length

    def end(self) -> None:
        """Add the filter buttons, and switch off Excel's warning that ids are numbers stored as text."""
        self._sheet.autofilter(0, 0, self.length, len(self.columns) - 1)
        self._sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{self.length + 1}"})


def _write_about_sheet(book: Workbook, facts: Sequence[tuple[str, str]], report: _ReportSheet) -> None:
    sheet = book.add_worksheet("About")
    cells = SheetWriter(book, sheet)
    for index, width in enumerate(_ABOUT_WIDTHS):
        sheet.set_column(index, index, width)
    for row, (label, text) in enumerate(facts):
        cells.text(row, 0, label)
        cells.text(row, 1, text)
    sums = [(report.columns[index], total) for index, total in report.sums.items()]
    numbers = [("Rows", INTEGER, report.length), *((f"Sum of {c.label}", c.kind, total) for c, total in sums)]
    for row, (label, kind, number) in enumerate(numbers, len(facts)):
        sheet.set_row(row, None, book.add_format({"num_format": CELL_FORMATS[kind.name].format, "align": "left"}))
        cells.text(row, 0, label)
        cells.writer(kind)(row, 1, number)
