"""Read an import file into records, and collect what is wrong with it."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import IO

from app.importing.layouts import Layout, Record, describe_cell_error
from app.importing.results import Faults, RowRejected, quote

Progress = Callable[[int], None]  # is called with how much was done since the last call, here in bytes

MAX_CELL_CHARS = 1_000_000
MAX_ROW_BYTES = 32_000_000

_BOM = b"\xef\xbb\xbf"
_TOO_LONG = "a cell is over 1 MB"


class Unreadable(Exception):
    """The file can't be read beyond a row. The arguments are the line in which it begins, and why."""


def read_records(
    layout: Layout, stream: IO[bytes], faults: Faults, progress: Progress | None
) -> Iterator[tuple[int, Record]]:
    """Yield the line number and the record of each row that is right, and add what is wrong with others to `faults`."""
    try:
        rows = read_rows(stream, progress)
        line, headings = next(rows, (1, []))
        if errors := list(heading_errors(layout, headings)):
            faults.add(line, *errors)
            return
        parser = _RowParser(layout, headings)
        for line, cells in rows:
            try:
                yield line, parser.parse(cells)
            except RowRejected as rejection:
                faults.add(line, *rejection.args)
    except Unreadable as end:
        faults.add(*end.args)


def read_rows(stream: IO[bytes], progress: Progress | None) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's line number and cells, the headings first. Raises Unreadable."""
    csv.field_size_limit(MAX_CELL_CHARS)
    bytes_left = MAX_ROW_BYTES  # for the rest of the current row

    def lines() -> Iterator[str]:
        nonlocal bytes_left
        bom = _BOM
        while line := stream.readline(bytes_left + 1):
            if progress:
                progress(len(line))
            bytes_left -= len(line)
            if bytes_left < 0:
                raise ValueError(_TOO_LONG)
            if b"\0" in line:
                raise ValueError("there is a NUL, which no text can have")
            yield line.removeprefix(bom).decode()
            bom = b""

    line, reader = 1, csv.reader(lines(), strict=True)
    try:
        for cells in reader:
            yield line, cells
            line, bytes_left = reader.line_num + 1, MAX_ROW_BYTES
    except (csv.Error, ValueError) as error:
        raise Unreadable(line, _describe_read_error(error)) from None


def _describe_read_error(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"the text isn't UTF-8: byte {error.object[error.start]:#04x} can't stand where it does"
    if isinstance(error, csv.Error):
        return _TOO_LONG if "field limit" in str(error) else "quotes or line breaks stand where none can"
    return str(error)


def heading_errors(layout: Layout, headings: list[str]) -> Iterator[str]:
    """Yield what is wrong with the headings of a file."""
    labels = [column.label for column in layout.report.columns]
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
        if label not in headings and label not in layout.optional:
            yield f"the heading {quote(label)} is missing; {expected}"


class _RowParser:
    """Turns the cells of a row, in the order of the file's headings, into a record."""

    def __init__(self, layout: Layout, headings: list[str]) -> None:
        by_label = {column.label: column for column in layout.report.columns}
        columns = [by_label[heading] for heading in headings]
        self._layout = layout
        self._headings = headings
        self._keys = [column.key for column in columns]
        self._parsers = [layout.parsers.get(column.key, column.kind.parse) for column in columns]
        self._defaults = {column.key: "" for column in layout.report.columns}
        self._fields = itemgetter(*(layout.renamed.get(name, name) for name in layout.record._fields))

    def parse(self, cells: list[str]) -> Record:
        """Raises RowRejected."""
        if len(cells) != len(self._keys):
            raise RowRejected(f"the row has {len(cells)} cells, the heading has {len(self._keys)}")
        try:
            parsed = [parse(cell) for parse, cell in zip(self._parsers, cells, strict=True)]
        except ValueError:
            raise RowRejected(*self._cell_errors(cells)) from None
        values = self._defaults | dict(zip(self._keys, parsed, strict=True))
        if errors := tuple(self._layout.check(values)):
            raise RowRejected(*errors)
        return self._layout.record(*self._fields(values))

    def _cell_errors(self, cells: list[str]) -> Iterator[str]:
        for heading, parse, cell in zip(self._headings, self._parsers, cells, strict=True):
            try:
                parse(cell)
            except ValueError as error:
                yield describe_cell_error(heading, cell, error)
