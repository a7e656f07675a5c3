"""Rows read from the database: stretches of them, single places among them, and how many there are."""

from dataclasses import replace
from typing import Any

from peewee import Expression, fn

from app.table.counting import planned
from app.table.cursor import Cursor, digest
from app.table.row import Row, taken_apart, terms
from app.table.rows import Rows
from app.table.statements import built, slot
from app.table.terms import Nearest, Terms, anywhere_beyond, beyond, narrowed, ordered, unsorted
from models import LAST, GaveUp, database

Position = tuple[Any, ...]
"""What a row is sorted by: the values of `Rows.order`."""

NO_LIMIT = 2**62
"""More rows than there can be."""


class PlaceGone(LookupError):
    """The row at which a page should begin isn't in the view any more."""


def fetch(rows: Rows, descending: bool, start: Position | None = None, limit: int = NO_LIMIT) -> list[Row]:
    """Read up to `limit` rows behind `start`."""
    found: list[Row] = []
    for part, behind in _parts(rows, descending, start):
        found += _met(part, descending, behind, limit - len(found))
        if len(found) == limit:
            break
    return found


def _parts(rows: Rows, descending: bool, start: Position | None) -> list[tuple[Rows, Position | None]]:
    """The rows rank by rank, if they have ranks, and the position behind which those of the first are read."""
    if not rows.ranks:
        return [(rows, start)]
    ranks = sorted(rows.ranks, reverse=descending)
    if start:
        ranks = ranks[ranks.index(start[0]) :]
    return [(planned(rows.ranked(each)), start[1:] if start and each == start[0] else None) for each in ranks]


def _met(rows: Rows, descending: bool, start: Position | None, limit: int) -> list[Row]:
    """Rows in an order that is walked only so far: chosen ones not met by then are sooner found than reached."""
    if not rows.walked:
        return _fetched(rows, descending, start, limit)
    try:
        with database.hurrying(rows.reach):
            return _fetched(rows, descending, start, limit)
    except GaveUp:
        return _fetched(replace(rows, few=True), descending, start, limit)


def _fetched(rows: Rows, descending: bool, start: Position | None, limit: int) -> list[Row]:
    """The nearest first, then further out, until there are enough."""
    found: list[Any] = []
    for stretch in built((_shape(rows), descending, bool(start)), lambda: _stretches(rows, descending, bool(start))):
        found += stretch.run(limit - len(found), *(start or ())).fetchall()
        if len(found) == limit:
            break
    return taken_apart(rows, found)


def _shape(rows: Rows) -> tuple[Any, ...]:
    """What tells the queries for these rows from others."""
    return (rows.choice, rows.view.columns, rows.view.sort, rows.few, rows.view.today)


def _stretches(rows: Rows, descending: bool, behind: bool) -> list[Any]:
    """Queries with the limit in slot 0 and, for rows `behind` a start, its position in those after."""
    order, nearest = rows.order(rows.view.sort_column), Nearest(descending, slot(0))
    start = [slot(1 + index) for index in range(len(order))] if behind else []
    if rows.few:
        return [_sorted(rows, order, start, descending)]

    def query(nearest: Nearest | None) -> Any:
        return ordered(rows.select(terms(rows), order, nearest), order, descending).limit(slot(0))

    if not behind:
        return [query(nearest)]
    within, *further = beyond(order, start, not descending)
    return [narrowed(query(None), within), *(narrowed(query(nearest), each) for each in further)]


def _sorted(rows: Rows, order: Terms, start: Terms, descending: bool) -> Any:
    """A query that sorts rows when they are found: of more than a page holds it reads no more than that takes."""
    by = [unsorted(term) for term in order]
    behind = [anywhere_beyond(order, start, not descending)] if start else []

    def first(values: Terms) -> Any:
        return ordered(narrowed(rows.select(values, order), behind), by, descending).limit(slot(0))

    if not rows.sorted_alone:
        return first(terms(rows))
    return ordered(rows.select(terms(rows), order, ids=first([rows.table.id])), by, descending)


def position(rows: Rows, cursor: Cursor, forward: bool) -> Position:
    """Where the cursor's row stands now. Raises PlaceGone when the view doesn't have it.

    Other columns may have made finer rows since: what is inside the cursor's row stands on its side of the edge.
    """
    if cursor.level < len(rows.report.levels):
        at = replace(rows, level=cursor.level)
        (statement,) = built((_shape(at), "position"), lambda: [_position(at)])
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
