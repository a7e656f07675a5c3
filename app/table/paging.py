"""Read the pages of a view, all of its rows, or those inside an expanded row.

`read_page` works top down:

1. `choose_strategy` decides how to find the rows (`app.table.counts`).
2. `locate_cursor` looks up where the row that the page starts after stands now.
3. `fetch_rows` (`app.table.rows`) reads one row more than the page holds, which tells whether there is a next page.
4. Open rows get their children, by one query per level for all of them together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from peewee import Expression, fn

from app.table import counts
from app.table.counts import choose_strategy, count_if_quick, count_rows
from app.table.expressions import (
    keyset_conditions,
)
from app.table.groups import group_columns, group_companions, group_path, groups_are_slow, member_view, read_groups
from app.table.query import RowQuery
from app.table.rows import Row, SortKey, count_nested, fetch_rows, open_paths, statement_key, with_children
from app.table.scope import Scope
from app.table.statements import compiled, placeholder
from app.table.totals import Group, Groups
from app.table.view import FIRST_POSITION, LAST_POSITION, Cursor, PagePosition, RowPath, View, digest, format_path
from models import MAX_CHAR, read_transaction, reports_db

MAX_MEMBERS = 10  # rows that a group opens into


class CursorNotFound(LookupError):
    """The row at which the page of `view` should begin isn't in the view any more."""

    def __init__(self, view: View) -> None:
        super().__init__(view.position)
        self.view = view


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
        rows = with_children(view, scope, page.rows)
    if view.all_but_some_open:  # name each of the page's open rows instead of "all" but some
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
            rows = with_children(view, scope, rows)
    return rows if count_nested(rows) <= at_most else None


def count_view(view: View, scope: Scope) -> int:
    """Count the rows of a view, or the groups of a grouped one, however long that takes. Raises TooManyGroups."""
    return len(read_groups(view, scope)) if view.group else count_rows(RowQuery(view, scope, view.level))


def read_children(view: View, scope: Scope, path: RowPath) -> list[Row] | None:
    """Read the rows inside the row at `path`; None if the view has no such row."""
    if not view.level < len(path) < len(view.report.levels):
        return None
    with read_transaction():
        query = RowQuery(view, scope, len(path), path, sort_matches=True)
        children = with_children(view, scope, fetch_rows(query, view.descending))
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


def locate_cursor(query: RowQuery, cursor: Cursor, forward: bool) -> SortKey:
    """The sort key of the cursor's row as it is now. Raises CursorNotFound when the view doesn't have the row."""
    if cursor.level < len(query.report.levels):
        at_level = replace(query, level=cursor.level)
        (statement,) = compiled((statement_key(at_level), "sort key"), lambda: [_sort_key_query(at_level)])
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
