"""Sum the rows of a view, by the same conditions as its page and its files."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise, product, repeat
from sys import getsizeof
from typing import Any, NamedTuple, overload

from peewee import Expression, fn

from app.table.cache import cached_until_import
from app.table.counts import choose_strategy
from app.table.definitions import Column, Dimension, GroupValue, Periods, Summary
from app.table.expressions import disjoint_conditions, tables_of
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.statements import compiled, placeholder
from app.table.view import NUL, View
from models import Snapshot, fold, reports_db


class Group(NamedTuple):
    """The values that its rows have in common, the number of rows, and the sums of the measures."""

    values: tuple[GroupValue, ...]
    rows: int
    sums: tuple[int, ...]


class Values(Sequence[GroupValue]):
    """The values of a dimension in alphabetical order. A tuple is kept as one text, in a third of its memory."""

    def __init__(self, texts: Sequence[str | None], are_tuples: bool = False) -> None:
        self._texts, self._are_tuples = texts, are_tuples

    def __len__(self) -> int:
        return len(self._texts)

    def __sizeof__(self) -> int:
        return getsizeof(self._texts) + sum(map(getsizeof, self._texts))

    @overload
    def __getitem__(self, index: int) -> GroupValue: ...
    @overload
    def __getitem__(self, index: slice) -> "Values": ...
    def __getitem__(self, index: int | slice) -> "GroupValue | Values":
        if isinstance(index, slice):
            return Values(self._texts[index], self._are_tuples)
        text = self._texts[index]
        return tuple(text.split(NUL)) if self._are_tuples and text is not None else text


class Groups(Sequence[Group]):
    """Groups in columns: a group takes 50 bytes, where objects would take 500.

    values:  of each dimension, the different values in alphabetical order.
    indexes: of each dimension, the index in `values` of each group's value.
    numbers: the rows of each group, and of each measure its sums.
    order:   the stored groups' indexes in the order in which this sequence has them.
    """

    def __init__(
        self,
        values: Sequence[Values],
        indexes: Sequence[Sequence[int]],
        numbers: Sequence[Sequence[int]],
        order: Sequence[int] | None = None,
    ) -> None:
        self.values, self.indexes, self.numbers = values, indexes, numbers
        self.order = range(len(numbers[0])) if order is None else order

    def in_order(self, order: Sequence[int]) -> "Groups":
        """The same groups in another order of their indexes."""
        return Groups(self.values, self.indexes, self.numbers, order)

    def __len__(self) -> int:
        return len(self.order)

    def __sizeof__(self) -> int:
        return sum(map(getsizeof, (*self.values, *self.indexes, *self.numbers)))

    @overload
    def __getitem__(self, index: int) -> Group: ...
    @overload
    def __getitem__(self, index: slice) -> list[Group]: ...
    def __getitem__(self, index: int | slice) -> Group | list[Group]:
        if isinstance(index, slice):
            return list(map(self._group, self.order[index]))
        return self._group(self.order[index])

    def _group(self, index: int) -> Group:
        values = [values[indexes[index]] for values, indexes in zip(self.values, self.indexes, strict=True)]
        rows, *sums = [numbers[index] for numbers in self.numbers]
        return Group(tuple(values), rows, tuple(sums))


class TooManyGroups(ValueError):
    """A view has more than MAX_GROUPS groups, which would fill the memory. The message says what to do."""

    def __init__(self) -> None:
        super().__init__(f"A view has at most {MAX_GROUPS:,} groups. Group by less, or choose fewer rows by filters.")


# Some groups as columns: the keys of each dimension, the numbers of rows, the sums of each measure.
Block = Sequence[Iterable[Any]]

MAX_GROUPS = 1_000_000
_BLOCK = 1000  # groups that are read at a time
_MAX_SLICES = 600  # periods that are summed by a query each
_MAX_GAP = 50  # years without rows; the periods of a longer gap get no groups
_own_transaction = Snapshot(lambda query, _: reports_db.execute(query))  # reads in this thread's read transaction


def summarize(summary: Summary, view: View, scope: Scope) -> list[Group]:
    """The groups of a view's rows, in the order of their texts. A summary without dimensions has one group."""
    level = max(view.level, summary.level)
    if level > view.level:
        view = replace(view, columns=(*view.columns, view.report.level_column(level)))
    query = RowQuery(view, scope, level)
    measures = [view.report.columns_by_key[key] for key in summary.measures]

    def read() -> list[Group]:
        groups = sum_groups(query, summary.group_by, measures)
        return sorted(groups, key=lambda group: _group_order(summary, group))

    found: list[Group] = cached_until_import((query.cache_key, summary, view.today), read)
    return found


