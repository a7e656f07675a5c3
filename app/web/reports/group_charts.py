"""Charts of a grouped view, from the groups that it shows: periods as columns, or names with the largest numbers."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from app.table.definitions import ROWS, Chart, Dimension, GroupValue
from app.table.groups import read_groups
from app.table.kinds import INTEGER
from app.table.scope import Scope
from app.table.totals import Groups
from app.table.view import View
from app.web.reports.charts import FEW_PERIODS, MAX_BARS, Bar, Figure, Part, draw_bars
from app.web.urls import narrowed_url

MAX_PERIODS = 24  # columns of a chart: the last ones
_COLORS = ("0", "1", "3")  # of the names with the largest numbers, where a column has no colours for its values
_OTHERS_COLOR = "2"
_NO_VALUE: GroupValue = ()  # that of no row

Sums = Mapping[tuple[GroupValue, ...], int]


def draw_groups(chart: Chart, view: View, scope: Scope) -> Figure:
    """Draw the number of a declared chart by the dimensions of a grouped view.

    Periods are columns, stacked by the first of the other dimensions. Without a period, bars are those values of the
    first dimension that have the largest numbers.
    """
    groups = read_groups(view, scope)
    axis = next((dimension for dimension in view.group if dimension.periods), view.group[0])
    parts = [dimension for dimension in view.group if not dimension.periods][:1] if axis.periods else []
    columns = view.report.columns_by_key
    kind = columns[chart.measure].kind if chart.measure else INTEGER
    figure = Figure(
        f"{chart.title} by {' and '.join(dimension.label.lower() for dimension in (axis, *parts))}", axis.label, kind
    )
    sums = _sum(view, groups, (axis, *parts), chart.measure or ROWS)
    if axis.periods:
        return _draw_periods(figure, view, axis, parts[0] if parts else None, sums)
    whole = columns[chart.measure].share_of if chart.measure else ""
    wholes = _sum(view, groups, (axis,), whole) if whole in columns else {}
    labels = [Part("0", columns[chart.measure].label), Part("rest", columns[whole].label)] if wholes else []
    return _draw_largest(figure._replace(parts=labels), view, axis, sums, wholes)


def _sum(view: View, groups: Groups, dimensions: Sequence[Dimension], key: str) -> Sums:
    """Add up a column of numbers by dimensions of the view."""
    indexes = [view.group.index(dimension) for dimension in dimensions]
    numbers = groups.numbers[[ROWS, *(measure.key for measure in view.report.measures)].index(key)]
    sums: dict[tuple[int, ...], int] = defaultdict(int)
    for key_, number in zip(zip(*(groups.indexes[index] for index in indexes), strict=True), numbers, strict=True):
        sums[key_] += number
    values = [groups.values[index] for index in indexes]
    return {tuple(each[at] for each, at in zip(values, key_, strict=True)): number for key_, number in sums.items()}


def _draw_periods(figure: Figure, view: View, axis: Dimension, stack: Dimension | None, sums: Sums) -> Figure:
    """Draw periods as columns, the last MAX_PERIODS of them; with `stack`, made of parts."""
    every = sorted({str(key[0]) for key in sums})
    periods = every[-MAX_PERIODS:]
    if stack is None:
        colors, stacks = ["0"], [[sums[(period,)]] for period in periods]
    else:
        shown = {key: number for key, number in sums.items() if key[0] in periods and key[1] is not None}
        parts = list(_parts(view, stack, shown))
        figure = figure._replace(parts=[part for part, _ in parts])
        colors, named = [part.color for part, _ in parts], [value for _, value in parts]
        stacks = [[shown.get((period, value), 0) for value in named] for period in periods]
        if named[-1:] == [_NO_VALUE]:  # the part of all others
            for period, numbers in zip(periods, stacks, strict=True):
                numbers[-1] = sum(number for key, number in shown.items() if key[0] == period) - sum(numbers)
    urls = [
        narrowed_url(view, axis.filters(period)) if any(numbers) else ""
        for period, numbers in zip(periods, stacks, strict=True)
    ]
    bars = list(map(Bar, periods, urls, stacks))
    hidden = figure._replace(hidden=len(every) - len(periods))
    return draw_bars(hidden, bars, colors, as_columns=len(bars) > FEW_PERIODS)


def _parts(view: View, stack: Dimension, sums: Sums) -> Iterator[tuple[Part, GroupValue]]:
    """Yield the parts of columns, each with its value. The part of all others has _NO_VALUE."""
    totals: dict[GroupValue, int] = defaultdict(int)
    for (_, value), number in sums.items():
        totals[value] += abs(number)
    named: list[tuple[str, GroupValue]]
    palette = view.report.columns_by_key[stack.key].colored_values
    if palette:
        named = [(str(palette.index(value)), value) for value in palette if value in totals]
    else:
        largest = sorted(totals, key=lambda value: totals[value], reverse=True)
        named = list(zip(_COLORS, largest, strict=False))
    for color, value in named:
        yield Part(color, stack.show(stack.text(value)), narrowed_url(view, stack.filters(value))), value
    if len(named) < len(totals):
        yield Part(_OTHERS_COLOR, "Others"), _NO_VALUE


def _draw_largest(figure: Figure, view: View, axis: Dimension, sums: Sums, wholes: Sums) -> Figure:
    """Draw those values of a dimension that have the largest numbers."""
    bars = []
    for key, number in sums.items():
        whole = wholes.get(key) if wholes else None
        if number or whole:
            bars.append(Bar(axis.show(axis.text(key[0])), narrowed_url(view, axis.filters(key[0])), [number], whole))
    bars.sort(key=lambda bar: bar.numbers[0], reverse=True)
    return draw_bars(figure._replace(hidden=len(bars[MAX_BARS:])), bars[:MAX_BARS], ["0"])
