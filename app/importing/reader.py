"""Read an import file into records, and collect what is wrong with it."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import IO

from app.importing.errors import FaultList, RowRejected, quote
from app.importing.layouts import Layout, Record, describe_cell_error
from app.table.definitions import Report

Progress = Callable[[int], None]
"""Is told how many bytes were read since it was last told."""

MAX_CELL_CHARS = 1_000_000
"""Characters that a cell may have."""

MAX_ROW_BYTES = 32_000_000
"""Bytes that a row may have."""

_BOM = b"\xef\xbb\xbf"
_PROGRESS_BYTES = 1 << 16
_TOO_LONG = "a cell is over 1 MB"


class Unreadable(Exception):
    """The file can't be read beyond the row that begins in `line`; `text` says why."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(line, text)
        self.line = line
        self.text = text


def read_rows(stream: IO[bytes], progress: Progress | None) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's line and cells, the heading first. Raises Unreadable."""
    csv.field_size_limit(MAX_CELL_CHARS)
    lines = _Lines(stream, progress or _no_progress)
    reader = csv.reader(lines, strict=True)
    while True:
        line = reader.line_num + 1
        lines.room = MAX_ROW_BYTES
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, ValueError) as error:
            raise Unreadable(line, _describe_read_error(error)) from None
        yield line, cells


class _Lines:
    """The lines of a stream as text, line breaks included. `room` is how many bytes more the present row may have."""

    def __init__(self, stream: IO[bytes], progress: Progress) -> None:
        self._stream = stream
        self._progress = progress
        self._untold = 0
        self._bom = _BOM
        self.room = MAX_ROW_BYTES

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(self.room + 1)
        self._tell(len(line))
        if not line:
            raise StopIteration
        self.room -= len(line)
        if self.room < 0:
            raise ValueError(_TOO_LONG)
        if b"\0" in line:
            raise ValueError("there is a NUL, which no text can have")
        start, self._bom = self._bom, b""
        return line.removeprefix(start).decode()

    def _tell(self, size: int) -> None:
        self._untold += size
        if self._untold >= _PROGRESS_BYTES or not size:
            self._progress(self._untold)
            self._untold = 0


def _describe_read_error(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"the text isn't UTF-8: byte {error.object[error.start]:#04x} can't stand where it does"
    if isinstance(error, csv.Error):
        return _TOO_LONG if "field limit" in str(error) else "quotes or line breaks stand where none can"
    return str(error)


def _no_progress(size: int) -> None:
    pass


OPTIONAL_HEADINGS = {"Customer ID", "Available", "Over Inventory", "Status"}
"""Headings that a file may lack."""


def heading_errors(report: Report, headings: list[str]) -> Iterator[str]:
    """What is wrong with the headings of a file for `report`."""
    labels = [column.label for column in report.columns]
    expected = f"expected are {', '.join(labels)}"
    if not headings:
        yield f"the headings are missing; {expected}"
        return
    for heading, count in Counter(headings).items():
        if heading not in labels:
            yield f"the heading {quote(heading)} is unknown; {expected}"
        elif count > 1:
            yield f"the heading {quote(heading)} is expected once, not {count} times"
    for label in labels:
        if label not in headings and label not in OPTIONAL_HEADINGS:
            yield f"the heading {quote(label)} is missing; {expected}"


Rows = Iterator[tuple[int, list[str]]]
Records = Iterator[tuple[int, Record]]


def read_records(layout: Layout, stream: IO[bytes], faults: FaultList, progress: Progress | None) -> Records:
    """Yield the line and record of each row that is right; `faults` learns what is wrong with the others."""
    try:
        lines = read_rows(stream, progress)
        line, headings = next(lines, (1, []))
        wrong = list(heading_errors(layout.report, headings))
        if wrong:
            faults.add_rejection(line, RowRejected(*wrong))
        else:
            yield from _parse_rows(_Columns(layout, headings), lines, faults)
    except Unreadable as end:
        faults.add(end.line, end.text)


def _parse_rows(sheet: "_Columns", lines: Rows, faults: FaultList) -> Records:
    for line, cells in lines:
        try:
            yield line, sheet.record(cells)
        except RowRejected as why:
            faults.add_rejection(line, why)


class _Columns:
    """The columns of one file, in the order of its headings."""

    def __init__(self, layout: Layout, headings: list[str]) -> None:
        by_label = {column.label: column for column in layout.report.columns}
        columns = [by_label[heading] for heading in headings]
        self._layout = layout
        self._headings = headings
        self._keys = [column.key for column in columns]
        self._parsers = [layout.parsers.get(column.key, column.kind.parse) for column in columns]
        self._absent = {column.key: "" for column in layout.report.columns}
        self._fields = itemgetter(*(layout.renamed.get(name, name) for name in layout.record._fields))

    def record(self, cells: list[str]) -> Record:
        """Raises Refused."""
        if len(cells) != len(self._keys):
            raise RowRejected(f"the row has {len(cells)} cells, the heading has {len(self._keys)}")
        try:
            given = [parse(cell) for parse, cell in zip(self._parsers, cells, strict=True)]
        except ValueError:
            raise RowRejected(*self._complaints(cells)) from None
        values = self._absent | dict(zip(self._keys, given, strict=True))
        if wrong := tuple(self._layout.check(values)):
            raise RowRejected(*wrong)
        return self._layout.record(*self._fields(values))

    def _complaints(self, cells: list[str]) -> Iterator[str]:
        for heading, parse, cell in zip(self._headings, self._parsers, cells, strict=True):
            try:
                parse(cell)
            except ValueError as error:
                yield describe_cell_error(heading, cell, error)