def _group_order(summary: Summary, group: Group) -> list[Any]:
    pairs = zip(summary.group_by, group.values, strict=True)
    return [by.ordered_values.index(value) if by.ordered_values else by.text(value) for by, value in pairs]


def sum_groups(
    query: RowQuery,
    dimensions: Sequence[Dimension],
    measures: Sequence[Column],
    snapshot: Snapshot | None = None,
    every_period: bool = False,
) -> Groups:
    """Add up rows by dimensions, in the alphabetical order of the values of the first, the second and so on.

    Reads from the snapshot, or else in this thread's read transaction. Raises TooManyGroups.

    With `every_period`, a month (or quarter, or year) without rows between the first and the last one gets a group of
    zeros.
    """
    depth, source = len(dimensions), snapshot or _own_transaction
    keys = [_Numbering() for _ in dimensions]
    columns = [array("q") for _ in range(depth + 1 + len(measures))]

    def add(block: Block) -> None:
        for column, numbering, values in zip(columns, keys, block, strict=False):
            column.extend(map(numbering.__getitem__, values))
        for column, numbers in zip(columns[depth:], block[depth:], strict=True):
            column.extend(numbers)
        if depth and len(columns[0]) > MAX_GROUPS:
            raise TooManyGroups

    for block in _read_sums(query, dimensions, measures, source):
        add(block)
    if every_period:
        for key in _missing_periods(keys, dimensions):
            add([*((value,) for value in key), *((0,) for _ in columns[depth:])])
    values, indexes = [], []
    for dimension, numbering, column in zip(dimensions, keys, columns, strict=False):
        found, among = _read_values(dimension, set(numbering), source)
        values.append(found)
        index_of = {numbering[key]: index for index, key in enumerate(among)}
        indexes.append([index_of[number] for number in column])
    return _in_alphabetical_order(values, indexes, columns[depth:])


class _Numbering(dict[Any, int]):
    """Numbers keys from 0 in the order in which they are first looked up."""

    def __missing__(self, key: Any) -> int:
        number = self[key] = len(self)
        return number


def _in_alphabetical_order(
    values: Sequence[Values], indexes: Sequence[Sequence[int]], numbers: Sequence[Sequence[int]]
) -> Groups:
    """Sort groups by their first value, then by the second and so on, and add up those with the same values.

    The sort key of a group is one number, whose digits are the indexes of its values.
    """
    count = len(numbers[0])
    ranks: Sequence[int] = [0] * count
    for digits, among in zip(indexes, values, strict=True):
        ranks = [rank * len(among) + digit for rank, digit in zip(ranks, digits, strict=True)]
    order = sorted(range(count), key=ranks.__getitem__)
    in_order = [ranks[index] for index in order]
    starts = [at for at, rank in enumerate(in_order) if at == 0 or rank != in_order[at - 1]]
    columns = [[column[index] for index in order] for column in numbers]
    if len(starts) < count:  # several queries have found rows of the same group
        order = [order[start] for start in starts]
        columns = [list(_sums_between(column, [*starts, count])) for column in columns]
    indexes = [array("i", [column[index] for index in order]) for column in indexes]
    return Groups(values, indexes, [array("q", column) for column in columns])


def _sums_between(numbers: Iterable[int], edges: Iterable[int]) -> Iterator[int]:
    """The sum of the numbers from each edge to the next."""
    running = list(accumulate(numbers, initial=0))
    return (running[end] - running[start] for start, end in pairwise(edges))


def _read_sums(
    query: RowQuery, dimensions: Sequence[Dimension], measures: Sequence[Column], source: Snapshot
) -> Iterator[Block]:
    """Yield what is selected for the dimensions, the number of rows and the sums of the measures.

    A group may come more than once, each time with other rows.
    """
    query = choose_strategy(query)
    terms = [dimension.value(query.table, query.view.today) for dimension in dimensions]
    queries = query.totals(terms, measures)
    if len(terms) != 1 or not reports_db.groups_in_index(queries[0]):
        if slices := _slices(query, dimensions, source):
            yield from _read_slices(query, dimensions, measures, slices, source)
            return
        queries = query.totals(terms, measures, sorts=bool(terms))
    for select in queries:
        yield from source.columns(select, _BLOCK)


class _Slices(NamedTuple):
    """Rows as ranges of an index on the date: those of some days each, and within them of each value of `within`."""

    periods: Periods
    within: Dimension | None
    days: Sequence[tuple[str, str]]


