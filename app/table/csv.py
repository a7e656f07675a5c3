"""Write the rows of a view as CSV, in one of its dialects.

Rows are read in one snapshot of the database and formatted column by column, 250 rows at a time: a `map` over a column
costs less than a call for each cell.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import chain
from typing import Any

from peewee import fn

from app.table.counts import choose_strategy
from app.table.definitions import Column
from app.table.expressions import Term, foreign_key, order_by, table_of, tables_of
from app.table.groups import group_columns, read_groups
from app.table.kinds import DATE, DATETIME, INTEGER, MONEY, Kind, guard, needs_no_guard
from app.table.query import RowQuery
from app.table.scope import Scope, ScopeIn
from app.table.totals import Groups
from app.table.view import View
from models import Snapshot, reports_db

_NUMBER = re.compile("[-+]?[0-9](?:[0-9.,' ]*[0-9])?")  # a sign before digits is no formula
DIALECT_KEY = "dialect"  # its key in the query string of a CSV; it is no part of a view


@dataclass(frozen=True)
class Dialect:
    """A way to write CSV.

    name:      its value in the query string.
    start:     what the file begins with: the byte order mark tells Excel that it is UTF-8.
    delimiter: stands between cells.
    decimal:   stands before the cents of an amount.
    """

    name: str
    start: str = "\ufeff"
    delimiter: str = ","
    decimal: str = "."

    def cell(self, kind: Kind, value: Any) -> str:
        text = guard(value, self.delimiter) if kind.export is guard else kind.export(value)
        return self.quote(text.replace(".", self.decimal) if kind is MONEY else text)

    def line(self, texts: Iterable[str]) -> str:
        """A row of texts of any kinds, with its line break. Numbers get no guard, so that they can be added up."""
        cells = (text if _NUMBER.fullmatch(text) else guard(text, self.delimiter) for text in texts)
        return self.delimiter.join(map(self.quote, cells)) + "\r\n"

    def quote(self, text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if self._special(text) else text

    def all_plain(self, texts: Sequence[str]) -> bool:
        """Whether no text needs quotes or a guard. One search of all texts as one string is faster than many."""
        joined = "\n".join(texts)
        special = any(mark in joined for mark in (self.delimiter, '"', "\r")) or joined.count("\n") >= len(texts)
        return not special and needs_no_guard(texts, self.delimiter)

    @cached_property
    def _special(self) -> Callable[[str], Any]:
        return re.compile(f'[{self.delimiter}"\r\n]').search


EXCEL = Dialect("excel")  # the default
SEMICOLON = Dialect("semicolon", delimiter=";", decimal=",")  # for countries with a decimal comma
PLAIN = Dialect("plain", start="")  # for programs that take the byte order mark for a part of the heading
DIALECTS = {dialect.name: dialect for dialect in (EXCEL, SEMICOLON, PLAIN)}


ColumnWriter = Callable[[Sequence[Any]], Iterable[Any]]  # one column's values → its cells
NamesById = Iterable[tuple[int, Any]]  # (id, name) of all rows of a table of names
MakeWriter = Callable[[Kind, NamesById | None], ColumnWriter]  # with names, the values are their ids
Progress = Callable[[int], object]  # gets the number of rows in the next chunk

CHUNK_ROWS = 250  # rows that are read, formatted and sent at a time; the cells of 1,000 don't fit the processor's cache
LOOKUP_LIMIT = 200_000  # names of a table that are held in memory instead of joining the table
_CACHED_CELLS = 2_000  # recurring texts of a column that are quoted once


def csv_chunks(
    view: View,
    scope: Scope | ScopeIn,
    progress: Progress | None = None,
    dialect: Dialect = EXCEL,
    snapshot: Snapshot | None = None,
) -> Iterator[bytes]:
    """Yield all rows of a view as CSV, the heading first. The file is a snapshot: no import changes it on the way.

    Without `snapshot` it has one of its own, which opens before the heading, so that a database that can't be read
    yields nothing.
    """
    labels = map(dialect.quote, (column.label for column in view.columns))
    with nullcontext(snapshot) if snapshot else reports_db.snapshot() as connection:
        chunks = column_chunks(view, scope, partial(cell_writer, dialect), connection)
        yield (dialect.start + dialect.delimiter.join(labels) + "\r\n").encode()
        for length, columns in chunks:
            if progress:
                progress(length)
            yield _join_rows(columns, dialect.delimiter)


def column_chunks(
    view: View, scope: Scope | ScopeIn, make_writer: MakeWriter, connection: Any
) -> Iterator[tuple[int, list[Iterable[Any]]]]:
    """Return chunks of a view's rows, read from a snapshot: the number of rows, and the cells of each column.

    Groups are read at once, so that TooManyGroups is raised before the first byte of a file.
    """
    scope = scope if isinstance(scope, Scope) else scope(connection)
    if view.group:
        return _group_chunks(view, read_groups(view, scope, connection), make_writer)
    return _row_chunks(view, scope, make_writer, connection)


def _row_chunks(
    view: View, scope: Scope, make_writer: MakeWriter, connection: Any
) -> Iterator[tuple[int, list[Iterable[Any]]]]:
    query = choose_strategy(RowQuery(view, scope, view.level))
    order = query.order(view.sort_column)
    sources = [_column_source(query, column, order, connection, make_writer) for column in view.columns]
    terms, writers = zip(*sources, strict=True)
    for columns in connection.columns(order_by(query.select(terms, order), order, view.descending), CHUNK_ROWS):
        yield len(columns[0]), [write(values) for write, values in zip(writers, columns, strict=True)]


def _group_chunks(view: View, groups: Groups, make_writer: MakeWriter) -> Iterator[tuple[int, list[Iterable[Any]]]]:
    writers = [make_writer(column.kind, None) for column in view.columns]
    for start in range(0, len(groups), CHUNK_ROWS):
        columns = group_columns(view, groups[start : start + CHUNK_ROWS])
        texts = [["" if value is None else value for value in values] for values in columns]
        yield len(columns[0]), [write(values) for write, values in zip(writers, texts, strict=True)]


def _column_source(
    query: RowQuery, column: Column, order: list[Term], connection: Any, make_writer: MakeWriter
) -> tuple[Term, ColumnWriter]:
    """The term to select for a column, and its writer.

    For a name from another table that is the foreign key: looking the id up in a dict is faster than a join. It isn't
    worth it for few rows, for a table that is joined anyway to sort by it, or for one that is too large for memory.
    """
    value = query.value(column.value)
    (parent,) = tables_of([value], besides=query.table) or [None]
    joined = parent is None or parent in map(table_of, order)
    if joined or query.sort_matches or not _fits_in_memory(parent, connection):
        return value, make_writer(column.kind, None)
    chunks = connection.columns(parent.select(parent.id, value), CHUNK_ROWS)
    names = chain.from_iterable(zip(ids, names, strict=True) for ids, names in chunks)
    return foreign_key(query.table, parent), make_writer(column.kind, names)


def _fits_in_memory(table: Any, connection: Any) -> bool:
    [[(largest_id,)]] = connection.columns(table.select(fn.COALESCE(fn.MAX(table.id), 0)), 1)
    return int(largest_id) <= LOOKUP_LIMIT


def _join_rows(columns: list[Iterable[str]], delimiter: str) -> bytes:
    return ("\r\n".join(map(delimiter.join, zip(*columns, strict=True))) + "\r\n").encode()


def cell_writer(dialect: Dialect, kind: Kind, names: NamesById | None = None) -> ColumnWriter:
    """The function that formats a column of one kind as cells; with `names`, a column of their ids."""
    if names is not None:
        cells = {id_: dialect.cell(kind, name) for id_, name in names}
        return lambda ids: map(cells.__getitem__, ids)
    if kind in (DATE, DATETIME):
        return lambda values: values
    if kind is INTEGER:
        return lambda values: map(str, values)
    if kind is MONEY:
        below_one = {str(cents): dialect.cell(MONEY, cents) for cents in range(-99, 100)}
        return partial(_money_cells, dialect.decimal, below_one)
    cached_cell = lru_cache(_CACHED_CELLS)(partial(dialect.cell, kind))
    return lambda values: values if dialect.all_plain(values) else map(cached_cell, values)


def _money_cells(mark: str, below_one: dict[str, str], values: Sequence[Any]) -> list[str]:
    """Amounts of 1.00 and more are their cents with the decimal mark before the last two digits."""
    return [below_one.get(cents) or f"{cents[:-2]}{mark}{cents[-2:]}" for cents in map(str, values)]
