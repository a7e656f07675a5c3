"""Charts of a view as data: bars, gridlines and where each leads. templates/reports/_charts.html draws them.

Libraries that draw SVG in Python don't fit: pygal 3.1 writes `<style>` and `<script>`, which our Content Security
Policy forbids; leather 0.4 has no links; both scale text with the picture; drawsvg and svg.py write elements only.
"""

from calendar import month_abbr
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from app.table.charts import chart_range, largest_rows
from app.table.definitions import Chart
from app.table.kinds import INTEGER, Kind
from app.table.scope import Scope
from app.table.totals import Group, summarize
from app.table.view import View
from app.web.urls import narrowed_url

MAX_BARS = 6  # bars of names; "6 of 31" says that there are more
FEW_PERIODS = 3  # up to so many are rows of a table: a column of one month would be as wide as the chart
_HEIGHT = 140  # pixels between the lowest and the highest gridline
_MAX_INTERVALS = 3  # between gridlines
_GAP = 0.8  # pixels between the parts of a column
_MIN_LENGTH = 0.8  # pixels or per cent: a number other than zero is always visible
_UNITS = ("", "k", "M", "B", "T")


# The drawn part of a bar: its color, start and length, in pixels from the top of the grid or in per cent from the left.
Rectangle = tuple[str, float, float]


class Part(NamedTuple):
    """A part of which each bar has some, such as an action: its color, its label, and a link to its rows."""

    color: str
    label: str
    url: str = ""


class Bar(NamedTuple):
    """A bar, a link to its rows ("" for none), the numbers of its parts, and the whole of which they are a share."""

    name: str
    url: str
    numbers: Sequence[int]
    whole: int | None = None
    rectangles: Sequence[Rectangle] = ()

    @property
    def period(self) -> str:
        """The label of a bar for a period, below which its year stands: "Nov" for "2026-11", "Q4", "" for a year."""
        part = self.name[5:]
        return month_abbr[int(part)] if part.isdecimal() else part

    @property
    def begins_year(self) -> bool:
        """Whether the year stands below it."""
        return self.period in ("Jan", "Q1", "")


class Figure(NamedTuple):
    """A drawn chart. With a grid its bars are columns, else they are rows of a table.

    axis:   the label of what each bar stands for: "Month".
    parts:  the legend; () without one.
    grid:   the height and the label of each line.
    hidden: how many bars are left out.
    """

    title: str
    axis: str
    kind: Kind
    parts: Sequence[Part] = ()
    bars: Sequence[Bar] = ()
    grid: Sequence[tuple[float, str]] = ()
    hidden: int = 0

    @property
    def needs_table(self) -> bool:
        """Whether a table must show the numbers of the parts."""
        return any(len(bar.numbers) == len(self.parts) for bar in self.bars)

    def total(self, bar: Bar) -> str:
        """The number of a bar: "1,234" or "12 of 34"."""
        total = self.kind.show(sum(bar.numbers))
        return total if bar.whole is None else f"{total} of {self.kind.show(bar.whole)}"

    def short_total(self, bar: Bar) -> str:
        return abbreviate(sum(bar.numbers), self.kind)

    def describe(self, bar: Bar) -> str:
        """A bar in words: "2026-11: 15; Active 12, Ended 3"."""
        parts = zip(self.parts, bar.numbers, strict=False) if self.needs_table else ()
        texts = ", ".join(f"{part.label} {self.kind.show(number)}" for part, number in parts)
        return "; ".join(filter(None, [f"{bar.name}: {self.total(bar)}", texts]))


def draw_chart(chart: Chart, view: View, scope: Scope) -> Figure:
    """Draw a declared chart of a view's rows. Without such rows it has no bars."""
    if chart.months:
        return _draw_months(chart, view, scope)
    if chart.summary.group_by:
        return _draw_largest_groups(chart, view, scope)
    return _draw_largest_rows(chart, view, scope)


def _draw_months(chart: Chart, view: View, scope: Scope) -> Figure:
    """Draw months, with their parts stacked. Of a single month each part is a bar."""
    axis, stack = chart.summary.group_by
    months_view, months = chart_range(chart, view, scope)
    groups = summarize(chart.summary, months_view, scope) if months else []
    numbers = {group.values: _number(chart, group, chart.measure) for group in groups}
    columns = view.report.columns_by_key
    kind = columns[chart.measure].kind if chart.measure else INTEGER
    palette = columns[stack.column].colored_values
    values = [value for value in palette if any(value == part for _, part in numbers)]
    colors = [str(palette.index(value)) for value in values]
    if len(months) == 1:
        figure = Figure(f"{chart.title} in {months[0]}", stack.label, kind)
        stacks = [[numbers[months[0], value] if value == other else 0 for other in values] for value in values]
        urls = [narrowed_url(months_view, stack.filters(value)) for value in values]
        return draw_bars(figure, list(map(Bar, values, urls, stacks)), colors)
    parts = list(map(Part, colors, values, [narrowed_url(view, stack.filters(value)) for value in values]))
    figure = Figure(f"{chart.title} by {axis.label.lower()}", axis.label, kind, parts)
    filled = {month for month, _ in numbers}
    stacks = [[numbers.get((month, value), 0) for value in values] for month in months]
    urls = [narrowed_url(view, axis.filters(month)) if month in filled else "" for month in months]
    bars = list(map(Bar, months, urls, stacks)) if groups else []
    return draw_bars(figure, bars, colors, as_columns=len(bars) > FEW_PERIODS)


