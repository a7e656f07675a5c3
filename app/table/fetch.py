"""Rows read from the database: stretches of them, single places among them, and how many there are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from peewee import Expression, Value, fn

from app.table.address import Node
from app.table.cursor import Cursor, digest
from app.table.rows import Rows
from app.table.statements import built, slot
from app.table.terms import Nearest, Term, anywhere_beyond, beyond, narrowed, ordered, unsorted
from models import LAST, GaveUp, database, database_errors

Position = tuple[Any, ...]
"""What a row is sorted by: the values of `Rows.order`."""

NO_LIMIT = 2**62
"""More rows than there can be."""


class PlaceGone(LookupError):
    """The row at which a page should begin isn't in the view any more."""


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


def fetch(rows: Rows, descending: bool, start: Position | None = None, limit: int = NO_LIMIT) -> list[Row]:
    """Read up to `limit` rows behind `start`.

    An order is walked only so far: chosen rows that aren't met by then lie far off, and are sooner found than reached.
    """
    if not rows.walked:
        return _fetched(rows, descending, start, limit)
    try:
        with database_errors, database.hurrying():
            return _fetched(rows, descending, start, limit)
    except GaveUp:
        return _fetched(replace(rows, few=True), descending, start, limit)


def _fetched(rows: Rows, descending: bool, start: Position | None, limit: int) -> list[Row]:
    """The nearest first, then further out, until there are enough."""
    found: list[Any] = []
    for stretch in built((rows.shape, descending, bool(start)), lambda: _stretches(rows, descending, bool(start))):
        found += stretch.run(limit - len(found), *(start or ())).fetchall()
        if len(found) == limit:
            break
    return _rows(rows, found)


def _stretches(rows: Rows, descending: bool, behind: bool) -> list[Any]:
    """Queries with the limit in slot 0 and, for rows `behind` a start, its position in those after."""
    order = rows.order(rows.view.sort_column)
    by = [unsorted(term) for term in order] if rows.few else order
    nearest = Nearest(descending, slot(0))

    def query(nearest: Nearest | None) -> Any:
        return ordered(rows.select(_terms(rows), order, nearest), by, descending).limit(slot(0))

    start = [slot(1 + index) for index in range(len(order))]
    if not behind:
        return [query(nearest)]
    if rows.few:
        return [narrowed(query(None), [anywhere_beyond(order, start, not descending)])]
    within, *further = beyond(order, start, not descending)
    return [narrowed(query(None), within), *(narrowed(query(nearest), each) for each in further)]


def position(rows: Rows, cursor: Cursor, forward: bool) -> Position:
    """Where the cursor's row stands now. Raises PlaceGone when the view doesn't have it.

    Other columns may have made finer rows since: what is inside the cursor's row stands on its side of the edge.
    """
    if cursor.level < len(rows.report.levels):
        at = replace(rows, level=cursor.level)
        (statement,) = built((at.shape, "position"), lambda: [_position(at)])
        found = statement.run(cursor.row).fetchone()
        if found and digest(found[-1]) == cursor.tie:
            inside = LAST if cursor.level < rows.level and forward != rows.view.descending else ""
            return (*found[:-1], found[-1] + inside)
    raise PlaceGone


def _position(rows: Rows) -> Any:
    order = rows.order(rows.view.sort_column)
    return rows.select(order, order[-1:]).where(Expression(rows.table.id, "=", slot(0)))


def count_beyond(rows: Rows, start: Position, forward: bool) -> int:
    """How many rows stand behind `start`, or before it when not `forward`."""
    order = rows.order(rows.view.sort_column)
    query = rows.select([fn.COUNT(rows.table.id)], order)
    stretches = (query.where(*each) for each in beyond(order, start, forward != rows.view.descending))
    return sum(database.execute(stretch).fetchone()[0] for stretch in stretches)


def _terms(rows: Rows) -> list[Term]:
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
        if column.beside is not None and (column.kind.numeric or not rows.within)
    ]


def _cell(rows: Rows, index: int) -> Term:
    """A row inside another shows its own name in the first column, and its numbers."""
    column = rows.view.columns[index]
    if rows.are_inside and index == 0:
        return rows.report.name_of(rows.level).value
    return Value("") if rows.are_inside and not column.kind.numeric else rows.value(column.value)


def _rows(rows: Rows, records: Sequence[Sequence[Any]]) -> list[Row]:
    """Take apart what `_terms` selected."""
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
