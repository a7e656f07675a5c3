"""A row: what is selected of it, and what that becomes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from peewee import Value

from app.table.address import Node
from app.table.report import Column
from app.table.rows import Rows
from app.table.terms import Term


class Row(NamedTuple):
    """A row of values in the view's column order, and of what is read beside some: how much is too much, or an id.

    `id` is its number, `tie` the text that tells it from all others. `opens` tells whether there is something inside;
    `children` are the rows that stand open under it.
    """

    id: int
    tie: str
    node: Node
    level: int
    values: Sequence[Any]
    beside: Sequence[Any]
    opens: bool
    children: Sequence["Row"] | None = None


def terms(rows: Rows) -> list[Term]:
    """What is selected of a row: number, tie, path, whether it opens, values, and what is read beside them."""
    columns = rows.view.columns
    opens = rows.table.parts if rows.level + 1 < len(rows.report.levels) else Value(0)
    return [
        rows.table.id,
        rows.tie,
        *rows.path(),
        opens,
        *(_cell(rows, index) for index in range(len(columns))),
        *(_beside(rows, column) for column in columns if column.beside is not None),
    ]


def _cell(rows: Rows, index: int) -> Term:
    """A row inside another shows its own name in the first column, and its numbers."""
    column = rows.view.columns[index]
    if rows.are_inside and index == 0:
        return rows.report.name_of(rows.level).value
    return Value("") if rows.are_inside and not column.kind.numeric else rows.value(column.value)


def _beside(rows: Rows, column: Column) -> Term:
    """A row inside another has no name but its own."""
    return Value(None) if rows.are_inside and not column.kind.numeric else rows.value(column.beside)


def taken_apart(rows: Rows, records: Sequence[tuple[Any, ...]]) -> list[Row]:
    """Take apart what `terms` selected."""
    opens = 2 + len(rows.path())
    values, level = opens + 1, rows.level
    beside = values + len(rows.view.columns)
    return [
        Row(each[0], each[1], each[2:opens], level, each[values:beside], each[beside:], bool(each[opens]))
        for each in records
    ]
