"""Peewee expressions that steer the query planner: sort orders, keyset conditions, conditions that hide from indexes.

Paging is keyset pagination: a page starts after the last row of the page before, `(cost, ref) > (?, ?)`, instead of
at an OFFSET. That is one range of an index only while all terms are columns of one table. Where the order begins in
another table, such as the customer's name, the condition falls into segments, each of which is a range of an index:

    1. customer.id = ? … AND subscription.ref > ?      the rest of the same customer's rows
    2. (customer.name_key, …, customer.id) > (?, …, ?) the rows of the customers after it
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import groupby, repeat
from operator import and_, or_
from typing import Any, NamedTuple

from peewee import OP, SQL, Asc, Desc, Expression, Field, ForeignKeyField, Node, Tuple, fn

Term = Any  # a Peewee expression to select, to sort by, or to filter by
Terms = Sequence[Term]


class FirstRows(NamedTuple):
    """How many rows a query needs from the start of its order (the end, if `descending`)."""

    descending: bool
    limit: Term


class SearchCondition(Node):
    """A condition in three forms, because no single one is fast for every query.

    lookup:  finds rows through indexes: `customer_id IN (SELECT …) OR ref BETWEEN …`. Used when matches are sorted.
    per_row: tests one row at a time: `EXISTS (SELECT … WHERE id = customer_id)`. Used in scans of the sort index, where
             `lookup` would list all matching customers before the scan reads its first row.
    parts:   disjoint conditions that add up to the whole. Sums run one query for each, so that each uses its own index.
    """

    def __init__(self, lookup: Term, per_row: Term, parts: Terms) -> None:
        self.lookup, self.per_row, self.parts = lookup, per_row, parts

    def __sql__(self, context: Any) -> Any:
        return context.sql(self.lookup)

    def __and__(self, other: Term) -> Term:
        return Expression(self, OP.AND, other)


def keyset_conditions(order: Terms, values: Sequence[Any], forward: bool) -> Iterator[list[Term]]:
    """Yield the conditions of each segment after the sort key `values` in `order`, the nearest segment first.

    With `forward=False` the segments lie before the key.
    """
    pairs = groupby(zip(order, values, strict=True), lambda pair: id(table_of(pair[0]) or pair[0]))
    groups = [tuple(zip(*group, strict=True)) for _, group in pairs]
    for depth in reversed(range(len(groups))):
        equal = [Expression(*pair) for terms, key in groups[:depth] for pair in zip(terms, repeat("="), key)]
        terms, key = groups[depth]
        yield [*equal, Expression(Tuple(*terms), ">" if forward else "<", Tuple(*key))]


def keyset_condition(order: Terms, values: Sequence[Any], forward: bool) -> Term:
    """All segments as one condition, for rows that are sorted anyway."""
    return without_index(
        reduce(or_, (reduce(and_, conditions) for conditions in keyset_conditions(order, values, forward)))
    )


def order_by(query: Any, order: Terms, descending: bool) -> Any:
    return query.order_by(*map(Desc if descending else Asc, order))


def where_all(query: Any, conditions: Terms) -> Any:
    return query.where(*conditions) if conditions else query


def without_index(condition: Term) -> Term:
    """Wrap the condition in `IS TRUE` so that the query planner can't use an index for it."""
    return Expression(condition.per_row if isinstance(condition, SearchCondition) else condition, "IS", SQL("TRUE"))


def disjoint_conditions(conditions: Terms) -> list[list[Term]]:
    """Split the conjunction of `conditions` into conjunctions that match each of its rows exactly once.

    A SearchCondition contributes its parts; the query planner sees any other condition in `IS TRUE`.
    """
    split: list[list[Term]] = [[]]
    for condition in conditions:
        parts = condition.parts if isinstance(condition, SearchCondition) else [without_index(condition)]
        split = [[*others, part] for others in split for part in parts]
    return split


def keep_sort_index(condition: Term, first: Term) -> Term:
    """The condition for a scan of an index that begins with the column `first`.

    A condition on `first` itself may use the index, because it narrows the scan to a range. Any other is wrapped in
    `IS TRUE`, so that it can't replace the sort index by its own.
    """
    if isinstance(condition, SearchCondition):
        condition = condition.per_row
    if isinstance(condition, Expression) and condition.op == OP.AND:
        return keep_sort_index(condition.lhs, first) & keep_sort_index(condition.rhs, first)
    column = condition.lhs if isinstance(condition, Expression) else None
    if isinstance(first, Field) and column is first:
        return condition
    if isinstance(first, Field) and isinstance(column, ForeignKeyField) and column.rel_model is first.model:
        return without_index(Expression(first.model.id, condition.op, condition.rhs))
    return without_index(condition)


def without_sort_index(term: Term) -> Term:
    """Wrap the term in COALESCE so that the query planner sorts instead of scanning an index in this order."""
    return fn.COALESCE(term, term)


def table_of(term: Term) -> Any:
    return term.model if isinstance(term, Field) else None


def tables_of(terms: Terms, besides: Any) -> list[Any]:
    """The tables that own `terms`, without `besides`, in the order of their first mention."""
    return [model for model in dict.fromkeys(map(table_of, terms)) if model not in (None, besides)]


def foreign_key(table: Any, parent: Any) -> Any:
    """The field of `table` that refers to `parent`."""
    return next(field for field, model in table._meta.refs.items() if model is parent)
