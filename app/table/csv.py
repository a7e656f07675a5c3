"""Write the rows of a view as CSV."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from peewee import fn

from app.table.counts import choose_strategy
from app.table.definitions import Column
from app.table.dialects import EXCEL, Dialect
from app.table.expressions import Term, foreign_key, order_by, table_of, tables_of
from app.table.kinds import DATE, DATETIME, INTEGER, MONEY, Kind
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.view import View
from models import snapshot

ColumnWriter = Callable[[Sequence[Any]], Iterable[Any]]
"""Writes the values of one column as cells."""

NamesById = Iterable[tuple[int, Any]]
"""Names by the numbers that stand for them."""

_CACHED_CELLS, _CACHED_LENGTH = 10_000, 200
"""Cells of a column that are remembered, and how long one may be, so that memory stays what it is."""

_SMALL_AMOUNT = len("-99")
"""Characters of an amount in cents that may be less than a whole unit."""


def cell_writer(dialect: Dialect, kind: Kind, names: NamesById | None = None) -> ColumnWriter:
    """How values of one kind are written, or numbers that stand for `names`: each name is made a cell once."""
    if names is not None:
        known = {number: dialect.cell(kind, name) for number, name in names}
        return lambda values: map(known.__getitem__, values)
    if kind in (DATE, DATETIME):
        return lambda values: values
    if kind is INTEGER:
        return lambda values: map(str, values)
    if kind is MONEY:
        return partial(_money_cells, dialect, _CellCache(lambda cents: dialect.cell(kind, int(cents))))
    cells = _CellCache(partial(dialect.cell, kind))
    return lambda values: values if dialect.all_plain(values) else map(cells.__getitem__, values)


def _money_cells(dialect: Dialect, small: "_CellCache", values: Sequence[Any]) -> list[str]:
    """Amounts of a whole unit or more differ from their cents in nothing but the sign between the two."""
    between, cents = dialect.decimal, map(str, values)
    return [f"{each[:-2]}{between}{each[-2:]}" if len(each) > _SMALL_AMOUNT else small[each] for each in cents]


class _CellCache(dict[Any, str]):
    """Names and the like recur, so that each is written once."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        self.write = write

    def __missing__(self, value: Any) -> str:
        if len(self) >= _CACHED_CELLS:
            self.clear()
        cell = self.write(value)
        if len(cell) <= _CACHED_LENGTH:
            self[value] = cell
        return cell


Progress = Callable[[int], object]
MakeWriter = Callable[[Kind, NamesById | None], ColumnWriter]
"""Makes what writes the values of a kind as a file's cells, or the numbers that stand for names of that kind."""

CHUNK_ROWS = 250
"""Rows that are read, written and sent at a time."""

LOOKUP_LIMIT = 200_000
"""Names of one table that are held in memory, so that no row needs to be joined with it."""


def csv_chunks(view: View, scope: Scope, progress: Progress | None = None, dialect: Dialect = EXCEL) -> Iterator[bytes]:
    """Yield the file of a view in pieces, the heading first. All rows are of the moment when the first was read.

    There is no heading where the database can't be opened. `progress` is told how many rows are in the next piece.
    """
    labels = map(dialect.quote, (column.label for column in view.columns))
    with snapshot() as now:
        yield (dialect.start + dialect.delimiter.join(labels) + "\r\n").encode()
        for length, columns in column_chunks(view, scope, partial(cell_writer, dialect), now):
            if progress:
                progress(length)
            yield _join_rows(columns, dialect.delimiter)


def column_chunks(view: View, scope: Scope, make: MakeWriter, now: Any) -> Iterator[tuple[int, list[Iterable[Any]]]]:
    """Yield the rows of a view in a snapshot, some at a time: how many, and the cells of each column."""
    rows = choose_strategy(RowQuery(view, scope, view.level))
    order = rows.order(view.sort_column)
    terms, writers = zip(*(_column_source(rows, column, order, now, make) for column in view.columns), strict=True)
    for columns in now.columns(order_by(rows.select(terms, order), order, view.descending), CHUNK_ROWS):
        yield len(columns[0]), [write(values) for write, values in zip(writers, columns, strict=True)]


def _column_source(
    rows: RowQuery, column: Column, order: list[Term], now: Any, make: MakeWriter
) -> tuple[Term, ColumnWriter]:
    """What is selected for a column, and how it is written: a name by its number, where looking it up is worth it."""
    value = rows.value(column.value)
    (parent,) = tables_of([value], besides=rows.table) or [None]
    joined = parent is None or parent in map(table_of, order)
    if joined or rows.sort_matches or not _is_small_table(parent, now):
        return value, make(column.kind, None)
    names = now.columns(parent.select(parent.id, value), CHUNK_ROWS)
    pairs = chain.from_iterable(zip(numbers, named, strict=True) for numbers, named in names)
    return foreign_key(rows.table, parent), make(column.kind, pairs)


def _is_small_table(table: Any, now: Any) -> bool:
    [[(largest,)]] = now.columns(table.select(fn.COALESCE(fn.MAX(table.id), 0)), 1)
    return int(largest) <= LOOKUP_LIMIT


def _join_rows(columns: list[Iterable[str]], delimiter: str) -> bytes:
    return ("\r\n".join(map(delimiter.join, zip(*columns, strict=True))) + "\r\n").encode()
