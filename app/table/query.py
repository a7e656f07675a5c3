"""Build the queries behind pages, expanded rows, counts, sums and files.

A `RowQuery` says which rows are meant (a view's, in a scope, at one level) and builds Peewee queries in three ways:

* Scan the sort index, for unfiltered or many rows. The table that owns the sort column comes first and CROSS JOIN keeps
  it there, so that rows arrive in order and LIMIT stops early: page 1 and page 20,000 cost the same. Conditions are
  hidden from the query planner (`IS TRUE`), which would else swap the sort index for a filter's.
* Sort the matches (`sort_matches`), for few rows. A subquery finds their ids through the filter's index. Then they are
  sorted.
* Rebuild the sums, where a filter selects below the level of the rows: of a customer's row, only the holdings of one
  product. The stored sums don't fit then, and a derived table sums the matching rows of the deeper level.

`app.table.counts.choose_strategy` chooses between the first two. docs/architecture.md shows the SQL of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import FunctionType
from typing import Any

from peewee import JOIN, SQL, Field, Select, fn

from app.table.definitions import Column, Report
from app.table.expressions import (
    FirstRows,
    Term,
    Terms,
    disjoint_conditions,
    foreign_key,
    keep_sort_index,
    order_by,
    table_of,
    tables_of,
    where_all,
    without_index,
)
from app.table.scope import Scope
from app.table.view import RowPath, View
from models import reports_db


@dataclass(frozen=True)
class RowQuery:
    """A query for the rows of a view in a scope, at one of its report's levels.

    parent:       only the rows inside this row, (customer id,) or (customer id, certificate type id).
    customer_ids: only the rows inside the rows of these customers.
    sort_matches: find the matches first and sort them, instead of scanning the sort index.
    scan_budget:  how many times the default `query_budget` such a scan may read before it is given up.
    """

    view: View
    scope: Scope
    level: int
    parent: RowPath = ()
    customer_ids: tuple[int, ...] = ()
    sort_matches: bool = False
    scan_budget: int = 1

    @property
    def report(self) -> Report:
        return self.view.report

    @property
    def table(self) -> Any:
        return self.report.levels[self.level].table

    @property
    def tiebreaker(self) -> Any:
        """The unique field that ends every sort order."""
        return getattr(self.table, self.report.levels[self.level].tiebreaker)

    @property
    def is_nested(self) -> bool:
        """Whether these are rows inside expanded rows."""
        return bool(self.parent or self.customer_ids)

    @property
    def cache_key(self) -> tuple[Any, ...]:
        """Identifies the set of rows, whatever its columns and order. The scope is part of it."""
        return (self.report, self.level, self.parent, self.customer_ids, self.scope, *self.view.resolved_filters)

    @cached_property
    def is_unfiltered(self) -> bool:
        return self._rebuilt_sums is None and not self.conditions(self.table)

    @property
    def scans_index(self) -> bool:
        """Whether a scan of the sort index skips rows. Such a scan needs a budget: matches may be far apart."""
        return not (self.sort_matches or self.is_unfiltered) and self._rebuilt_sums is None

    @property
    def sorts_ids_first(self) -> bool:
        """Whether to sort ids alone, and join names only to the page's rows. Of 20,000 matches that saves a quarter."""
        return self.sort_matches and not self.is_nested and self._rebuilt_sums is None

    @property
    def ordered_values(self) -> tuple[str, ...]:
        """The sort column's values when rows must be read value by value, because no index has their order."""
        column = self.view.sort_column
        return () if self.sort_matches or column.key in self.view.filters else column.ordered_values

    def for_value(self, value: str) -> "RowQuery":
        """Those of the rows that have one of the `ordered_values`."""
        return replace(self, view=self.view.with_filter(self.view.sort_column.key, value))

    def path_fields(self, table: Any) -> list[Field]:
        """The fields whose ids make up a row's path, on the table of this level or a deeper one."""
        return [getattr(table, level.path_field) for level in self.report.levels[: self.level + 1] if level.path_field]

    def value(self, term: Term) -> Term:
        """A column's value or companion at this level: a field of its table, or of the rebuilt sums."""
        if isinstance(term, FunctionType):
            return term(self.view.today)
        if not isinstance(term, Field) or term.model is not self.report.base_table:
            return term
        rebuilt = self._rebuilt_sums is not None and term.name in self._sum_fields
        return getattr(self._rebuilt_sums.c if rebuilt else self.table, term.name)

    def order(self, column: Column) -> list[Term]:
        """The terms to sort by for `column`, with the tiebreaker at the end."""
        if column.ordered_values and column.key in self.view.filters:
            return [self.tiebreaker]
        value = self.value(column.value)
        is_name = isinstance(value, Field) and value.name == "name"
        terms = [getattr(value.model, name) for name in value.model.alphabetical] if is_name else [value]
        return [*(term for term in terms if term is not self.tiebreaker), self.tiebreaker]

    def conditions(self, table: Any) -> list[Term]:
        """All conditions on the rows of this level, whose sums are stored."""
        return [*self.row_conditions(table), *self.aggregate_conditions(table)]

    def row_conditions(self, table: Any) -> list[Term]:
        """What WHERE gets before anything is summed, on the table of this level or a deeper one."""
        filters = [filter_.where(table, value) for filter_, value in self.view.resolved_filters if not filter_.having]
        return [*self.scope.conditions(table), *self._parent_conditions(table), *filters]

    def aggregate_conditions(self, sums: Any) -> list[Term]:
        """What HAVING would get: conditions on the sums of the view's own rows. Rows inside them are not filtered."""
        if self.level != self.view.level:
            return []
        return [filter_.where(sums, value) for filter_, value in self.view.resolved_filters if filter_.having]

    def _parent_conditions(self, table: Any) -> list[Term]:
        """Only the customer may use an index: a customer has few rows, a certificate type has many."""
        fields = self.path_fields(table)
        inside = [field == id_ for field, id_ in zip(fields, self.parent, strict=False)]
        inside += [reports_db.in_values(fields[0], self.customer_ids)] if self.customer_ids else []
        is_part = self.report.levels[self.level].is_part
        parts = [without_index(is_part(table))] if is_part else []
        return [*inside[:1], *map(without_index, inside[1:]), *parts] if inside else []

    def select(self, values: Terms, order: Terms, first_rows: FirstRows | None = None, ids: Any = None) -> Any:
        """Return a Select of `values` of the rows, to which the caller adds order and limit; its joins suit `order`.

        Pass `first_rows` when only so many are needed, and `ids`, a subquery, to select its rows without filtering.
        """
        parents = tables_of([*order, *values], besides=self.table)
        parent_leads = not self.sort_matches and bool(parents) and table_of(order[0]) is parents[0]
        query = (parents[0] if parent_leads else self.table).select(*values)
        if parent_leads:
            query = self._join_rows_of_parent(query, parents[0], first_rows)
        for parent in parents[1:] if parent_leads else parents:
            query = query.join_from(self.table, parent, JOIN.CROSS)
        query = where_all(query, [foreign_key(self.table, parent) == parent.id for parent in parents])
        return self._filter(query, order[0]) if ids is None else query.where(reports_db.in_subquery(self.table.id, ids))

    def _join_rows_of_parent(self, query: Any, parent: Any, first_rows: FirstRows | None) -> Any:
        """Join the rows to the parent table that leads.

        PostgreSQL would sort all rows of a parent before it returns the first. LATERAL tells it how many are needed.
        """
        if first_rows is None or self._rebuilt_sums is not None or not reports_db.supports_lateral:
            return query.join(self.table, JOIN.CROSS)
        row = self.table.alias()
        of_parent = getattr(row, foreign_key(self.table, parent).name) == parent.id
        ids = row.select(row.id).where(of_parent, *map(without_index, self.conditions(row)))
        ids = order_by(ids, [getattr(row, self.tiebreaker.name)], first_rows.descending).limit(first_rows.limit)
        ids = ids.alias("first_rows")
        return query.join(ids, JOIN.LATERAL).join(self.table, on=(self.table.id == ids.c.id))

    def count(self, at_most: int | None = None) -> Any:
        """Count the rows; with `at_most`, stop counting there."""
        sums = self._rebuilt_sums
        if at_most is None and sums is None:
            return self._filter_by_index(self.table.select(fn.COUNT(self.table.id)))
        all_sums_match = sums is not None and not self.aggregate_conditions(sums.c)
        rows = sums if all_sums_match else self._filter_by_index(self.table.select(self.table.id))
        return Select([rows.limit(at_most)], [fn.COUNT(SQL("*"))])

    def totals(self, groups: Terms, measures: Sequence[Column], within: Terms = (), sorts: bool = False) -> list[Any]:
        """Return Selects whose rows are (*groups, number of rows, *sums of measures), of the rows `within`.

        Each Select covers other rows, so that a group can be in several results, which have to be added up. No group is
        empty. With `sorts`, rows are read from any index that holds all that is selected, and sorted. Without, the
        planner could choose an index in the order of a group, and read rows from all over the table.
        """
        keys = [term.alias(f"key_{number}") for number, term in enumerate(groups)]
        values = [self.value(column.value).alias(f"value_{number}") for number, column in enumerate(measures)]
        query = self.table.select(*(keys + values or [self.table.id]))
        if self.sort_matches or self._rebuilt_sums is not None:
            parts = [self._filter(query, None)]
        else:
            parts = [where_all(query, conditions) for conditions in disjoint_conditions(self.conditions(self.table))]
        return [self._add_up(where_all(part, within), len(keys), len(values), sorts) for part in parts]

    def _add_up(self, rows: Any, keys: int, values: int, sorts: bool) -> Any:
        """Group selected rows by their first columns. OFFSET in the subquery keeps the planner from merging it."""
        sums = [fn.SUM(SQL(f"value_{number}")).cast("BIGINT") for number in range(values)]
        source = (rows.offset(0) if sorts and not self.sort_matches else rows).alias("rows")
        groups = [SQL(f"key_{number}") for number in range(keys)]
        query = Select([source], [*groups, fn.COUNT(SQL("*")), *sums]).bind(reports_db)
        return query.group_by(*groups) if groups else query.having(fn.COUNT(SQL("*")) > 0)

    def _filter(self, query: Any, first: Term) -> Any:
        """Apply the conditions as the strategy demands; `first` is the first term of the sort order, if any."""
        if self._rebuilt_sums is not None:
            return self._filter_by_index(query)
        if self.sort_matches:
            row = self.table.alias()
            return query.where(reports_db.in_subquery(self.table.id, row.select(row.id).where(*self.conditions(row))))
        return where_all(query, [keep_sort_index(condition, first) for condition in self.conditions(self.table)])

    def _filter_by_index(self, query: Any) -> Any:
        """Apply the conditions and let the query planner use any index."""
        sums = self._rebuilt_sums
        if sums is None:
            return where_all(query, self.conditions(self.table))
        same_row = [getattr(sums.c, field.column_name) == field for field in self.path_fields(self.table)]
        joined = query.join_from(self.table, sums, JOIN.CROSS)
        return where_all(joined, [*same_row, *self.aggregate_conditions(sums.c)])

    @cached_property
    def _rebuilt_sums(self) -> Any:
        """The derived table of sums over matching deeper rows; None when no filter selects below this level."""
        deepest = max((filter_.level for filter_, _ in self.view.active_filters), default=0)
        if deepest <= self.level:
            return None
        table = self.report.levels[deepest].table
        path = self.path_fields(table)
        sums = [fn.SUM(getattr(table, name)).cast("BIGINT").alias(name) for name in self._sum_fields]
        return table.select(*path, *sums).where(*self.row_conditions(table)).group_by(*path).alias("sums")

    @cached_property
    def _sum_fields(self) -> tuple[str, ...]:
        numbers = [column.value for column in self.report.columns if column.kind.numeric]
        return tuple(field.name for field in numbers if table_of(field) is self.report.base_table)
