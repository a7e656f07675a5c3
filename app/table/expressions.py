"""Peewee expressions as the engine needs them: orders, what lies beyond a row, conditions that leave an order alone."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import groupby, repeat
from operator import and_, or_
from typing import Any, NamedTuple

from peewee import OP, SQL, Asc, Desc, Expression, Field, ForeignKeyField, Node, Tuple, fn

Term = Any
"""A Peewee expression: something to select, to sort by, or to choose by."""

Terms = Sequence[Term]


class FirstRows(NamedTuple):
    """The first rows in an order, or the last: no more than `limit`."""

    descending: bool
    limit: Term


class SearchCondition(Node):
    """One condition in three forms: rows are `found` by the first, a row that was met is `asked` the second, and what
    is summed over many rows is summed over each of the `parts`, which have no row in common and an index each."""

    def __init__(self, found: Term, asked: Term, parts: Terms) -> None:
        self.found, self.asked, self.parts = found, asked, parts

    def __sql__(self, context: Any) -> Any:
        return context.sql(self.found)


def keyset_conditions(order: Terms, values: Sequence[Any], forward: bool) -> Iterator[list[Term]]:
    """The conditions whose rows, one after another, are those behind `values` in `order` (before them, not `forward`).

    Terms of one table are compared together, as an index has them; across tables no index of any database serves.
    """
    pairs = groupby(zip(order, values, strict=True), lambda pair: id(table_of(pair[0]) or pair[0]))
    groups = [tuple(zip(*group, strict=True)) for _, group in pairs]
    for depth in reversed(range(len(groups))):
        same = [Expression(*pair) for terms, at in groups[:depth] for pair in zip(terms, repeat("="), at)]
        terms, at = groups[depth]
        yield [*same, Expression(Tuple(*terms), ">" if forward else "<", Tuple(*at))]


def keyset_condition(order: Terms, values: Sequence[Any], forward: bool) -> Term:
    """The same as one condition, for rows that are sorted after they are found."""
    return without_index(reduce(or_, (reduce(and_, each) for each in keyset_conditions(order, values, forward))))


def order_by(query: Any, order: Terms, descending: bool) -> Any:
    return query.order_by(*map(Desc if descending else Asc, order))


def where_all(query: Any, conditions: Terms) -> Any:
    return query.where(*conditions) if conditions else query


def without_index(condition: Term) -> Term:
    """The condition in a form that is asked of each row, but that no database takes for a way to find rows."""
    return Expression(condition.asked if isinstance(condition, SearchCondition) else condition, "IS", SQL("TRUE"))


def disjoint_conditions(conditions: Terms) -> list[list[Term]]:
    """Conditions for some of what all these leave, whose rows are all of that, and none of them twice."""
    found: list[list[Term]] = [[]]
    for each in conditions:
        parts = each.parts if isinstance(each, SearchCondition) else [without_index(each)]
        found = [[*others, part] for others in found for part in parts]
    return found


def keep_sort_index(condition: Term, first: Term) -> Term:
    """The condition for rows that are walked in an order which begins with `first`.

    What chooses by `first` itself keeps the walk to a stretch of it; all else stands aside, asked of each row.
    """
    if isinstance(condition, Expression) and condition.op == OP.AND:
        return keep_sort_index(condition.lhs, first) & keep_sort_index(condition.rhs, first)
    chosen = condition.lhs if isinstance(condition, Expression) else None
    if isinstance(first, Field) and chosen is first:
        return condition
    if isinstance(first, Field) and isinstance(chosen, ForeignKeyField) and chosen.rel_model is first.model:
        return without_index(Expression(first.model.id, condition.op, condition.rhs))
    return without_index(condition)


def without_sort_index(term: Term) -> Term:
    """The term in a form that no database takes for the order of an index."""
    return fn.COALESCE(term, term)


def table_of(term: Term) -> Any:
    return term.model if isinstance(term, Field) else None


def tables_of(terms: Terms, besides: Any) -> list[Any]:
    """The tables of `terms`, each once, in the order of their first mention."""
    return [model for model in dict.fromkeys(map(table_of, terms)) if model not in (None, besides)]


def foreign_key(table: Any, parent: Any) -> Any:
    """The field of `table` that refers to `parent`."""
    return next(field for field, model in table._meta.refs.items() if model is parent)
