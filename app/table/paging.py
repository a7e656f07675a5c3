"""Read the rows of a view: one page of it, all of them, or those inside an expanded row.

`read_page` works top down:

1. `choose_strategy` decides how to find the rows (`app.table.counts`).
2. `locate_cursor` looks up where the row that the page starts after stands now.
3. `fetch_rows` reads one row more than the page holds, which tells whether there is a next page. It reads segment by
   segment (`app.table.expressions`) until it has enough. Where the sort column has `ordered_values`, it reads value by
   value: Status depends on today, so no index has its order, but the rows of one status are in the order of an index.
4. Open rows get their children, by one query per level for all of them together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

from peewee import Expression, Value, fn

from app.table import counts
from app.table.counts import choose_strategy, count_if_quick, count_rows
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
from app.table.groups import group_columns, group_companions, group_path, groups_are_slow, member_view, read_groups
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.statements import compiled, placeholder
from app.table.totals import Group, Groups
from app.table.view import FIRST_POSITION, LAST_POSITION, Cursor, PagePosition, RowPath, View, digest, format_path
from models import MAX_CHAR, QueryBudgetExceeded, read_transaction, reports_db

SortKey = tuple[Any, ...]  # a row's values of `RowQuery.order`

NO_LIMIT = 2**62
MAX_MEMBERS = 10  # rows that a group opens into


class CursorNotFound(LookupError):
    """The row at which the page of `view` should begin isn't in the view any more."""

    def __init__(self, view: View) -> None:
        super().__init__(view.position)
        self.view = view


class Row(NamedTuple):
    """A row as it is read.

    id, tiebreaker: its id in its level's table, and the text that ends its sort key.
    path:       the ids that name it in `open` parameters: (customer,) or (customer, certificate type).
    level:      its level.
    values:     one for each of the view's columns, as the database holds them.
    companions: one for each of the columns that have a companion.
    expandable: whether there are rows inside it.
    children:   the rows inside it if it is open, else None.
    members:    for a group the view of the rows that it is made of. Its children are the first of these.
    """

    id: int
    tiebreaker: str
    path: RowPath
    level: int
    values: Sequence[Any]
    companions: Sequence[Any]
    expandable: bool
    children: Sequence["Row"] | None = None
    members: View | None = None


@dataclass(frozen=True)
class Page:
    """Rows number `first` to `last` of `total`, which is None if there are too many to count before the page is shown.

    A page that `is_pending` has no rows yet, because its groups take long to add up. `view` is the page's own: where
    all rows but some were open, it names the open ones. `previous` and `next` are the views of the neighbouring pages,
    None at the ends.
    """

    view: View
    rows: Sequence[Row]
    first: int
    total: int | None
    previous: View | None
    next: View | None
    is_pending: bool = False

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def total_text(self) -> str:
        return f"more than {counts.COUNT_LIMIT:,}" if self.total is None else f"{self.total:,}"


def read_page(view: View, scope: Scope, wait: bool = True) -> Page:
    """Read the page at the view's position. Without `wait` it may be pending. Raises CursorNotFound."""
    with read_transaction():
        if view.group and not wait and groups_are_slow(view, scope):
            return Page(view, [], 1, None, None, None, is_pending=True)
        if view.group:
            return _read_group_page(view, scope)
        query = choose_strategy(RowQuery(view, scope, view.level))
        # The last page holds the remainder, so that its size depends on the exact count.
        page = _read_row_page(query, count_rows(query) if view.position == LAST_POSITION else count_if_quick(query))
        rows = _with_children(view, scope, page.rows)
    if view.some_rows_closed:  # name each of the page's open rows instead of "all" but some
        view = replace(view, open_rows=tuple(sorted(open_paths(rows))))
    return replace(page, rows=rows, view=view)


def read_all_rows(view: View, scope: Scope, at_most: int) -> list[Row] | None:
    """Read all rows of a view with the children of open ones; None if they are more than `at_most`."""
    with read_transaction():
        if view.group:
            groups = read_groups(view, scope)
            if len(groups) > at_most:
                return None
            rows = _group_rows(view, scope, groups[:], 0)
        else:
            rows = fetch_rows(choose_strategy(RowQuery(view, scope, view.level)), view.descending, limit=at_most + 1)
            if len(rows) > at_most:
                return None
            rows = _with_children(view, scope, rows)
    return rows if _count_nested(rows) <= at_most else None


def count_view(view: View, scope: Scope) -> int:
    """Count the rows of a view, or the groups of a grouped one, however long that takes. Raises TooManyGroups."""
    return len(read_groups(view, scope)) if view.group else count_rows(RowQuery(view, scope, view.level))


