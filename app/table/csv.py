"""Rows of one moment, a chunk at a time, and as CSV, streamed."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from peewee import fn

from app.table.cells import Names, Writer, writer
from app.table.counting import planned
from app.table.dialect import EXCEL, Dialect
from app.table.kind import Kind
from app.table.report import Column
from app.table.rows import Rows
from app.table.scope import Scope
from app.table.terms import Term, model_of, models_of, ordered, reference
from app.table.view import View
from models import snapshot

Progress = Callable[[int], object]
Make = Callable[[Kind, Names | None], Writer]
"""Makes what writes the values of a kind as a file's cells, or the numbers that stand for names of that kind."""

CHUNK = 250
"""Rows that are read, written and sent at a time."""

LOOKED_UP = 200_000
"""Names of one table that are held in memory, so that no row needs to be joined with it."""


def lines(view: View, scope: Scope, progress: Progress | None = None, dialect: Dialect = EXCEL) -> Iterator[bytes]:
    """Yield the file of a view in pieces, the heading first. All rows are of the moment when the first was read.

    There is no heading where the database can't be opened. `progress` is told how many rows are in the next piece.
    """
    labels = map(dialect.quoted, (column.label for column in view.columns))
    with snapshot() as now:
        yield (dialect.start + dialect.delimiter.join(labels) + "\r\n").encode()
        for length, columns in chunks(view, scope, partial(writer, dialect), now):
            if progress:
                progress(length)
            yield _chunk(columns, dialect.delimiter)


def chunks(view: View, scope: Scope, make: Make, now: Any) -> Iterator[tuple[int, list[Iterable[Any]]]]:
    """Yield the rows of a view in a snapshot, some at a time: how many, and the cells of each column."""
    rows = planned(Rows(view, scope, view.level))
    order = rows.order(view.sort_column)
    terms, writers = zip(*(_source(rows, column, order, now, make) for column in view.columns), strict=True)
    for columns in now.columns(ordered(rows.select(terms, order), order, view.descending), CHUNK):
        yield len(columns[0]), [write(values) for write, values in zip(writers, columns, strict=True)]


def _source(rows: Rows, column: Column, order: list[Term], now: Any, make: Make) -> tuple[Term, Writer]:
    """What is selected for a column, and how it is written: a name by its number, where looking it up is worth it."""
    value = rows.value(column.value)
    (parent,) = models_of([value], besides=rows.table) or [None]
    joined = parent is None or parent in map(model_of, order)
    if joined or rows.few or not _is_short(parent, now):
        return value, make(column.kind, None)
    names = now.columns(parent.select(parent.id, value), CHUNK)
    pairs = chain.from_iterable(zip(numbers, named, strict=True) for numbers, named in names)
    return reference(rows.table, parent), make(column.kind, pairs)


def _is_short(table: Any, now: Any) -> bool:
    ((largest,),) = next(now.columns(table.select(fn.COALESCE(fn.MAX(table.id), 0)), 1))
    return int(largest) <= LOOKED_UP


def _chunk(columns: list[Iterable[str]], delimiter: str) -> bytes:
    return ("\r\n".join(map(delimiter.join, zip(*columns, strict=True))) + "\r\n").encode()
