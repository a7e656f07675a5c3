"""One page of a view, and what stands inside its open rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.table import counting
from app.table.address import Node
from app.table.counting import count, known_count, planned
from app.table.cursor import Cursor, Place, digest
from app.table.fetch import PlaceGone, Position, count_beyond, fetch, position
from app.table.row import Row
from app.table.rows import Rows
from app.table.scope import Scope
from app.table.view import View
from models import reading


@dataclass(frozen=True)
class Page:
    """Rows `first` to `last` of `total`, None when there are many; `previous` and `next` are None at the ends."""

    rows: Sequence[Row]
    first: int
    total: int | None
    previous: View | None
    next: View | None

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def of(self) -> str:
        """How many rows there are, in words."""
        return f"more than {counting.COUNTED:,}" if self.total is None else f"{self.total:,}"


def page(view: View, scope: Scope) -> Page:
    """Read the page where the view stands. Raises PlaceGone when it stands nowhere."""
    with reading():
        rows = planned(Rows(view, scope, view.level))
        at_the_end = view.place == Place(forward=False, cursor=None)  # which holds the remainder
        found = _stretch(rows, count(rows) if at_the_end else known_count(rows))
        return replace(found, rows=_opened(view, scope, found.rows))


def whole(view: View, scope: Scope, at_most: int) -> list[Row] | None:
    """All rows of a view with what stands open inside them, None when these are more than `at_most`."""
    with reading():
        found = fetch(planned(Rows(view, scope, view.level)), view.descending, limit=at_most + 1)
        if len(found) <= at_most:
            found = _opened(view, scope, found)
    return found if _number(found) <= at_most else None


def spelled(view: View, rows: Sequence[Row]) -> View:
    """The view with those of the page's rows named that stand open."""
    return replace(view, open=tuple(sorted(_open_among(rows))))


def children(view: View, scope: Scope, node: Node) -> list[Row] | None:
    """The rows one level below `node`, None when the view has no such row."""
    if not view.level < len(node) < len(view.report.levels):
        return None
    with reading():
        inside = _opened(view, scope, _inside(view, scope, node))
        there = inside or count(Rows(view, scope, len(node) - 1, node))
        if there and any(each.summed for each, _ in view.active):
            there = count(Rows(view, scope, view.level, node[: view.level + 1]))
    return inside if there else None


def _inside(view: View, scope: Scope, node: Node) -> list[Row]:
    return fetch(Rows(view, scope, len(node), node, few=True), view.descending)


def _opened(view: View, scope: Scope, rows: Sequence[Row]) -> list[Row]:
    """Rows of one level with what stands open inside them, which is read for all of them at once."""
    opening = {row.node for row in rows if row.opens and view.opens(row.node)}
    if not opening:
        return list(rows)
    customers = tuple(sorted({node[0] for node in opening}))
    found = fetch(Rows(view, scope, rows[0].level + 1, beneath=customers, few=True), view.descending)
    inside: dict[Node, list[Row]] = {node: [] for node in opening}
    for child in _opened(view, scope, [each for each in found if each.node[:-1] in opening]):
        inside[child.node[:-1]].append(child)
    return [row._replace(children=inside[row.node]) if row.node in opening else row for row in rows]


def _open_among(rows: Sequence[Row]) -> Iterator[Node]:
    for row in rows:
        if row.children is not None:
            yield row.node
            yield from _open_among(row.children)


def _number(rows: Sequence[Row]) -> int:
    """How many rows these are with those that stand open inside them."""
    return len(rows) + sum(_number(row.children) for row in rows if row.children)


def _stretch(rows: Rows, total: int | None) -> Page:
    """Read one row more than the page holds: it tells whether there is another page."""
    view, place = rows.view, rows.view.place or Place(forward=True, cursor=None)
    start = position(rows, place.cursor, place.forward) if place.cursor else None
    size = view.size if place.forward or start or total is None else total % view.size or view.size
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


def _first(rows: Rows, place: Place, start: Position | None, total: int | None, more: bool, length: int) -> int:
    """The number of the page's first row. The ends know theirs, whatever has changed since the cursor was made."""
    if not more and not place.forward:
        return 1
    is_last = not more if place.forward else not start
    if is_last and total is not None:
        return max(total - length, 0) + 1
    if not start:
        return 1
    before = _before(rows, place, start)
    return before + 1 if place.forward else max(before - length, 0) + 1


def _before(rows: Rows, place: Place, start: Position) -> int:
    """How many rows stand before the page's edge: the cursor knows, unless other columns have made other rows."""
    cursor = place.cursor
    if cursor and cursor.level == rows.level:
        return cursor.before
    beyond = count_beyond(rows, start, place.forward)
    return count(rows) - beyond if place.forward else beyond


def _edge(rows: Rows, row: Row, before: int, forward: bool) -> Place:
    return Place(forward, Cursor(rows.level, row.id, digest(row.tie), before, rows.view.context))