def read_children(view: View, scope: Scope, path: RowPath) -> list[Row] | None:
    """Read the rows inside the row at `path`; None if the view has no such row."""
    if not view.level < len(path) < len(view.report.levels):
        return None
    with read_transaction():
        query = RowQuery(view, scope, len(path), path, sort_matches=True)
        children = _with_children(view, scope, fetch_rows(query, view.descending))
        if not children and not count_rows(RowQuery(view, scope, len(path) - 1, path)):
            return None
        if any(filter_.having for filter_, _ in view.active_filters):  # which only the view's own row must match
            own_row = RowQuery(view, scope, view.level, path[: view.level + 1])
            return children if count_rows(own_row) else None
    return children


def read_group(view: View, scope: Scope, path: RowPath) -> Row | None:
    """Read a group as an open row; None if the view has no such group, or it has no rows."""
    with read_transaction():
        group = next((group for group in read_groups(view, scope) if group_path(view, group) == path), None)
        if group is None or not group.rows:
            return None
        (row,) = _group_rows(replace(view, open_rows=(path,)), scope, [group], 0)
    return row


def _read_row_page(query: RowQuery, total: int | None) -> Page:
    """Read a page of rows, without their children. `total` is None where they are too many to count."""
    view, position = query.view, query.view.position or FIRST_POSITION
    start = locate_cursor(query, position.cursor, position.forward) if position.cursor else None
    size = view.size
    if position == LAST_POSITION and total:
        size = total % view.size or view.size
    found = fetch_rows(query, view.descending == position.forward, start, size + 1)
    if start and not found:
        raise CursorNotFound(view)
    more, found = len(found) > size, found[:size]
    if not position.forward:
        found.reverse()
    has_start = start is not None
    has_previous, has_next = (has_start, more) if position.forward else (more, has_start)
    first = _first_row_number(query, position, start, total, more, len(found))
    previous = _page_beside_row(query, found[0], first - 1, forward=False) if found and has_previous else None
    next_ = _page_beside_row(query, found[-1], first + len(found) - 1, forward=True) if found and has_next else None
    return Page(view, found, first, total, previous, next_)


def _read_group_page(view: View, scope: Scope) -> Page:
    """Read a page of groups: those with the indexes from `start` up to `end`."""
    groups, position = read_groups(view, scope), view.position or FIRST_POSITION
    total = len(groups)
    at_cursor = _locate_group(view, groups, position.cursor) if position.cursor else None
    if position.forward:
        start = 0 if at_cursor is None else at_cursor + 1
        end = min(start + view.size, total)
    elif at_cursor is None:  # the last page, which holds the remainder
        start, end = max(total - 1, 0) // view.size * view.size, total
    else:
        start, end = max(at_cursor - view.size, 0), at_cursor
    if at_cursor is not None and start >= end:
        raise CursorNotFound(view)
    previous = _page_beside_group(view, groups[start], start, forward=False) if start else None
    next_ = _page_beside_group(view, groups[end - 1], end - 1, forward=True) if end < total else None
    return Page(view, _group_rows(view, scope, groups[start:end], start), start + 1, total, previous, next_)


def _locate_group(view: View, groups: Groups, cursor: Cursor) -> int:
    """The index of the cursor's group. Raises CursorNotFound when the view doesn't have it any more."""
    indexes = range(len(groups))
    likely = indexes[cursor.row_id : cursor.row_id + 1]  # where it was, unless the data has changed
    for index in chain(likely, indexes):
        if digest(format_path(group_path(view, groups[index]))) == cursor.tiebreaker:
            return index
    raise CursorNotFound(view)


def _page_beside_group(view: View, group: Group, index: int, forward: bool) -> View:
    """The view of the page that starts after a group, or ends before it."""
    name = digest(format_path(group_path(view, group)))
    rows_before = index + 1 if forward else index
    return view.at_position(PagePosition(forward, Cursor(view.level, index, name, rows_before, view.cursor_context)))


def _group_rows(view: View, scope: Scope, groups: Sequence[Group], first: int) -> list[Row]:
    """Groups as rows, the first of which has the index `first`. Open ones have their first members as children."""
    rows = []
    for index, (group, *values) in enumerate(zip(groups, *group_columns(view, groups), strict=True), first):
        path, members = group_path(view, group), member_view(view, group) if group.rows else None
        children = _read_members(members, scope) if members and view.is_open(path) else None
        companions = group_companions(view, group)
        rows.append(Row(index, format_path(path), path, 0, values, companions, bool(group.rows), children, members))
    return rows


