"""The one query behind pages, expansions, counts and files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import FunctionType
from typing import Any

from peewee import JOIN, SQL, Field, Select, fn

from app.table.choice import Choice
from app.table.report import Column
from app.table.terms import Nearest, Term, Terms, along, apart, aside, model_of, models_of, narrowed, ordered, reference
from models import database


@dataclass(frozen=True)
class Rows(Choice):
    """The rows that are meant.

    `few` of them are found first and sorted then; else the order is walked, and each row asked whether it is chosen.
    The walk may be `reach` times as long as the shortest that is given up.
    """

    few: bool = False
    reach: int = 1

    @cached_property
    def are_all(self) -> bool:
        """Whether nothing is left out."""
        return self._sums is None and not self.conditions(self.table)

    @property
    def walked(self) -> bool:
        """Whether an order is walked with some rows left out."""
        return not (self.few or self.are_all) and self._sums is None

    @property
    def sorted_alone(self) -> bool:
        """Whether they are found and sorted before anything else is read of them."""
        return self.few and not self.are_inside and self._sums is None

    @property
    def ranks(self) -> tuple[str, ...]:
        """The values of which one after another is walked, since the order of all would have to be sorted."""
        return () if self.few or self.view.sort_column.key in self.view.filters else self.view.sort_column.ranks

    def ranked(self, rank: str) -> "Rows":
        """Those of these rows that have one of the `ranks`."""
        return replace(self, view=self.view.also(self.view.sort_column.key, rank))

    def count(self, at_most: int | None = None) -> Any:
        """A query for the number of rows, or for as many as are asked for if there are more."""
        if at_most is None and self._sums is None:
            return self._chosen(self.table.select(fn.COUNT(self.table.id)))
        each_is_one = self._sums is not None and not self.kept(self._sums.c)
        some = self._sums if each_is_one else self._chosen(self.table.select(self.table.id))
        return Select([some.limit(at_most)], [fn.COUNT(SQL("*"))])

    def select(self, values: Terms, order: Terms, nearest: Nearest | None = None, ids: Any = None) -> Any:
        """A query for `values`, sorted by `order`; of the rows that `ids` finds, if that is given.

        The table that owns the first of `order` leads, and CROSS JOIN keeps it there: so an index in that order serves,
        and all pages cost the same. Few rows' own table leads. `nearest` is given when so many are wanted at most.
        """
        parents = models_of([*order, *values], besides=self.table)
        leads = not self.few and bool(parents) and model_of(order[0]) is parents[0]
        query = (parents[0] if leads else self.table).select(*values)
        if leads:
            query = self._led(query, parents[0], nearest)
        for parent in parents[leads:]:
            query = query.join_from(self.table, parent, JOIN.CROSS)
        joined = [reference(self.table, parent) == parent.id for parent in parents]
        found = self._found(query, order[0]) if ids is None else query.where(database.within(self.table.id, ids))
        return narrowed(found, joined)

    def _led(self, query: Any, parent: Any, nearest: Nearest | None) -> Any:
        """Join the rows to a parent. PostgreSQL would sort all of a parent's before it takes the first: it is told how
        many to take."""
        if nearest is None or self._sums is not None or not database.lateral:
            return query.join(self.table, JOIN.CROSS)
        alone = self.table.alias()
        of_parent = getattr(alone, reference(self.table, parent).name) == parent.id
        some = alone.select(alone.id).where(of_parent, *map(aside, self.conditions(alone)))
        some = ordered(some, [getattr(alone, self.tie.name)], nearest.descending).limit(nearest.limit).alias("nearest")
        return query.join(some, JOIN.LATERAL).join(self.table, on=(self.table.id == some.c.id))

    def totals(self, groups: Terms, measures: Sequence[Column]) -> list[Any]:
        """Queries for what rows have in common, how many they are, and what they add up to, each of some of them."""
        if self.few or self._sums is not None:
            return [self._found(self._totalled(groups, measures), None)]
        return [narrowed(self._totalled(groups, measures), each) for each in apart(self.conditions(self.table))]

    def _totalled(self, groups: Terms, measures: Sequence[Column]) -> Any:
        parents = models_of(groups, besides=self.table)
        sums = [fn.SUM(self.value(column.value)).cast("BIGINT") for column in measures]
        query = self.table.select(*groups, fn.COUNT(SQL("*")), *sums)
        for parent in parents:
            query = query.join_from(self.table, parent, JOIN.CROSS)
        query = narrowed(query, [reference(self.table, parent) == parent.id for parent in parents])
        return query.group_by(*(SQL(str(1 + place)) for place in range(len(groups)))) if groups else query

    def value(self, term: Term) -> Term:
        """What a column's value or excess is called at this level; sums bear the names of what they sum."""
        if isinstance(term, FunctionType):
            return term(self.view.today)
        if not isinstance(term, Field) or term.model is not self.report.finest:
            return term
        summed = self._sums is not None and term.name in self._measures
        return getattr(self._sums.c if summed else self.table, term.name)

    def order(self, column: Column) -> list[Term]:
        """What the rows are sorted by for `column`, down to the text that tells any two rows apart."""
        if column.ranks and column.key in self.view.filters:
            return [self.tie]
        value = self.value(column.value)
        is_name = isinstance(value, Field) and value.name == "name"
        terms = [getattr(value.model, name) for name in value.model.alphabetical] if is_name else [value]
        return [*(term for term in terms if term is not self.tie), self.tie]

    @cached_property
    def _measures(self) -> dict[str, Field]:
        columns = [column for column in self.report.columns if column.kind.numeric]
        return {column.value.name: column.value for column in columns if model_of(column.value) is self.report.finest}

    @cached_property
    def _sums(self) -> Any:
        """Sums over only what was chosen, when a filter chooses below this level; else the stored ones are right."""
        deepest = max((each.level for each, _ in self.view.active), default=0)
        if deepest <= self.level:
            return None
        parts = self.report.levels[deepest].table
        path = self.path_in(parts)
        sums = [fn.SUM(getattr(parts, name)).cast("BIGINT").alias(name) for name in self._measures]
        return parts.select(*path, *sums).where(*self.parts(parts)).group_by(*path).alias("chosen")

    def _found(self, query: Any, first: Term) -> Any:
        """The query for only what is chosen: found first, or asked along an order that begins with `first`, if any."""
        if self._sums is not None:
            return self._chosen(query)
        if self.few:
            alone = self.table.alias()
            return query.where(database.within(self.table.id, alone.select(alone.id).where(*self.conditions(alone))))
        return narrowed(query, [along(each, first) for each in self.conditions(self.table)])

    def _chosen(self, query: Any) -> Any:
        if self._sums is None:
            return narrowed(query, self.conditions(self.table))
        same = [getattr(self._sums.c, field.column_name) == field for field in self.path()]
        return narrowed(query.join_from(self.table, self._sums, JOIN.CROSS), [*same, *self.kept(self._sums.c)])
