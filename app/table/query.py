"""The one query behind pages, expansions, counts and files."""

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
from models import NONE_ID, reports_db


@dataclass(frozen=True)
class RowSelection:
    """What a view chooses in a scope, at one level: the view's own, or one below the row `within`.

    Or below the rows of many at once: `beneath` are the first numbers in their nodes.
    """

    view: View
    scope: Scope
    level: int
    parent: RowPath = ()
    customer_ids: tuple[int, ...] = ()

    @property
    def report(self) -> Report:
        return self.view.report

    @property
    def table(self) -> Any:
        return self.report.levels[self.level].table

    @property
    def is_nested(self) -> bool:
        """Whether they stand below rows of the view, and not for themselves."""
        return bool(self.parent or self.customer_ids)

    @property
    def tiebreaker(self) -> Any:
        """The field with the text that tells any two rows apart."""
        return getattr(self.table, self.report.levels[self.level].tiebreaker)

    @property
    def cache_key(self) -> tuple[Any, ...]:
        """What tells these rows from others, whatever is shown of them in which order."""
        return (self.report, self.level, self.parent, self.customer_ids, self.scope, *self.view.resolved_filters)

    def path(self) -> list[Term]:
        """The fields that make a row's node: the customer's number, then the certificate type's."""
        return self.path_in(self.table)

    def path_in(self, table: Any) -> list[Term]:
        """The same fields of a finer table."""
        return [getattr(table, each.path_field) for each in self.report.levels[: self.level + 1] if each.path_field]

    def conditions(self, table: Any) -> list[Term]:
        """What chooses rows of this level, whose numbers are stored."""
        return [*self.row_conditions(table), *self.kept(table)]

    def kept(self, numbers: Any) -> list[Term]:
        """What chooses the view's own rows by `numbers`, which are theirs; what is inside a row adds up to it."""
        own = self.level == self.view.level
        return [each.where(numbers, value) for each, value in self.view.resolved_filters if own and each.having]

    def row_conditions(self, table: Any) -> list[Term]:
        """What chooses rows of this level or a finer one, before anything is summed."""
        chosen = [each.where(table, value) for each, value in self.view.resolved_filters if not each.having]
        return [*self.scope.conditions(table), *self._inside(table), *chosen]

    def _inside(self, table: Any) -> list[Term]:
        """What is within a row is found by its customer, who has little; a certificate type is held by many."""
        path = self.path_in(table)
        inside = [field == number for field, number in zip(path, self.parent, strict=False)]
        inside += [reports_db.in_values(path[0], self.customer_ids)] if self.customer_ids else []
        return [*inside[:1], *map(without_index, inside[1:]), path[-1] != NONE_ID] if inside else []


