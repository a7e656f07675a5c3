"""Read one page of a view, and the rows inside its open rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from peewee import Expression, Value, fn

from app.table import counts
from app.table.counts import choose_strategy, count_if_quick, count_rows
from app.table.cursor import Cursor, PagePosition, digest
from app.table.definitions import Column
from app.table.expressions import (
    FirstRows,
    Term,
    Terms,
    keyset_condition,
    keyset_conditions,
    order_by,
    where_all,
    without_sort_index,
)
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.statements import compiled, placeholder
from app.table.view import RowPath, View
from models import MAX_CHAR, QueryBudgetExceeded, read_transaction, reports_db


class Row(NamedTuple):
    """A row of values in the view's column order, and of what is read beside some: how much is too much, or an id.

    `id` is its number, `tie` the text that tells it from all others. `opens` tells whether there is something inside;
    `children` are the rows that stand open under it.
    """

    id: int
    tiebreaker: str
    path: RowPath
    level: int
    values: Sequence[Any]
    companions: Sequence[Any]
    expandable: bool
    children: Sequence["Row"] | None = None


def select_terms(rows: RowQuery) -> list[Term]:
    """What is selected of a row: number, tie, path, whether it opens, values, and what is read beside them."""
    columns = rows.view.columns
    opens = rows.table.parts if rows.level + 1 < len(rows.report.levels) else Value(0)
    return [
        rows.table.id,
        rows.tiebreaker,
        *rows.path(),
        opens,
        *(_cell(rows, index) for index in range(len(columns))),
        *(_companion(rows, column) for column in columns if column.companion is not None),
    ]


def _cell(rows: RowQuery, index: int) -> Term:
    """A row inside another shows its own name in the first column, and its numbers."""
    column = rows.view.columns[index]
    if rows.is_nested and index == 0:
        return rows.report.level_column(rows.level).value
    return Value("") if rows.is_nested and not column.kind.numeric else rows.value(column.value)


def _companion(rows: RowQuery, column: Column) -> Term:
    """A row inside another has no name but its own."""
    return Value(None) if rows.is_nested and not column.kind.numeric else rows.value(column.companion)


def rows_from_records(rows: RowQuery, records: Sequence[tuple[Any, ...]]) -> list[Row]:
    """Take apart what `terms` selected."""
    opens = 2 + len(rows.path())
    values, level = opens + 1, rows.level
    beside = values + len(rows.view.columns)
    return [
        Row(each[0], each[1], each[2:opens], level, each[values:beside], each[beside:], bool(each[opens]))
        for each in records
    ]


SortKey = tuple[Any, ...]
"""What a row is sorted by: the values of `Rows.order`."""

NO_LIMIT = 2**62
"""More rows than there can be."""


class CursorNotFound(LookupError):
    """The row at which a page should begin isn't in the view any more."""


def fetch_rows(rows: RowQuery, descending: bool, start: SortKey | None = None, limit: int = NO_LIMIT) -> list[Row]:
    """Read up to `limit` rows behind `start`."""
    found: list[Row] = []
    for part, behind in _ordered_value_queries(rows, descending, start):
        found += _fetch_within_budget(part, descending, behind, limit - len(found))
        if len(found) == limit:
            break
    return found


def _ordered_value_queries(
    rows: RowQuery, descending: bool, start: SortKey | None
) -> list[tuple[RowQuery, SortKey | None]]:
    """The rows rank by rank, if they have ranks, and the position behind which those of the first are read."""
    if not rows.ordered_values:
        return [(rows, start)]
    ranks = sorted(rows.ordered_values, reverse=descending)
    if start:
        ranks = ranks[ranks.index(start[0]) :]
    return [
        (choose_strategy(rows.for_value(each)), start[1:] if start and each == start[0] else None) for each in ranks
    ]


def _fetch_within_budget(rows: RowQuery, descending: bool, start: SortKey | None, limit: int) -> list[Row]:
    """Rows in an order that is walked only so far: chosen ones not met by then are sooner found than reached."""
    if not rows.scans_index:
        return _fetch_segments(rows, descending, start, limit)
    try:
        with reports_db.query_budget(rows.scan_budget):
            return _fetch_segments(rows, descending, start, limit)
    except QueryBudgetExceeded:
        return _fetch_segments(replace(rows, sort_matches=True), descending, start, limit)


