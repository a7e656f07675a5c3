"""The charts of a view: which bars they have, where a bar leads, and where its rectangles stand in the SVG."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from app.table.definitions import Chart, GroupBy
from app.table.kinds import INTEGER, Kind
from app.table.scope import Scope
from app.table.totals import Group, chart_range, narrow_view, summarize
from app.table.view import View
from app.web.urls import filtered_url

MAX_BARS = 10  # bars of one name each; all smaller groups are one bar
_OTHERS = "Others"

# Pixels: above the bars, of the bars, below them.
_TOP, _HEIGHT, _BOTTOM = 18, 72, 16
# Pixels from one bar to the next: of stacked bars, of several bars beside each other.
_STACK_STEP, _CLUSTER_STEP = 52, 96
_FILLED = 0.7  # share of a step that bars fill
_LABEL_LENGTH = 15  # characters of a name under a bar


class Series(NamedTuple):
    """A part of each bar: the number of its colour, its label, the kind of its numbers, and a link to its rows."""

    color: int
    label: str
    kind: Kind
    url: str = ""


class Rectangle(NamedTuple):
    """A rectangle of a bar, in pixels."""

    color: int
    x: float
    y: float
    width: float
    height: float


class Bar(NamedTuple):
    """A bar: its name, a link to its rows, and a number for each series. `x` is the left edge of its step."""

    name: str
    url: str
    numbers: Sequence[int]
    x: int = 0
    rectangles: Sequence[Rectangle] = ()

    @property
    def short_name(self) -> str:
        return self.name if len(self.name) <= _LABEL_LENGTH else f"{self.name[: _LABEL_LENGTH - 1]}…"

    def texts(self, series: Sequence[Series]) -> list[str]:
        """The numbers, formatted."""
        return [part.kind.show(number) for part, number in zip(series, self.numbers, strict=False)]

    def describe(self, series: Sequence[Series]) -> str:
        """The bar in words: "2026-11: Active 12, Ended 3"."""
        numbers = (f"{part.label} {text}" for part, text in zip(series, self.texts(series), strict=False))
        return f"{self.name}: {', '.join(numbers)}"


class DrawnChart(NamedTuple):
    """A chart for the template. An empty title stands for that of the declared chart.

    `axis_label` says what bars are named by. `zero_y` is the height of the axis, `max_label` the largest number.
    """

    title: str
    axis_label: str
    series: Sequence[Series]
    step: int
    bars: Sequence[Bar] = ()
    zero_y: float = 0
    max_label: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.step * len(self.bars), _TOP + _HEIGHT + _BOTTOM


# Yields the rectangles of a bar, given its left edge, the pixels of a unit, and the height of the axis.
DrawBar = Callable[[Bar, float, float, float], Iterator[Rectangle]]


def draw_chart(chart: Chart, view: View, scope: Scope) -> list[DrawnChart]:
    """Draw a declared chart of a view's rows.

    Grouped by one thing it is one chart, with a bar beside the others for each measure. Grouped by two things it is one
    chart of stacked bars for each measure. A view without rows has none.
    """
    view, axis_values = chart_range(chart, view, scope)
    groups = summarize(chart.summary, view, scope) if axis_values or not chart.axis_values else []
    if not groups:
        return []
    axis, *stack = chart.summary.group_by
    columns = [view.report.columns_by_key[key] for key in chart.summary.measures]
    if not stack:
        series = [Series(color, column.label, column.kind) for color, column in enumerate(columns)]
        return [_draw_clusters(axis.label, series, _largest_bars(view, axis, groups))]
    present = {group.values[1] for group in groups}
    values = [value for value in stack[0].ordered_values if value in present]
    charts = []
    for index, (title, kind) in enumerate([(column.label, column.kind) for column in columns] or [("", INTEGER)]):
        colors = [stack[0].ordered_values.index(value) for value in values]
        urls = [_group_url(view, stack[0], value) for value in values]
        series = [Series(color, value, kind, url) for color, value, url in zip(colors, values, urls, strict=True)]
        bars = _axis_bars(view, axis, axis_values, groups, values, index)
        charts.append(_draw_stacks(title, axis.label, series, bars))
    return charts


def _axis_bars(
    view: View, axis: GroupBy, axis_values: Sequence[str], groups: Sequence[Group], values: Sequence[str], measure: int
) -> list[Bar]:
    """A bar for each value of the axis, also for those without rows, which link to nothing."""
    numbers = {group.values: group.sums[measure] if group.sums else group.rows for group in groups}
    present = {name for name, _ in numbers}
    return [
        Bar(
            name,
            _group_url(view, axis, name) if name in present else "",
            [numbers.get((name, value), 0) for value in values],
        )
        for name in axis_values
    ]


def _largest_bars(view: View, axis: GroupBy, groups: Sequence[Group]) -> list[Bar]:
    """The groups with the largest numbers, then one bar for the sums of all others."""
    ordered = sorted((group for group in groups if any(group.sums)), key=lambda group: group.sums, reverse=True)
    largest = ((group.values[0], group.sums) for group in ordered[:MAX_BARS])
    bars = [Bar(name, _group_url(view, axis, name), sums) for name, sums in largest]
    rest = [sum(sums) for sums in zip(*(group.sums for group in ordered[MAX_BARS:]), strict=True)]
    return [*bars, Bar(_OTHERS, "", rest)] if rest else bars


def _group_url(view: View, axis: GroupBy, value: str) -> str:
    return filtered_url(narrow_view(view, axis.filters(value)))


def _draw_stacks(title: str, axis_label: str, series: Sequence[Series], bars: Sequence[Bar]) -> DrawnChart:
    """One bar for each name, its series stacked: what is below zero hangs from the axis."""
    ends = [sum(n for n in bar.numbers if (n > 0) == positive) for bar in bars for positive in (True, False)]
    width, margin = _STACK_STEP * _FILLED, _STACK_STEP * (1 - _FILLED) / 2

    def rectangles(bar: Bar, x: float, scale: float, zero: float) -> Iterator[Rectangle]:
        above = below = 0
        for part, number in zip(series, bar.numbers, strict=True):
            if number > 0:
                above += number
                yield Rectangle(part.color, x + margin, zero - above * scale, width, number * scale)
            elif number < 0:
                yield Rectangle(part.color, x + margin, zero - below * scale, width, -number * scale)
                below += number

    return _draw(DrawnChart(title, axis_label, series, _STACK_STEP), bars, ends, rectangles)


def _draw_clusters(axis_label: str, series: Sequence[Series], bars: Sequence[Bar]) -> DrawnChart:
    """A bar for each series of a name, beside each other."""
    ends = [number for bar in bars for number in bar.numbers]
    width, margin = _CLUSTER_STEP * _FILLED / len(series), _CLUSTER_STEP * (1 - _FILLED) / 2

    def rectangles(bar: Bar, x: float, scale: float, zero: float) -> Iterator[Rectangle]:
        for index, (part, number) in enumerate(zip(series, bar.numbers, strict=True)):
            left, top = x + margin + index * width, zero - max(number, 0) * scale
            yield Rectangle(part.color, left, top, width, abs(number) * scale)

    return _draw(DrawnChart("", axis_label, series, _CLUSTER_STEP), bars, ends, rectangles)


def _draw(chart: DrawnChart, bars: Sequence[Bar], ends: Sequence[int], rectangles: DrawBar) -> DrawnChart:
    """Add the bars to a chart, scaled to the height between the largest and the smallest of `ends`."""
    top, bottom = max([0, *ends]), min([0, *ends])
    scale = _HEIGHT / (top - bottom or 1)
    zero = _TOP + top * scale
    drawn = []
    for x, bar in zip(count(0, chart.step), bars, strict=False):
        drawn.append(bar._replace(x=x, rectangles=list(rectangles(bar, x, scale, zero))))
    return chart._replace(bars=drawn, zero_y=zero, max_label=chart.series[0].kind.show(top))
