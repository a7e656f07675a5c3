"""A view as an Excel workbook: a sheet of its rows, and one that says what they are of."""

from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import IO, Any

from xlsxwriter import Workbook

from app.table.cells import Names, Writer
from app.table.counting import are_more_than
from app.table.csv import Progress, chunks
from app.table.kind import INTEGER, Kind
from app.table.report import Column
from app.table.rows import Rows
from app.table.scope import Scope
from app.table.typed import LOOKS, Cells, Unfit
from app.table.view import View
from app.table.words import in_words
from models import moment, snapshot

MOST = 200_000
"""Rows that a workbook may have."""

_FILTER_BUTTON = 4
"""Characters of a heading that the button of its filter hides."""

_ABOUT_WIDTHS = 28, 60


def write_workbook(view: View, scope: Scope, whose: str, file: IO[bytes], progress: Progress) -> None:
    """Write all rows of a view, of one moment, into a file that is a workbook when this returns. Raises Unfit.

    `whose` names the reseller to whose customers the scope is confined; it is "" for none. `progress` is told how many
    rows each part has.
    """
    if are_more_than(Rows(view, scope, view.level), MOST):
        raise _too_many()
    with TemporaryDirectory() as folder, Workbook(file, {"constant_memory": True, "tmpdir": folder}) as book:
        since, rows = moment(), _Rows(book, view.columns)
        with snapshot() as now:
            for length, columns in chunks(view, scope, _values, now):
                rows.add(length, [list(values) for values in columns])
                progress(length)
        rows.end()
        confined = [("Customers of", whose)] if whose else []
        _about(book, [*in_words(view), *confined, ("As of", f"{since} UTC")], rows)


def _values(kind: Kind, names: Names | None) -> Writer:
    """Values as they are, numbers as such, or names by the numbers that stand for them."""
    if names is None:
        return (lambda values: map(int, values)) if kind.numeric else (lambda values: values)
    known = dict(names)
    return lambda values: map(known.__getitem__, values)


def _too_many() -> Unfit:
    return Unfit(f"These are more than {MOST:,} rows, the most that are written into a workbook.")


class _Rows:
    """The sheet of rows, their number, and the sums of what adds up."""

    def __init__(self, book: Workbook, columns: Sequence[Column]) -> None:
        self.columns, self.length = columns, 0
        self.sums = {place: 0 for place, column in enumerate(columns) if column.kind.numeric}
        self._sheet = book.add_worksheet("Report")
        cells = Cells(book, self._sheet)
        self._sheet.set_row(0, None, book.add_format({"bold": True}))
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            look = LOOKS[column.kind]
            width = max(look.width, len(column.label) + _FILTER_BUTTON)
            self._sheet.set_column(place, place, width, book.add_format({"num_format": look.format}))
            cells.text(0, place, column.label)
        self._puts = [cells.of(column.kind) for column in columns]

    def add(self, length: int, columns: Sequence[Sequence[Any]]) -> None:
        if self.length + length > MOST:  # they have come since they were counted
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


def _about(book: Workbook, facts: Sequence[tuple[str, str]], rows: _Rows) -> None:
    sheet = book.add_worksheet("About")
    cells = Cells(book, sheet)
    for place, width in enumerate(_ABOUT_WIDTHS):
        sheet.set_column(place, place, width)
    for row, pair in enumerate(facts):
        for place, text in enumerate(pair):
            cells.text(row, place, text)
    sums = [
        (f"Sum of {rows.columns[place].label}", rows.columns[place].kind, added) for place, added in rows.sums.items()
    ]
    for row, (label, kind, number) in enumerate([("Rows", INTEGER, rows.length), *sums], len(facts)):
        sheet.set_row(row, None, book.add_format({"num_format": LOOKS[kind].format, "align": "left"}))
        cells.text(row, 0, label)
        cells.of(kind)(row, 1, number)
