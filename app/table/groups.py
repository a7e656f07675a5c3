"""The rows of a grouped view: all its groups in the order of its sort, and the view of the rows in each.

All groups are read at once and stay in memory until the next import, so that every page and every order of them is
found there. Files read them from their own snapshot.
"""

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from peewee import fn

from app.table.cache import BoundedCache, cached_until_import, is_cached
from app.table.definitions import ROWS, Column
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.totals import Group, Groups, sum_groups
from app.table.view import RowPath, View
from models import Snapshot, reports_db

MAX_ROWS_AT_ONCE = 2_000_000  # in a table whose groups are added up before the page is sent

groups_cache = BoundedCache(100_000_000)


def read_groups(view: View, scope: Scope, snapshot: Snapshot | None = None) -> Groups:
    """All groups of a view in the order of its sort, read from the snapshot if there is one. Raises TooManyGroups.

    Groups that the sort doesn't tell apart are in the order of their dimensions, in a descending sort backwards.
    """
    query = RowQuery(view, scope, view.level)

    def read() -> Groups:
        return sum_groups(query, view.group, view.report.measures, snapshot, every_period=True)

    key = (query.cache_key, view.today)
    groups: Groups = read() if snapshot else cached_until_import(key, read, groups_cache)
    if snapshot:
        return groups.in_order(_order(view, groups))
    return groups.in_order(
        cached_until_import((key, view.sort), lambda: array("l", _order(view, groups)), groups_cache)
    )


def groups_are_slow(view: View, scope: Scope) -> bool:
    """Whether a page shouldn't wait for the groups of a view: they aren't in memory, and its table is large."""
    query = RowQuery(view, scope, view.level)
    if is_cached((query.cache_key, view.today), groups_cache):
        return False
    ((largest_id,),) = reports_db.execute(query.table.select(fn.COALESCE(fn.MAX(query.table.id), 0)))
    return int(largest_id) > MAX_ROWS_AT_ONCE


def _order(view: View, groups: Groups) -> Sequence[int]:
    """The indexes of groups in the order of the view's sort. The groups themselves are in that of their dimensions."""
    indexes = range(len(groups))
    if view.descending:
        indexes = indexes[::-1]
    column = view.sort_column
    if column in view.report.columns[: len(view.group)]:
        numbers = groups.indexes[view.report.columns.index(column)]
    else:
        numbers = groups.numbers[_number_of(view, column)]
    return sorted(indexes, key=numbers.__getitem__, reverse=view.descending)


def _number_of(view: View, column: Column) -> int:
    """Which of a group's numbers a column has: 0 is the number of rows, 1 the first sum."""
    return [ROWS, *(measure.key for measure in view.report.measures)].index(column.key)


def group_columns(view: View, groups: Sequence[Group]) -> list[list[Any]]:
    """The values of groups in each of the view's columns. None stands in the row of a period without rows."""
    dimensions = {dimension.key: (index, dimension) for index, dimension in enumerate(view.group)}
    columns: list[list[Any]] = []
    for column in view.columns:
        if column.key in dimensions:
            index, dimension = dimensions[column.key]
            values = [group.values[index] for group in groups]
            columns.append([None if value is None else dimension.text(value) for value in values])
        else:
            index = _number_of(view, column)
            columns.append([(group.rows, *group.sums)[index] for group in groups])
    return columns


def group_companions(view: View, group: Group) -> list[Any]:
    """The companions of a group's values: the id of a customer, and by how much a number is too high."""
    companions: list[Any] = []
    values = {dimension.key: value for dimension, value in zip(view.group, group.values, strict=True)}
    sums = {column.value: number for column, number in zip(view.report.measures, group.sums, strict=True)}
    for column in view.columns:
        if column.overage is not None:
            companions.append(sums.get(column.overage, 0))
        elif column.link_id is not None:
            value = values[column.key]
            companions.append(value[1] if isinstance(value, tuple) else None)
    return companions


def group_path(view: View, group: Group) -> RowPath:
    """The path of a group: the texts of its values, ("2026-11", "Renew")."""
    return tuple(dimension.row_name(value) for dimension, value in zip(view.group, group.values, strict=True))


def member_view(view: View, group: Group) -> View:
    """The view of the rows that a group is made of: the report's own, as deep as they go."""
    report = view.report.source or view.report
    inner = tuple(report.level_column(level) for level in range(1, len(report.levels)))
    members = replace(
        view.grouped_by(()),
        columns=tuple(dict.fromkeys((*report.default_columns, *inner))),
        filters={**report.group_filters, **view.filters},
    )
    for dimension, value in zip(view.group, group.values, strict=True):
        filters = dimension.filters(value)
        spellings = {key: texts for key, texts in members.spellings.items() if key[0] not in filters}
        members = replace(members, spellings=spellings).narrowed_by(filters)
    return members
