"""The one query behind pages, expansions, counts and files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from peewee import JOIN, Asc, Desc, Expression, Field, fn

from app.table.report import Column, Report
from app.table.scope import Scope
from app.table.view import Node, View
from models import NONE

Term = Any
"""A Peewee expression: something to select, or to sort by."""


@dataclass(frozen=True)
class Rows:
    """The rows of a view that exist in a scope, at one level: the view's own, or one below the row `within`."""

    view: View
    scope: Scope
    level: int
    within: Node = ()

    @property
    def report(self) -> Report:
        return self.view.report

    @property
    def table(self) -> Any:
        return self.report.levels[self.level].table

    @property
    def tie(self) -> Any:
        """The field with the text that tells any two rows apart."""
        return getattr(self.table, self.report.levels[self.level].tie)

    @property
    def choice(self) -> tuple[Any, ...]:
        """What tells these rows from others, whatever is shown of them in which order."""
        return (self.report, self.level, self.within, self.scope, *self.view.filters.items())

    @property
    def shape(self) -> tuple[Any, ...]:
        """What tells the query for these rows from others."""
        return (self.choice, self.view.columns, self.view.sort)

    def count(self) -> Any:
        return self._chosen(self.table.select(fn.COUNT(self.table.id)))

    def select(self, values: Sequence[Term], order: Sequence[Term]) -> Any:
        """A query for `values`, sorted by `order`.

        The table that owns the first of `order` leads the joins, and CROSS JOIN keeps it there on SQLite: only
        so does the index in that order serve, and a page costs the same wherever it is.
        """
        parents = _models([*order, *values], besides=self.table)
        leads = bool(parents) and _model(order[0]) is parents[0]
        query = (parents[0] if leads else self.table).select(*values)
        if leads:
            query = query.join(self.table, JOIN.CROSS)
        for parent in parents[leads:]:
            query = query.join_from(self.table, parent, JOIN.CROSS)
        return narrowed(self._chosen(query), [_reference(self.table, parent) == parent.id for parent in parents])

    def path(self) -> list[Term]:
        """The fields that make a row's node: the customer's number, then the certificate type's."""
        return self._path(self.table, self.level)

    def value(self, term: Term) -> Term:
        """What a column's value or excess is called at this level; sums bear the names of what they sum."""
        if not isinstance(term, Field) or term.model is not self.report.finest:
            return term
        summed = self._sums is not None and term.name in self._measures
        return getattr(self._sums.c if summed else self.table, term.name)

    def order(self, column: Column) -> list[Term]:
        """What the rows are sorted by for `column`, down to the text that tells any two rows apart."""
        value = self.value(column.value)
        terms = [value]
        if isinstance(value, Field) and value.name == "name":
            terms = [getattr(value.model, name) for name in value.model.alphabetical]
        return [*(term for term in terms if term is not self.tie), self.tie]

    @cached_property
    def _measures(self) -> dict[str, Field]:
        columns = [column for column in self.report.columns if column.kind.numeric]
        return {column.value.name: column.value for column in columns if _model(column.value) is self.report.finest}

    @cached_property
    def _sums(self) -> Any:
        """Sums over only what was chosen, when a filter chooses below this level; else the stored ones are right."""
        if all(each.level <= self.level for each, _ in self.view.active):
            return None
        finest = self.report.finest
        path = self._path(finest, self.level)
        sums = [fn.SUM(field).alias(name) for name, field in self._measures.items()]
        return finest.select(*path, *sums).where(*self._conditions(finest)).group_by(*path).alias("chosen")

    def _chosen(self, query: Any) -> Any:
        if self._sums is None:
            return narrowed(query, self._conditions(self.table))
        same = [getattr(self._sums.c, field.column_name) == field for field in self.path()]
        return narrowed(query.join_from(self.table, self._sums, JOIN.CROSS), same)

    def _conditions(self, table: Any) -> list[Term]:
        inside = [field == number for field, number in zip(self._path(table, self.level), self.within, strict=False)]
        if self.within:
            inside.append(self._path(table, self.level)[-1] != NONE)
        return [*self.scope.conditions(table), *inside, *(each.where(table, value) for each, value in self.view.active)]

    def _path(self, table: Any, level: int) -> list[Term]:
        return [getattr(table, each.by) for each in self.report.levels[: level + 1] if each.by]


def beyond(order: Sequence[Term], values: Sequence[Any], forward: bool) -> Iterator[list[Term]]:
    """The conditions whose rows, one after another, are those behind `values` in `order` (before them, not `forward`).

    One row-value comparison would say the same, but no database serves it from an index across tables.
    """
    for depth in reversed(range(len(order))):
        same = [Expression(term, "=", value) for term, value in zip(order[:depth], values, strict=False)]
        yield [*same, Expression(order[depth], ">" if forward else "<", values[depth])]


def ordered(query: Any, order: Sequence[Term], descending: bool) -> Any:
    return query.order_by(*map(Desc if descending else Asc, order))


def narrowed(query: Any, conditions: Sequence[Term]) -> Any:
    return query.where(*conditions) if conditions else query


def _model(term: Term) -> Any:
    return term.model if isinstance(term, Field) else None


def _models(terms: Sequence[Term], besides: Any) -> list[Any]:
    """The tables of `terms`, each once, in the order of their first mention."""
    return [model for model in dict.fromkeys(map(_model, terms)) if model not in (None, besides)]


def _reference(table: Any, parent: Any) -> Any:
    """The field of `table` that refers to `parent`."""
    return next(field for field, model in table._meta.refs.items() if model is parent)
