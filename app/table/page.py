"""One page of a view, and what stands inside its open rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.table.cursor import Cursor, digest
from app.table.fetch import PlaceGone, Position, Row, count, count_beyond, fetch, planned, position
from app.table.rows import Rows
from app.table.scope import Scope
from app.table.view import Node, Place, View
from models import reading


@dataclass(frozen=True)
class Page:
    """Rows `first` to `last` of `total`; `previous` and `next` are None at the ends."""

    rows: Sequence[Row]
    first: int
    total: int
    previous: View | None
    next: View | None

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def page(view: View, scope: Scope) -> Page:
    """Read the page where the view stands. Raises PlaceGone when it stands nowhere."""
    with reading():
        rows = planned(Rows(view, scope, view.level))
        found = _stretch(rows, count(rows))
        return replace(found, rows=[_opened(view, scope, row) for row in found.rows])


def children(view: View, scope: Scope, node: Node) -> list[Row] | None:
    """The rows one level below `node`, None when the view has no such row."""
    if not view.level < len(node) < len(view.report.levels):
        return None
    with reading():
        inside = [_opened(view, scope, row) for row in _inside(view, scope, node)]
        there = inside or count(Rows(view, scope, len(node) - 1, node))
    return inside if there else None


def _inside(view: View, scope: Scope, node: Node) -> list[Row]:
    return fetch(Rows(view, scope, len(node), node, few=True), view.descending)


def _opened(view: View, scope: Scope, row: Row) -> Row:
    if not row.opens or row.node not in view.open:
        return row
    return row._replace(children=[_opened(view, scope, child) for child in _inside(view, scope, row.node)])


def _stretch(rows: Rows, total: int) -> Page:
    """Read one row more than the page holds: it tells whether there is another page."""
    view, place = rows.view, rows.view.place or Place(forward=True, cursor=None)
    start = position(rows, place.cursor, place.forward) if place.cursor else None
    remainder = total % view.size or view.size
    size = view.size if place.forward or start else remainder
    found = fetch(rows, view.descending == place.forward, start, size + 1)
    if start and not found:
        raise PlaceGone
    more, found = len(found) > size, found[:size]
    if not place.forward:
        found.reverse()
    has_previous, has_next = (start, more) if place.forward else (more, start)
    first = _first(rows, place, start, total, more, len(found))
    previous = view.at(_edge(rows, found[0], first - 1, False)) if found and has_previous else None
    following = view.at(_edge(rows, found[-1], first + len(found) - 1, True)) if found and has_next else None
    return Page(found, first, total, previous, following)


def _first(rows: Rows, place: Place, start: Position | None, total: int, more: bool, length: int) -> int:
    """The number of the page's first row. The ends know theirs, whatever has changed since the cursor was made."""
    if not more:
        return max(total - length, 0) + 1 if place.forward else 1
    if not start:
        return 1 if place.forward else total - length + 1
    before = _before(rows, place, start, total)
    return before + 1 if place.forward else max(before - length, 0) + 1


def _before(rows: Rows, place: Place, start: Position, total: int) -> int:
    """How many rows stand before the page's edge: the cursor knows, unless other columns have made other rows."""
    cursor = place.cursor
    if cursor and cursor.level == rows.level:
        return cursor.before
    beyond = count_beyond(rows, start, place.forward)
    return total - beyond if place.forward else beyond


def _edge(rows: Rows, row: Row, before: int, forward: bool) -> Place:
    return Place(forward, Cursor(rows.level, row.id, digest(row.tie), before, rows.view.context))