def _draw_largest_groups(chart: Chart, view: View, scope: Scope) -> Figure:
    """Draw the groups with the largest numbers."""
    (axis,) = chart.summary.group_by
    columns = view.report.columns_by_key
    column, whole = columns[chart.measure], columns.get(columns[chart.measure].share_of)
    bars = []
    for group in summarize(chart.summary, view, scope):
        (value,), number = group.values, _number(chart, group, chart.measure)
        of = _number(chart, group, whole.key) if whole else None
        if number or of:
            bars.append(Bar(axis.show(axis.text(value)), narrowed_url(view, axis.filters(value)), [number], of))
    bars.sort(key=lambda bar: sum(bar.numbers), reverse=True)
    parts = [Part("0", column.label), Part("rest", whole.label)] if whole else []
    figure = Figure(f"{chart.title} by {axis.label.lower()}", axis.label, column.kind, parts)
    return draw_bars(figure._replace(hidden=len(bars[MAX_BARS:])), bars[:MAX_BARS], ["0"])


def _draw_largest_rows(chart: Chart, view: View, scope: Scope) -> Figure:
    """Draw the first-level rows with the largest numbers above zero. Each leads to the rows of its customer."""
    name_column, column = view.report.columns[0], view.report.columns_by_key[chart.measure]
    link, bars = name_column.link, []
    for row in largest_rows(view, scope, chart.measure, MAX_BARS):
        (name, number), id_ = row.values, row.companions[0]
        if number > 0 and link:
            bars.append(Bar(name, narrowed_url(view, {link.key: id_} if id_ else {link.name_key: name}), [number]))
    return draw_bars(Figure(chart.title, name_column.label, column.kind), bars, ["3"])


def _number(chart: Chart, group: Group, measure: str) -> int:
    return group.sums[chart.summary.measures.index(measure)] if measure else group.rows


def draw_bars(figure: Figure, bars: Sequence[Bar], colors: Sequence[str], as_columns: bool = False) -> Figure:
    """Place the parts of all bars on one scale: up and down from zero, or to the left and the right of it."""
    stacks = [list(_stack(bar, colors)) for bar in bars]
    ends = [0, *(end for stack in stacks for _, *both in stack for end in both)]
    low, high, grid = min(ends), max(ends), range(0)
    if as_columns:
        step = grid_step(low, high)
        low, high = low // step * step, -(-high // step) * step
        grid = range(low, high + 1, step)
    length, gap = (_HEIGHT, _GAP) if as_columns else (100, 0)
    scale = length / (high - low or 1)

    def place(color: str, start: int, end: int) -> Rectangle:
        from_start = length - (end - low) * scale if as_columns else (start - low) * scale
        return color, from_start, max((end - start) * scale - gap, _MIN_LENGTH)

    lines = [(length - (line - low) * scale, abbreviate(line, figure.kind)) for line in grid]
    placed = zip(bars, ([place(*part) for part in stack] for stack in stacks), strict=True)
    return figure._replace(grid=lines, bars=[bar._replace(rectangles=rectangles) for bar, rectangles in placed])


def _stack(bar: Bar, colors: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """The parts of a bar with both ends: those above zero stand on each other, those below hang from each other."""
    if bar.whole:
        yield "rest", 0, bar.whole
    above = below = 0
    for color, number in zip(colors, bar.numbers, strict=True):
        if number > 0:
            yield color, above, above + number
            above += number
        elif number < 0:
            yield color, below + number, below
            below += number


def grid_step(low: int, high: int) -> int:
    """The smallest of 1, 2, 2.5 or 5 × 10ⁿ that needs few intervals from below `low` to above `high`."""
    steps: Iterator[int] = (digits * 10**power // 10 for power in count() for digits in (10, 20, 25, 50))
    return next(step for step in steps if -(-high // step) - low // step <= _MAX_INTERVALS)  # rounded outwards


def abbreviate(number: int, kind: Kind) -> str:
    """Three digits of a number, and a unit: 218,345,612 cents are "2.18M", -9,500 is "−9.5k"."""
    rounded = Decimal(f"{Decimal(kind.export(number)):.2e}")
    unit = min(max(rounded.adjusted() // 3, 0), len(_UNITS) - 1)
    return f"{rounded.scaleb(-3 * unit).normalize():,f}{_UNITS[unit]}".replace("-", "−")
