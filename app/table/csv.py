"""Rows as the contract's CSV, streamed."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from app.table.fetch import planned
from app.table.kind import DATE, DATETIME, INTEGER, Kind
from app.table.rows import Rows
from app.table.scope import Scope
from app.table.terms import ordered
from app.table.view import View
from models import snapshot

Progress = Callable[[int], object]

CHUNK = 1000
"""Rows that are read, written and sent at a time."""

_QUOTED = re.compile('[,"\r\n]')
_REMEMBERED, _SHORT = 10_000, 200
"""Cells of a column that are remembered, and how long one may be, so that memory stays what it is."""


def lines(view: View, scope: Scope, progress: Progress | None = None) -> Iterator[bytes]:
    """Yield the file of a view in pieces, the heading first. All rows are of the moment when the first was read.

    `progress` is told how many rows are in the next piece.
    """
    yield ("\ufeff" + ",".join(_quoted(column.label) for column in view.columns) + "\r\n").encode()
    rows = planned(Rows(view, scope, view.level))
    order = rows.order(view.sort_column)
    query = rows.select([rows.value(column.value) for column in view.columns], order)
    sql, params = ordered(query, order, view.descending).sql()
    writers = [_writer(column.kind) for column in view.columns]
    with snapshot() as cursor:
        cursor.execute(sql, params)
        while records := cursor.fetchmany(CHUNK):
            if progress:
                progress(len(records))
            yield _chunk(records, writers)


def _chunk(records: list[Any], writers: list[Callable[[Any], str]]) -> bytes:
    cells = [map(writer, values) for writer, values in zip(writers, zip(*records, strict=True), strict=True)]
    return ("\r\n".join(map(",".join, zip(*cells, strict=True))) + "\r\n").encode()


def _writer(kind: Kind) -> Callable[[Any], str]:
    """How cells of one column are written. Names, amounts and the like recur, so each is written once."""
    if kind in (INTEGER, DATE, DATETIME):
        return str
    return _Cells(kind.export).__getitem__


class _Cells(dict[Any, str]):
    def __init__(self, export: Callable[[Any], str]) -> None:
        self.export = export

    def __missing__(self, value: Any) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        cell = _quoted(self.export(value))
        if len(cell) <= _SHORT:
            self[value] = cell
        return cell


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