def _slices(query: RowQuery, dimensions: Sequence[Dimension], source: Snapshot) -> _Slices | None:
    """The slices, if a query for each is faster than one query for all rows; None otherwise.

    A database sorts rows to group them by several terms, or by an expression such as a month. But each month is a range
    of an index that holds all that is added up. Without another dimension nothing has to be sorted then, and with one
    only the rows of a month. If no dimension is of time, slices are years.
    """
    times = [dimension.periods for dimension in dimensions if dimension.periods]
    periods = min(times, key=lambda periods: periods.months) if times else query.report.longest_periods
    if query.sort_matches or not periods or len(disjoint_conditions(query.conditions(query.table))) > 1:
        return None
    is_date_alone = len(times) == len(dimensions) and query.view.filters.keys() <= {"period", "from", "to"}
    within = None if is_date_alone else periods.within  # the index of the date lacks other dimensions and filters
    if not (is_date_alone or within):
        return None
    dates = _date_range(query, periods, source)
    if dates is None:
        return None
    first, last = dates
    names = periods.between(periods.of_day(first), periods.of_day(last)) if first <= last else []
    if len(names) > _MAX_SLICES:
        return None
    return _Slices(periods, within, [(max(begin, first), min(end, last)) for begin, end in map(periods.days, names)])


def _date_range(query: RowQuery, periods: Periods, source: Snapshot) -> tuple[str, str] | None:
    """The first and the last day of the view's filters that the table has, None where the table is empty."""
    field, (first, last) = getattr(query.table, periods.field), query.view.date_range
    earliest, latest = [next(source.columns(query.table.select(end(field)), 1))[0][0] for end in (fn.MIN, fn.MAX)]
    if earliest is None:
        return None
    return max(first, earliest[:10]), min(last or latest[:10], latest[:10])


def _read_slices(
    query: RowQuery, dimensions: Sequence[Dimension], measures: Sequence[Column], slices: _Slices, source: Snapshot
) -> Iterator[Block]:
    (periods, within, days), today = slices, query.view.today
    others = [dimension for dimension in dimensions if not dimension.periods and dimension is not within]
    terms = [dimension.value(query.table, today) for dimension in others]
    field, values = getattr(query.table, periods.field), [""]
    conditions = [Expression(field, ">=", placeholder(0)), Expression(field, "<=", placeholder(1))]
    if within:
        conditions.append(Expression(within.value(query.table, today), "=", placeholder(2)))
        chosen = query.view.filters.get(within.key)
        values = [value for value in within.ordered_values if chosen in (None, value)]
    key = (query.cache_key, periods, within, tuple(dimensions), tuple(measures), today)
    statements = compiled(key, lambda: query.totals(terms, measures, conditions, sorts=bool(terms)))
    for (first, last), value in product(days, values):
        shared = {dimension: dimension.periods.of_day(first) for dimension in dimensions if dimension.periods}
        if within:
            shared[within] = value
        for statement in statements:
            for block in source.columns(statement.query(first, f"{last} 23:59:59", value), _BLOCK):
                columns = iter(block)
                keys = [
                    repeat(shared[dimension], len(block[-1])) if dimension in shared else next(columns)
                    for dimension in dimensions
                ]
                yield [*keys, *columns]


def _missing_periods(
    keys: Sequence[Collection[Any]], dimensions: Sequence[Dimension]
) -> Iterator[tuple[str | None, ...]]:
    """Yield a key for each period without rows between two with rows; dimensions other than time are None in it.

    Very long gaps stay: people write 9999-12-31 for "never", and nobody reads 95,677 months without rows.
    """
    times = [(index, dimension.periods) for index, dimension in enumerate(dimensions) if dimension.periods]
    if not times:
        return
    index, shortest = min(times, key=lambda time: time[1].months)
    for before, after in pairwise(sorted(keys[index])):
        gap = int(after[:4]) - int(before[:4])
        for period in shortest.between(before, after)[1:-1] if gap <= _MAX_GAP else ():
            day, _ = shortest.days(period)
            yield tuple(dimension.periods.of_day(day) if dimension.periods else None for dimension in dimensions)


def _read_values(dimension: Dimension, keys: set[Any], source: Snapshot) -> tuple[Values, list[Any]]:
    """The values of a dimension in alphabetical order, and what is selected for each.

    None, in the row of a period without rows, is the first.
    """
    first: list[Any] = [None] if None in keys else []
    keys = keys - {None}
    if not dimension.names:
        found = first + sorted(keys, key=lambda key: (fold(key), key))
        return Values(found), found
    names = dimension.names[0].model
    query = names.select(names.id, *dimension.names)
    for parent in tables_of(dimension.names, besides=names):
        query = query.join_from(names, parent)
    query = query.where(reports_db.in_values(names.id, sorted(keys)))
    query = query.order_by(*(getattr(names, name) for name in names.alphabetical))
    ids, texts = first, list(first)
    for block, *columns in source.columns(query, _BLOCK):
        ids += block
        texts += map(NUL.join, zip(*columns, strict=True))
    return Values(texts, are_tuples=len(dimension.names) > 1), ids