@dataclass(frozen=True)
class RowQuery(RowSelection):
    """The rows that are meant.

    `few` of them are found first and sorted then; else the order is walked, and each row asked whether it is chosen.
    The walk may be `reach` times as long as the shortest that is given up.
    """

    sort_matches: bool = False
    scan_budget: int = 1

    @cached_property
    def is_unfiltered(self) -> bool:
        """Whether nothing is left out."""
        return self._sums is None and not self.conditions(self.table)

    @property
    def scans_index(self) -> bool:
        """Whether an order is walked with some rows left out."""
        return not (self.sort_matches or self.is_unfiltered) and self._sums is None

    @property
    def sorted_alone(self) -> bool:
        """Whether they are found and sorted before anything else is read of them."""
        return self.sort_matches and not self.is_nested and self._sums is None

    @property
    def ordered_values(self) -> tuple[str, ...]:
        """The values of which one after another is walked, since the order of all would have to be sorted."""
        return (
            ()
            if self.sort_matches or self.view.sort_column.key in self.view.filters
            else self.view.sort_column.ordered_values
        )

    def for_value(self, rank: str) -> "RowQuery":
        """Those of these rows that have one of the `ranks`."""
        return replace(self, view=self.view.with_filter(self.view.sort_column.key, rank))

    def count(self, at_most: int | None = None) -> Any:
        """A query for the number of rows, or for as many as are asked for if there are more."""
        if at_most is None and self._sums is None:
            return self._chosen(self.table.select(fn.COUNT(self.table.id)))
        each_is_one = self._sums is not None and not self.kept(self._sums.c)
        some = self._sums if each_is_one else self._chosen(self.table.select(self.table.id))
        return Select([some.limit(at_most)], [fn.COUNT(SQL("*"))])

    def select(self, values: Terms, order: Terms, nearest: FirstRows | None = None, ids: Any = None) -> Any:
        """A query for `values`, sorted by `order`; of the rows that `ids` finds, if that is given.

        The table that owns the first of `order` leads, and CROSS JOIN keeps it there: so an index in that order serves,
        and all pages cost the same. Few rows' own table leads. `nearest` is given when so many are wanted at most.
        """
        parents = tables_of([*order, *values], besides=self.table)
        leads = not self.sort_matches and bool(parents) and table_of(order[0]) is parents[0]
        query = (parents[0] if leads else self.table).select(*values)
        if leads:
            query = self._led(query, parents[0], nearest)
        for parent in parents[leads:]:
            query = query.join_from(self.table, parent, JOIN.CROSS)
        joined = [foreign_key(self.table, parent) == parent.id for parent in parents]
        found = self._found(query, order[0]) if ids is None else query.where(reports_db.in_subquery(self.table.id, ids))
        return where_all(found, joined)

    def _led(self, query: Any, parent: Any, nearest: FirstRows | None) -> Any:
        """Join the rows to a parent. PostgreSQL would sort all of a parent's before it takes the first: it is told how
        many to take."""
        if nearest is None or self._sums is not None or not reports_db.supports_lateral:
            return query.join(self.table, JOIN.CROSS)
        alone = self.table.alias()
        of_parent = getattr(alone, foreign_key(self.table, parent).name) == parent.id
        some = alone.select(alone.id).where(of_parent, *map(without_index, self.conditions(alone)))
        some = (
            order_by(some, [getattr(alone, self.tiebreaker.name)], nearest.descending)
            .limit(nearest.limit)
            .alias("nearest")
        )
        return query.join(some, JOIN.LATERAL).join(self.table, on=(self.table.id == some.c.id))

    def totals(self, groups: Terms, measures: Sequence[Column]) -> list[Any]:
        """Queries for what rows have in common, how many they are, and what they add up to, each of some of them."""
        if self.sort_matches or self._sums is not None:
            return [self._found(self._totalled(groups, measures), None)]
        return [
            where_all(self._totalled(groups, measures), each)
            for each in disjoint_conditions(self.conditions(self.table))
        ]

    def _totalled(self, groups: Terms, measures: Sequence[Column]) -> Any:
        parents = tables_of(groups, besides=self.table)
        sums = [fn.SUM(self.value(column.value)).cast("BIGINT") for column in measures]
        query = self.table.select(*groups, fn.COUNT(SQL("*")), *sums)
        for parent in parents:
            query = query.join_from(self.table, parent, JOIN.CROSS)
        query = where_all(query, [foreign_key(self.table, parent) == parent.id for parent in parents])
        return query.group_by(*(SQL(str(1 + place)) for place in range(len(groups)))) if groups else query

    def value(self, term: Term) -> Term:
        """What a column's value or excess is called at this level; sums bear the names of what they sum."""
        if isinstance(term, FunctionType):
            return term(self.view.today)
        if not isinstance(term, Field) or term.model is not self.report.base_table:
            return term
        summed = self._sums is not None and term.name in self._measures
        return getattr(self._sums.c if summed else self.table, term.name)

    def order(self, column: Column) -> list[Term]:
        """What the rows are sorted by for `column`, down to the text that tells any two rows apart."""
        if column.ordered_values and column.key in self.view.filters:
            return [self.tiebreaker]
        value = self.value(column.value)
        is_name = isinstance(value, Field) and value.name == "name"
        terms = [getattr(value.model, name) for name in value.model.alphabetical] if is_name else [value]
        return [*(term for term in terms if term is not self.tiebreaker), self.tiebreaker]

    @cached_property
    def _measures(self) -> dict[str, Field]:
        columns = [column for column in self.report.columns if column.kind.numeric]
        return {
            column.value.name: column.value for column in columns if table_of(column.value) is self.report.base_table
        }

    @cached_property
    def _sums(self) -> Any:
        """Sums over only what was chosen, when a filter chooses below this level; else the stored ones are right."""
        deepest = max((each.level for each, _ in self.view.active_filters), default=0)
        if deepest <= self.level:
            return None
        parts = self.report.levels[deepest].table
        path = self.path_in(parts)
        sums = [fn.SUM(getattr(parts, name)).cast("BIGINT").alias(name) for name in self._measures]
        return parts.select(*path, *sums).where(*self.row_conditions(parts)).group_by(*path).alias("chosen")

    def _found(self, query: Any, first: Term) -> Any:
        """The query for only what is chosen: found first, or asked along an order that begins with `first`, if any."""
        if self._sums is not None:
            return self._chosen(query)
        if self.sort_matches:
            alone = self.table.alias()
            return query.where(
                reports_db.in_subquery(self.table.id, alone.select(alone.id).where(*self.conditions(alone)))
            )
        return where_all(query, [keep_sort_index(each, first) for each in self.conditions(self.table)])

    def _chosen(self, query: Any) -> Any:
        if self._sums is None:
            return where_all(query, self.conditions(self.table))
        same = [getattr(self._sums.c, field.column_name) == field for field in self.path()]
        return where_all(query.join_from(self.table, self._sums, JOIN.CROSS), [*same, *self.kept(self._sums.c)])
