"""Sum the rows of a view, by the same conditions as its page and its files."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from operator import add
from sys import getsizeof
from typing import Any, NamedTuple, overload

from peewee import Expression, ForeignKeyField, fn

from app.table.cache import cached_until_import
from app.table.counts import choose_strategy
from app.table.definitions import Column, Dimension, GroupValue, Periods, Summary
from app.table.expressions import tables_of, without_sort_index
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.statements import compiled, placeholder
from app.table.view import View
from models import fold, reports_db
from models.sqlite import Snapshot


class Group(NamedTuple):
    """The values that its rows have in common, the number of rows, and the sums of the measures."""

    values: tuple[GroupValue, ...]
    rows: int
    sums: tuple[int, ...]


class Groups(Sequence[Group]):
    """Groups in columns: a group takes 50 bytes, where objects would take 500.

    values:  of each dimension, the different values in alphabetical order.
    places:  of each dimension, the place there of each group's value.
    numbers: the rows of each group, and of each measure its sums.
    order:   the indexes of groups in another order than that in which they are stored.
    """

    def __init__(
        self,
        values: Sequence[Sequence[GroupValue]],
        places: Sequence[Sequence[int]],
        numbers: Sequence[Sequence[int]],
        order: Sequence[int] | None = None,
    ) -> None:
        self.values, self.places, self.numbers = values, places, numbers
        self.order = range(len(numbers[0])) if order is None else order

    def in_order(self, order: Sequence[int]) -> "Groups":
        """The same groups in another order of their indexes."""
        return Groups(self.values, self.places, self.numbers, order)

    def __len__(self) -> int:
        return len(self.order)

    def __sizeof__(self) -> int:
        numbers = sum(map(getsizeof, (*self.places, *self.numbers)))
        return numbers + _VALUE_BYTES * sum(map(len, self.values))

    @overload
    def __getitem__(self, index: int) -> Group: ...
    @overload
    def __getitem__(self, index: slice) -> list[Group]: ...
    def __getitem__(self, index: int | slice) -> Group | list[Group]:
        if isinstance(index, slice):
            return list(map(self._group, self.order[index]))
        return self._group(self.order[index])

    def _group(self, index: int) -> Group:
        values = [values[places[index]] for values, places in zip(self.values, self.places, strict=True)]
        rows, *sums = [numbers[index] for numbers in self.numbers]
        return Group(tuple(values), rows, tuple(sums))


Records = Iterable[tuple[Any, ...]]
_VALUE_BYTES = 300  # of a value in memory, at most, but for long texts
_BLOCK = 1000  # rows that are read at a time from a snapshot
_MAX_SLICES = 600  # periods that are summed by a query each
_MAX_GAP = 50  # years without rows up to which each of their periods is a group


def summarize(summary: Summary, view: View, scope: Scope) -> list[Group]:
    """The groups of a view's rows, in the order of their texts; one if the summary groups by nothing."""
    level = max(view.level, summary.level)
    if level > view.level:
        view = replace(view, columns=(*view.columns, view.report.level_column(level)))
    rows = RowQuery(view, scope, level)
    measures = [view.report.columns_by_key[key] for key in summary.measures]

    def read() -> list[Group]:
        groups = sum_groups(rows, summary.group_by, measures)
        return sorted(groups, key=lambda group: _group_order(summary, group))

    found: list[Group] = cached_until_import((rows.cache_key, summary, view.today), read)
    return found


def _group_order(summary: Summary, group: Group) -> list[Any]:
    pairs = zip(summary.group_by, group.values, strict=True)
    return [by.ordered_values.index(value) if by.ordered_values else by.text(value) for by, value in pairs]


def sum_groups(
    rows: RowQuery,
    dimensions: Sequence[Dimension],
    measures: Sequence[Column],
    snapshot: Snapshot | None = None,
    every_period: bool = False,
) -> "Groups":
    """Add up rows by dimensions, in the alphabetical order of the values of the first, the second and so on.

    Reads from the snapshot, or else from this thread's connection. With `every_period` there is a group of zeros for
    each month (or what else is grouped by) without rows between the first and the last.
    """
    depth, records = len(dimensions), _read_sums(rows, dimensions, measures, snapshot)
    if every_period:
        zeros = (0,) * (1 + len(measures))
        records += [(*key, *zeros) for key in _missing_periods(records, dimensions)]
    columns = list(zip(*records, strict=True)) if records else [()] * (depth + 1 + len(measures))
    values, places = [], []
    for dimension, keys in zip(dimensions, columns, strict=False):
        found = _values(dimension, set(keys), snapshot)
        values.append([value for value, _ in found])
        place_of = {key: place for place, (_, key) in enumerate(found)}
        places.append([place_of[key] for key in keys])
    order = sorted(range(len(records)), key=_numbers(places, values).__getitem__)
    return Groups(
        values,
        [array("l", [each[index] for index in order]) for each in places],
        [array("q", [each[index] for index in order]) for each in columns[depth:]],
    )


def _numbers(places: Sequence[Sequence[int]], values: Sequence[Sequence[Any]]) -> Sequence[int]:
    """A number for each group, by which groups are in the order of their first place, then of the second and so on."""
    if not places:
        return [0]
    numbers = places[0]
    for more, among in zip(places[1:], values[1:], strict=True):
        numbers = [number * len(among) + place for number, place in zip(numbers, more, strict=True)]
    return numbers