def _read_members(members: View, scope: Scope) -> list[Row]:
    query = choose_strategy(RowQuery(members, scope, members.level))
    return fetch_rows(query, members.descending, limit=MAX_MEMBERS)


def _first_row_number(
    query: RowQuery, position: PagePosition, start: SortKey | None, total: int | None, more: bool, length: int
) -> int:
    """The number of the page's first row. The first and last page don't need the cursor's row number."""
    if not more and not position.forward:
        return 1
    is_last = not more if position.forward else not start
    if is_last and total is not None:
        return max(total - length, 0) + 1
    if not start:
        return 1
    before = _count_before(query, position, start)
    return before + 1 if position.forward else max(before - length, 0) + 1


def _count_before(query: RowQuery, position: PagePosition, start: SortKey) -> int:
    """How many rows stand before `start`. The cursor knows, unless other columns have changed the level of the rows."""
    cursor = position.cursor
    if cursor and cursor.level == query.level:
        return cursor.rows_before
    beyond = count_rows_beyond(query, start, position.forward)
    return count_rows(query) - beyond if position.forward else beyond


def _page_beside_row(query: RowQuery, row: Row, rows_before: int, forward: bool) -> View:
    """The view of the page that starts after `row`, or ends before it."""
    cursor = Cursor(query.level, row.id, digest(row.tiebreaker), rows_before, query.view.cursor_context)
    return query.view.at_position(PagePosition(forward, cursor))


def _with_children(view: View, scope: Scope, rows: Sequence[Row]) -> list[Row]:
    """The rows of one level, open ones with their children. All children are read by one query per level."""
    open_paths = {row.path for row in rows if row.expandable and view.is_open(row.path)}
    if not open_paths:
        return list(rows)
    customers = tuple(sorted({path[0] for path in open_paths}))
    query = RowQuery(view, scope, rows[0].level + 1, customer_ids=customers, sort_matches=True)
    below = [row for row in fetch_rows(query, view.descending) if row.path[:-1] in open_paths]
    children: dict[RowPath, list[Row]] = {path: [] for path in open_paths}
    for child in _with_children(view, scope, below):
        children[child.path[:-1]].append(child)
    return [row._replace(children=children[row.path]) if row.path in open_paths else row for row in rows]


def open_paths(rows: Sequence[Row]) -> Iterator[RowPath]:
    """The paths of the open rows among these and inside them."""
    for row in rows:
        if row.children is not None:
            yield row.path
            yield from open_paths(row.children)


def _count_nested(rows: Sequence[Row]) -> int:
    """The number of rows, children included."""
    return len(rows) + sum(_count_nested(row.children) for row in rows if row.children)


def locate_cursor(query: RowQuery, cursor: Cursor, forward: bool) -> SortKey:
    """The sort key of the cursor's row as it is now. Raises CursorNotFound when the view doesn't have the row."""
    if cursor.level < len(query.report.levels):
        at_level = replace(query, level=cursor.level)
        (statement,) = compiled((_statement_key(at_level), "sort key"), lambda: [_sort_key_query(at_level)])
        key = statement.run(cursor.row_id).fetchone()
        if key and digest(key[-1]) == cursor.tiebreaker:
            # When a deeper level is shown now, the rows inside the cursor's row stay on its side of the page's edge:
            # their tiebreakers begin with its own.
            inside = MAX_CHAR if cursor.level < query.level and forward != query.view.descending else ""
            return (*key[:-1], key[-1] + inside)
    raise CursorNotFound(query.view)


def count_rows_beyond(query: RowQuery, start: SortKey, forward: bool) -> int:
    """How many rows come after `start`, or before it when not `forward`."""
    order = query.order(query.view.sort_column)
    select = query.select([fn.COUNT(query.table.id)], order)
    segments = keyset_conditions(order, start, forward != query.view.descending)
    return sum(reports_db.execute(select.where(*segment)).fetchone()[0] for segment in segments)


def _sort_key_query(query: RowQuery) -> Any:
    order = query.order(query.view.sort_column)
    return query.select(order, order[-1:]).where(Expression(query.table.id, "=", placeholder(0)))


