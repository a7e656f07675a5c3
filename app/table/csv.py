"""Rows as the contract's CSV, streamed."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from peewee import fn

from app.table.cells import Writer, looked_up, quoted, writer
from app.table.counting import planned
from app.table.report import Column
from app.table.rows import Rows
from app.table.scope import Scope
from app.table.terms import Term, model_of, models_of, ordered, reference
from app.table.view import View
from models import snapshot

Progress = Callable[[int], object]

CHUNK = 1000
"""Rows that are read, written and sent at a time."""

LOOKED_UP = 200_000
"""Names of one table that are held in memory, so that no row needs to be joined with it."""


def lines(view: View, scope: Scope, progress: Progress | None = None) -> Iterator[bytes]:
    """Yield the file of a view in pieces, the heading first. All rows are of the moment when the first was read.

    `progress` is told how many rows are in the next piece.
    """
    yield ("\ufeff" + ",".join(quoted(column.label) for column in view.columns) + "\r\n").encode()
    rows = planned(Rows(view, scope, view.level))
    order = rows.order(view.sort_column)
    with snapshot() as now:
        terms, writers = zip(*(_source(rows, column, order, now) for column in view.columns), strict=True)
        for values in now.columns(ordered(rows.select(terms, order), order, view.descending), CHUNK):
            if progress:
                progress(len(values[0]))
            yield _chunk(values, writers)


def _source(rows: Rows, column: Column, order: list[Term], now: Any) -> tuple[Term, Writer]:
    """What is selected for a column, and how it is written: a name by its number, where looking it up is worth it."""
    value = rows.value(column.value)
    (parent,) = models_of([value], besides=rows.table) or [None]
    joined = parent is None or parent in map(model_of, order)
    if joined or rows.few or not _is_short(parent, now):
        return value, writer(column.kind)
    names = now.columns(parent.select(parent.id, value), CHUNK)
    pairs = chain.from_iterable(zip(numbers, named, strict=True) for numbers, named in names)
    return reference(rows.table, parent), looked_up(column.kind, pairs)


def _is_short(table: Any, now: Any) -> bool:
    ((largest,),) = next(now.columns(table.select(fn.COALESCE(fn.MAX(table.id), 0)), 1))
    return int(largest) <= LOOKED_UP


def _chunk(values: list[Sequence[Any]], writers: tuple[Writer, ...]) -> bytes:
    cells = [write(column) for write, column in zip(writers, values, strict=True)]
    return ("\r\n".join(map(",".join, zip(*cells, strict=True))) + "\r\n").encode()
