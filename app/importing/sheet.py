"""From a file to records."""

from collections.abc import Iterator
from operator import itemgetter
from typing import IO

from app.importing.cells import complaint
from app.importing.faults import Faults, Refused
from app.importing.files import Progress, Unreadable, rows
from app.importing.headings import complaints
from app.importing.layout import Layout
from app.importing.records import Record

Rows = Iterator[tuple[int, list[str]]]
Records = Iterator[tuple[int, Record]]


def records(layout: Layout, stream: IO[bytes], faults: Faults, progress: Progress | None) -> Records:
    """Yield the line and record of each row that is right; `faults` learns what is wrong with the others."""
    try:
        lines = rows(stream, progress)
        line, headings = next(lines, (1, []))
        wrong = list(complaints(layout.report, headings))
        if wrong:
            faults.refuse(line, Refused(*wrong))
        else:
            yield from _records(_Sheet(layout, headings), lines, faults)
    except Unreadable as end:
        faults.add(end.line, end.text)


def _records(sheet: "_Sheet", lines: Rows, faults: Faults) -> Records:
    for line, cells in lines:
        try:
            yield line, sheet.record(cells)
        except Refused as why:
            faults.refuse(line, why)


class _Sheet:
    """The columns of one file, in the order of its headings."""

    def __init__(self, layout: Layout, headings: list[str]) -> None:
        by_label = {column.label: column for column in layout.report.columns}
        columns = [by_label[heading] for heading in headings]
        self._layout = layout
        self._headings = headings
        self._keys = [column.key for column in columns]
        self._parsers = [layout.strict.get(column.key, column.kind.parse) for column in columns]
        self._absent = {column.key: "" for column in layout.report.columns}
        self._fields = itemgetter(*(layout.renamed.get(name, name) for name in layout.record._fields))

    def record(self, cells: list[str]) -> Record:
        """Raises Refused."""
        if len(cells) != len(self._keys):
            raise Refused(f"the row has {len(cells)} cells, the heading has {len(self._keys)}")
        try:
            given = [parse(cell) for parse, cell in zip(self._parsers, cells, strict=True)]
        except ValueError:
            raise Refused(*self._complaints(cells)) from None
        values = self._absent | dict(zip(self._keys, given, strict=True))
        if wrong := tuple(self._layout.check(values)):
            raise Refused(*wrong)
        return self._layout.record(*self._fields(values))

    def _complaints(self, cells: list[str]) -> Iterator[str]:
        for heading, parse, cell in zip(self._headings, self._parsers, cells, strict=True):
            try:
                parse(cell)
            except ValueError as error:
                yield complaint(heading, cell, error)
