"""A row: what is selected of it, and what that becomes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from peewee import Value

from app.table.address import Node
from app.table.rows import Rows
from app.table.terms import Term


class Row(NamedTuple):
    """A row of values in the view's column order, and of what is read beside each: how much is too much, or an id.

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
        *(rows.value(columns[index].beside) for index in _accompanied(rows)),
    ]


def _accompanied(rows: Rows) -> list[int]:
    """Which columns have something beside their values. A row inside another has no name but its own."""
    return [
        index
        for index, column in enumerate(rows.view.columns)
        if column.beside is not None and (column.kind.numeric or not rows.are_inside)
    ]


def _cell(rows: Rows, index: int) -> Term:
    """A row inside another shows its own name in the first column, and its numbers."""
    column = rows.view.columns[index]
    if rows.are_inside and index == 0:
        return rows.report.name_of(rows.level).value
    return Value("") if rows.are_inside and not column.kind.numeric else rows.value(column.value)


def taken_apart(rows: Rows, records: Sequence[Sequence[Any]]) -> list[Row]:
    """Take apart what `terms` selected."""
    columns = rows.view.columns
    opens = 2 + len(rows.path())
    values = slice(opens + 1, opens + 1 + len(columns))
    accompanied = _accompanied(rows)
    found = []
    for record in records:
        beside = [None] * len(columns)
        for index, value in zip(accompanied, record[values.stop :], strict=True):
            beside[index] = value
        node = tuple(record[2:opens])
        found.append(Row(record[0], record[1], node, rows.level, record[values], beside, bool(record[opens])))
    return found