def _read_sums(
    rows: RowQuery, dimensions: Sequence[Dimension], measures: Sequence[Column], snapshot: Snapshot | None
) -> list[tuple[Any, ...]]:
    """What is selected for the dimensions, the number of rows and the sums of the measures, of each group once."""
    rows = choose_strategy(rows)
    periods = dimensions[0].periods if snapshot is None and len(dimensions) == 1 else None
    if periods and (slices := _slices(rows, periods)):
        return list(_read_slices(rows, periods, measures, slices))
    terms = [each.value(rows.table, rows.view.today) for each in dimensions]
    if (
        rows.view.resolved_filters
    ):  # the index of a foreign key lacks what filters ask for, so that each row would be read
        terms = [without_sort_index(term) if isinstance(term, ForeignKeyField) else term for term in terms]
    first, *others = [list(_records(query, snapshot)) for query in rows.totals(terms, measures)]
    if terms and not others:
        return first
    sums: dict[tuple[Any, ...], Sequence[Any]] = {}
    for record in chain(first, *others):  # each query has a part of the rows, perhaps of the same group
        key, numbers = record[: len(terms)], record[len(terms) :]
        if numbers[0]:
            sums[key] = tuple(map(add, sums[key], numbers)) if key in sums else numbers
    return [(*key, *numbers) for key, numbers in sums.items()]


def _slices(rows: RowQuery, periods: Periods) -> Sequence[str]:
    """The periods that can be summed by a query each; none if another way is faster.

    A database sorts rows to group them by an expression. A period is a range of the index on the date, which holds the
    reseller and the numbers too, so that it needs no sorting. Other filters would read each row.
    """
    if rows.sort_matches or not rows.view.filters.keys() <= {"period", "from", "to"}:
        return ()
    field, (first, last) = getattr(rows.table, periods.field), rows.view.date_range
    ends = [next(iter(_records(rows.table.select(end(field)), None)))[0] for end in (fn.MIN, fn.MAX)]
    if None in ends:
        return ()
    first, last = max(first, ends[0][:10]), min(last or ends[1][:10], ends[1][:10])
    found = periods.between(periods.of_day(first), periods.of_day(last)) if first <= last else ()
    return found if len(found) <= _MAX_SLICES else ()


def _read_slices(
    rows: RowQuery, periods: Periods, measures: Sequence[Column], slices: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    field = getattr(rows.table, periods.field)
    within = Expression(field, ">=", placeholder(0)), Expression(field, "<=", placeholder(1))
    key = (rows.cache_key, periods, tuple(measures), rows.view.today)
    statements = compiled(key, lambda: [query.where(*within) for query in rows.totals([], measures)])
    for period in slices:
        first, last = periods.days(period)
        for statement in statements:
            ((count, *sums),) = statement.run(first, f"{last} 23:59:59").fetchall()
            if count:
                yield period, count, *sums


def _missing_periods(records: Sequence[tuple[Any, ...]], dimensions: Sequence[Dimension]) -> Iterator[tuple[Any, ...]]:
    """Yield a key for each period without rows between two with rows; dimensions other than time are None in it.

    Very long gaps stay: people write 9999-12-31 for "never", and nobody reads 95,677 months without rows.
    """
    times = [(place, each.periods) for place, each in enumerate(dimensions) if each.periods]
    if not records or not times:
        return
    place, shortest = min(times, key=lambda time: time[1].months)
    known = {record[place] for record in records}
    for before, after in pairwise(sorted(known)):
        gap = int(after[:4]) - int(before[:4])
        for period in shortest.between(before, after)[1:-1] if gap <= _MAX_GAP else ():
            day, _ = shortest.days(period)
            yield tuple(each.periods.of_day(day) if each.periods else None for each in dimensions)


def _values(dimension: Dimension, keys: set[Any], snapshot: Snapshot | None) -> list[tuple[GroupValue, Any]]:
    """The values of a dimension in alphabetical order, each with what is selected for it.

    None, in the row of a period without rows, is the first.
    """
    first: list[tuple[GroupValue, Any]] = [(None, None)] if None in keys else []
    keys = keys - {None}
    if not dimension.names:
        return first + [(key, key) for key in sorted(keys, key=lambda key: (fold(key), key))]
    names = dimension.names[0].model
    query = names.select(names.id, *dimension.names)
    for parent in tables_of(dimension.names, besides=names):
        query = query.join_from(names, parent)
    query = query.where(reports_db.in_values(names.id, sorted(keys)))
    records = _records(query.order_by(*(getattr(names, name) for name in names.alphabetical)), snapshot)
    if len(dimension.names) == 1:
        return first + [(name, id_) for id_, name in records]
    return first + [(record[1:], record[0]) for record in records]


def _records(query: Any, snapshot: Snapshot | None) -> Records:
    if snapshot is None:
        found: Records = reports_db.execute(query)
        return found
    return chain.from_iterable(zip(*columns, strict=True) for columns in snapshot.columns(query, _BLOCK))


def narrow_view(view: View, filters: Mapping[str, str]) -> View:
    """The view with more filters, such as those of a group. Its own date range still holds."""
    filters, others = dict(filters), dict(view.filters)
    if "from" in filters:
        first, last = view.date_range
        filters |= {"from": max(filters["from"], first), "to": min(filters["to"], last or filters["to"])}
        others.pop("period", None)
    return view.with_filters(others | filters)
