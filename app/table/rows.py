"""Read the rows of a `RowQuery` in order, from a sort key on, and the rows inside open ones.

`fetch_rows` works top down:

1. Where the sort column has `ordered_values`, it reads value by value: Status depends on today, so no index has its
   order, but the rows of one status are in the order of an index.
2. A scan of the sort index has a budget. When it is used up, the matches are sorted instead.
3. Rows are read segment by segment (`app.table.expressions`) until there are enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from peewee import Value

from app.table.counts import choose_strategy
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
from models import QueryBudgetExceeded, reports_db

SortKey = tuple[Any, ...]  # a row's values of `RowQuery.order`

NO_LIMIT = 2**62


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


def with_children(view: View, scope: Scope, rows: Sequence[Row]) -> list[Row]:
    """The rows of one level, open ones with their children. All children are read by one query per level."""
    open_paths = {row.path for row in rows if row.expandable and view.is_open(row.path)}
    if not open_paths:
        return list(rows)
    customers = tuple(sorted({path[0] for path in open_paths}))
    query = RowQuery(view, scope, rows[0].level + 1, customer_ids=customers, sort_matches=True)
    below = [row for row in fetch_rows(query, view.descending) if row.path[:-1] in open_paths]
    children: dict[RowPath, list[Row]] = {path: [] for path in open_paths}
    for child in with_children(view, scope, below):
        children[child.path[:-1]].append(child)
    return [row._replace(children=children[row.path]) if row.path in open_paths else row for row in rows]


def open_paths(rows: Sequence[Row]) -> Iterator[RowPath]:
    """The paths of the open rows among these and inside them."""
    for row in rows:
        if row.children is not None:
            yield row.path
            yield from open_paths(row.children)


def count_nested(rows: Sequence[Row]) -> int:
    """The number of rows, children included."""
    return len(rows) + sum(count_nested(row.children) for row in rows if row.children)


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
    """Run the queries of `segment_queries` one after another until there are enough rows."""
    key = (statement_key(query), descending, bool(start))
    records: list[Any] = []
    for statement in compiled(key, lambda: segment_queries(query, descending, bool(start))):
        records += statement.run(limit - len(records), *(start or ())).fetchall()
        if len(records) == limit:
            break
    return _rows_from_records(query, records)


def statement_key(query: RowQuery) -> tuple[Any, ...]:
    """Everything on which the SQL of these rows depends."""
    return (query.cache_key, query.view.columns, query.view.sort, query.sort_matches, query.view.today)


def segment_queries(query: RowQuery, descending: bool, has_start: bool) -> list[Any]:
    """The queries for rows in order, the nearest segment first. Placeholder 0 is the limit, the others the sort key."""
    order, first_rows = query.order(query.view.sort_column), FirstRows(descending, placeholder(0))
    start = [placeholder(1 + index) for index in range(len(order))] if has_start else []
    if query.sort_matches:
        return [_sorted_query(query, order, start, descending)]

    def select(first_rows: FirstRows | None) -> Any:
        return order_by(query.select(_select_terms(query), order, first_rows), order, descending).limit(placeholder(0))

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
        return first_matches(_select_terms(query))
    page_ids = first_matches([query.table.id])
    return order_by(query.select(_select_terms(query), order, ids=page_ids), sort_terms, descending)


def _select_terms(query: RowQuery) -> list[Term]:
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


def _rows_from_records(query: RowQuery, records: Sequence[tuple[Any, ...]]) -> list[Row]:
    """Make rows of the records that `_select_terms` selected."""
    expandable, level = 2 + len(query.path_fields(query.table)), query.level
    values = expandable + 1
    companions = values + len(query.view.columns)
    return [
        Row(r[0], r[1], r[2:expandable], level, r[values:companions], r[companions:], bool(r[expandable]))
        for r in records
    ]