def _fetch_segments(rows: RowQuery, descending: bool, start: SortKey | None, limit: int) -> list[Row]:
    """The nearest first, then further out, until there are enough."""
    found: list[Any] = []
    for stretch in compiled(
        (_statement_key(rows), descending, bool(start)), lambda: _segment_queries(rows, descending, bool(start))
    ):
        found += stretch.run(limit - len(found), *(start or ())).fetchall()
        if len(found) == limit:
            break
    return rows_from_records(rows, found)


def _statement_key(rows: RowQuery) -> tuple[Any, ...]:
    """What tells the queries for these rows from others."""
    return (rows.cache_key, rows.view.columns, rows.view.sort, rows.sort_matches, rows.view.today)


def _segment_queries(rows: RowQuery, descending: bool, behind: bool) -> list[Any]:
    """Queries with the limit in slot 0 and, for rows `behind` a start, its position in those after."""
    order, nearest = rows.order(rows.view.sort_column), FirstRows(descending, placeholder(0))
    start = [placeholder(1 + index) for index in range(len(order))] if behind else []
    if rows.sort_matches:
        return [_sorted_query(rows, order, start, descending)]

    def query(nearest: FirstRows | None) -> Any:
        return order_by(rows.select(select_terms(rows), order, nearest), order, descending).limit(placeholder(0))

    if not behind:
        return [query(nearest)]
    within, *further = keyset_conditions(order, start, not descending)
    return [where_all(query(None), within), *(where_all(query(nearest), each) for each in further)]


def _sorted_query(rows: RowQuery, order: Terms, start: Terms, descending: bool) -> Any:
    """A query that sorts rows when they are found: of more than a page holds it reads no more than that takes."""
    by = [without_sort_index(term) for term in order]
    behind = [keyset_condition(order, start, not descending)] if start else []

    def first(values: Terms) -> Any:
        return order_by(where_all(rows.select(values, order), behind), by, descending).limit(placeholder(0))

    if not rows.sorted_alone:
        return first(select_terms(rows))
    return order_by(rows.select(select_terms(rows), order, ids=first([rows.table.id])), by, descending)


def locate_cursor(rows: RowQuery, cursor: Cursor, forward: bool) -> SortKey:
    """Where the cursor's row stands now. Raises PlaceGone when the view doesn't have it.

    Other columns may have made finer rows since: what is inside the cursor's row stands on its side of the edge.
    """
    if cursor.level < len(rows.report.levels):
        at = replace(rows, level=cursor.level)
        (statement,) = compiled((_statement_key(at), "position"), lambda: [_sort_key_query(at)])
        found = statement.run(cursor.row).fetchone()
        if found and digest(found[-1]) == cursor.tiebreaker:
            inside = MAX_CHAR if cursor.level < rows.level and forward != rows.view.descending else ""
            return (*found[:-1], found[-1] + inside)
    raise CursorNotFound


def _sort_key_query(rows: RowQuery) -> Any:
    order = rows.order(rows.view.sort_column)
    return rows.select(order, order[-1:]).where(Expression(rows.table.id, "=", placeholder(0)))


def count_rows_beyond(rows: RowQuery, start: SortKey, forward: bool) -> int:
    """How many rows stand behind `start`, or before it when not `forward`."""
    order = rows.order(rows.view.sort_column)
    query = rows.select([fn.COUNT(rows.table.id)], order)
    stretches = (query.where(*each) for each in keyset_conditions(order, start, forward != rows.view.descending))
    return sum(reports_db.execute(stretch).fetchone()[0] for stretch in stretches)


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
    def total_text(self) -> str:
        """How many rows there are, in words."""
        return f"more than {counts.COUNT_LIMIT:,}" if self.total is None else f"{self.total:,}"


def read_page(view: View, scope: Scope) -> Page:
    """Read the page where the view stands. Raises PlaceGone when it stands nowhere."""
    with read_transaction():
        rows = choose_strategy(RowQuery(view, scope, view.level))
        at_the_end = view.position == PagePosition(forward=False, cursor=None)  # which holds the remainder
        found = _read_page(rows, count_rows(rows) if at_the_end else count_if_quick(rows))
        return replace(found, rows=_with_open_rows(view, scope, found.rows))


def read_all_rows(view: View, scope: Scope, at_most: int) -> list[Row] | None:
    """All rows of a view with what stands open inside them, None when these are more than `at_most`."""
    with read_transaction():
        found = fetch_rows(choose_strategy(RowQuery(view, scope, view.level)), view.descending, limit=at_most + 1)
        if len(found) <= at_most:
            found = _with_open_rows(view, scope, found)
    return found if _count_nested(found) <= at_most else None