def fetch_rows(query: RowQuery, descending: bool, start: SortKey | None = None, limit: int = NO_LIMIT) -> list[Row]:
    """Read up to `limit` rows after `start`, in ascending or descending order of the view's sort column."""
    if not query.ordered_values:
        return _fetch_within_budget(query, descending, start, limit)
    found: list[Row] = []
    values = sorted(query.ordered_values, reverse=descending)
    for value in values[values.index(start[0]) :] if start else values:
        after = start[1:] if start and value == start[0] else None
        found += _fetch_within_budget(choose_strategy(query.for_value(value)), descending, after, limit - len(found))
        if len(found) == limit:
            break
    return found


def _fetch_within_budget(query: RowQuery, descending: bool, start: SortKey | None, limit: int) -> list[Row]:
    """Give a scan up when it has read too many rows that don't match, and sort the matches instead."""
    if not query.scans_index:
        return _fetch_segments(query, descending, start, limit)
    try:
        with reports_db.query_budget(query.scan_budget):
            return _fetch_segments(query, descending, start, limit)
    except QueryBudgetExceeded:
        return _fetch_segments(replace(query, sort_matches=True), descending, start, limit)


def _fetch_segments(query: RowQuery, descending: bool, start: SortKey | None, limit: int) -> list[Row]:
    """Run the queries of `_segment_queries` one after another until there are enough rows."""
    key = (_statement_key(query), descending, bool(start))
    records: list[Any] = []
    for statement in compiled(key, lambda: _segment_queries(query, descending, bool(start))):
        records += statement.run(limit - len(records), *(start or ())).fetchall()
        if len(records) == limit:
            break
    return rows_from_records(query, records)


def _statement_key(query: RowQuery) -> tuple[Any, ...]:
    """Everything on which the SQL of these rows depends."""
    return (query.cache_key, query.view.columns, query.view.sort, query.sort_matches, query.view.today)


def _segment_queries(query: RowQuery, descending: bool, has_start: bool) -> list[Any]:
    """The queries for rows in order, the nearest segment first. Placeholder 0 is the limit, the others the sort key."""
    order, first_rows = query.order(query.view.sort_column), FirstRows(descending, placeholder(0))
    start = [placeholder(1 + index) for index in range(len(order))] if has_start else []
    if query.sort_matches:
        return [_sorted_query(query, order, start, descending)]

    def select(first_rows: FirstRows | None) -> Any:
        return order_by(query.select(select_terms(query), order, first_rows), order, descending).limit(placeholder(0))

    if not has_start:
        return [select(first_rows)]
    nearest, *further = keyset_conditions(order, start, not descending)
    return [where_all(select(None), nearest), *(where_all(select(first_rows), segment) for segment in further)]


def _sorted_query(query: RowQuery, order: Terms, start: Terms, descending: bool) -> Any:
    """One query that finds the matches and sorts them. Only the page's rows are joined with what they show."""
    sort_terms = [without_sort_index(term) for term in order]
    after = [keyset_condition(order, start, not descending)] if start else []

    def first_matches(values: Terms) -> Any:
        return order_by(where_all(query.select(values, order), after), sort_terms, descending).limit(placeholder(0))

    if not query.sorts_ids_first:
        return first_matches(select_terms(query))
    page_ids = first_matches([query.table.id])
    return order_by(query.select(select_terms(query), order, ids=page_ids), sort_terms, descending)


def select_terms(query: RowQuery) -> list[Term]:
    """What is selected of a row: id, tiebreaker, path, whether it expands, values, companions."""
    columns = query.view.columns
    expandable = query.table.parts if query.level + 1 < len(query.report.levels) else Value(0)
    values = [_value_term(query, index) for index in range(len(columns))]
    companions = [_companion_term(query, column) for column in columns if column.companion is not None]
    return [query.table.id, query.tiebreaker, *query.path_fields(query.table), expandable, *values, *companions]


def _value_term(query: RowQuery, index: int) -> Term:
    """A row inside another shows its own name in the first column, its numbers, and nothing else."""
    column = query.view.columns[index]
    if query.is_nested and index == 0:
        return query.report.level_column(query.level).value
    return Value("") if query.is_nested and not column.kind.numeric else query.value(column.value)


def _companion_term(query: RowQuery, column: Column) -> Term:
    return Value(None) if query.is_nested and not column.kind.numeric else query.value(column.companion)


def rows_from_records(query: RowQuery, records: Sequence[tuple[Any, ...]]) -> list[Row]:
    """Make rows of the records that `select_terms` selected."""
    flag, level = 2 + len(query.path_fields(query.table)), query.level
    values = flag + 1
    companions = values + len(query.view.columns)
    return [Row(r[0], r[1], r[2:flag], level, r[values:companions], r[companions:], bool(r[flag])) for r in records]