def name_open_rows(view: View, rows: Sequence[Row]) -> View:
    """The view with those of the page's rows named that stand open."""
    return replace(view, open_rows=tuple(sorted(_open_paths(rows))))


def read_children(view: View, scope: Scope, node: RowPath) -> list[Row] | None:
    """The rows one level below `node`, None when the view has no such row."""
    if not view.level < len(node) < len(view.report.levels):
        return None
    with read_transaction():
        inside = _with_open_rows(view, scope, _child_rows(view, scope, node))
        there = inside or count_rows(RowQuery(view, scope, len(node) - 1, node))
        if there and any(each.having for each, _ in view.active_filters):
            there = count_rows(RowQuery(view, scope, view.level, node[: view.level + 1]))
    return inside if there else None


def _child_rows(view: View, scope: Scope, node: RowPath) -> list[Row]:
    return fetch_rows(RowQuery(view, scope, len(node), node, sort_matches=True), view.descending)


def _with_open_rows(view: View, scope: Scope, rows: Sequence[Row]) -> list[Row]:
    """Rows of one level with what stands open inside them, which is read for all of them at once."""
    opening = {row.path for row in rows if row.expandable and view.is_open(row.path)}
    if not opening:
        return list(rows)
    customers = tuple(sorted({node[0] for node in opening}))
    found = fetch_rows(
        RowQuery(view, scope, rows[0].level + 1, customer_ids=customers, sort_matches=True), view.descending
    )
    inside: dict[RowPath, list[Row]] = {node: [] for node in opening}
    for child in _with_open_rows(view, scope, [each for each in found if each.path[:-1] in opening]):
        inside[child.path[:-1]].append(child)
    return [row._replace(children=inside[row.path]) if row.path in opening else row for row in rows]


def _open_paths(rows: Sequence[Row]) -> Iterator[RowPath]:
    for row in rows:
        if row.children is not None:
            yield row.path
            yield from _open_paths(row.children)


def _count_nested(rows: Sequence[Row]) -> int:
    """How many rows these are with those that stand open inside them."""
    return len(rows) + sum(_count_nested(row.children) for row in rows if row.children)


def _read_page(rows: RowQuery, total: int | None) -> Page:
    """Read one row more than the page holds: it tells whether there is another page."""
    view, place = rows.view, rows.view.position or PagePosition(forward=True, cursor=None)
    start = locate_cursor(rows, place.cursor, place.forward) if place.cursor else None
    size = view.size if place.forward or start or total is None else total % view.size or view.size
    found = fetch_rows(rows, view.descending == place.forward, start, size + 1)
    if start and not found:
        raise CursorNotFound
    more, found = len(found) > size, found[:size]
    if not place.forward:
        found.reverse()
    has_previous, has_next = (start, more) if place.forward else (more, start)
    first = _first_row_number(rows, place, start, total, more, len(found))
    previous = view.at_position(_edge_position(rows, found[0], first - 1, False)) if found and has_previous else None
    following = (
        view.at_position(_edge_position(rows, found[-1], first + len(found) - 1, True)) if found and has_next else None
    )
    return Page(found, first, total, previous, following)


def _first_row_number(
    rows: RowQuery, place: PagePosition, start: SortKey | None, total: int | None, more: bool, length: int
) -> int:
    """The number of the page's first row. The ends know theirs, whatever has changed since the cursor was made."""
    if not more and not place.forward:
        return 1
    is_last = not more if place.forward else not start
    if is_last and total is not None:
        return max(total - length, 0) + 1
    if not start:
        return 1
    before = _rows_before(rows, place, start)
    return before + 1 if place.forward else max(before - length, 0) + 1


def _rows_before(rows: RowQuery, place: PagePosition, start: SortKey) -> int:
    """How many rows stand before the page's edge: the cursor knows, unless other columns have made other rows."""
    cursor = place.cursor
    if cursor and cursor.level == rows.level:
        return cursor.before
    beyond = count_rows_beyond(rows, start, place.forward)
    return count_rows(rows) - beyond if place.forward else beyond


def _edge_position(rows: RowQuery, row: Row, before: int, forward: bool) -> PagePosition:
    return PagePosition(forward, Cursor(rows.level, row.id, digest(row.tiebreaker), before, rows.view.cursor_context))
