"""The charts of a view."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from app.table.definitions import Chart, GroupBy
from app.table.kinds import INTEGER, Kind
from app.table.scope import Scope
from app.table.totals import Group, chart_range, narrow_view, summarize
from app.table.view import View
from app.web.urls import empty_if_too_long, report_url

_TOP, _HEIGHT, _BOTTOM = 18, 72, 16
"""Above the bars, from their highest to their lowest end, and below."""

_STACKED_WIDTH, _SIDE_BY_SIDE_WIDTH = 52, 96
"""From one bar to the next."""

_BAR_SHARE = 0.7
"""How much of that is bar."""

_LABEL_LENGTH = 15
"""Characters of a name under a bar that stands beside others."""


class Part(NamedTuple):
    """What a bar is made of: `look` is the number of its colour, and `url` leads to its rows."""

    look: int
    label: str
    kind: Kind
    url: str = ""


class BarData(NamedTuple):
    """A bar's name, where it leads, and the numbers of its parts."""

    name: str
    url: str
    numbers: Sequence[int]


class Rectangle(NamedTuple):
    look: int
    x: float
    y: float
    width: float
    height: float


class Bar(NamedTuple):
    """What stands at one place, which begins at `left`: its name as far as there is room, its numbers in words."""

    name: str
    short: str
    url: str
    left: int
    pieces: Sequence[Rectangle]
    numbers: Sequence[str]

    def words(self, parts: Sequence[Part]) -> str:
        told = (f"{part.label} {number}" for part, number in zip(parts, self.numbers, strict=False))
        return f"{self.name}: {', '.join(told)}"


class DrawnChart(NamedTuple):
    """Its title is that of its picture when it has none. `by` is what bars are named by, `zero` where they begin, and
    `most` the number up to which they reach."""

    title: str
    by: str
    parts: Sequence[Part]
    bars: Sequence[Bar]
    step: int
    zero: float = 0
    most: str = ""

    @property
    def size(self) -> tuple[int, int]:
        return self.step * len(self.bars), _TOP + _HEIGHT + _BOTTOM


Draw = Callable[[Sequence[Part], Sequence[int], float, float], Iterator[Rectangle]]
"""Draws the parts of a bar from the left edge of its place, in pixels for each unit, with zero at height 0."""


def stacked(title: str, by: str, parts: Sequence[Part], bars: Sequence[BarData]) -> DrawnChart:
    """Bars of parts that add up: what is below zero hangs from there."""
    ends = [sum(n for n in bar.numbers if (n > 0) == above) for bar in bars for above in (True, False)]
    return _draw(DrawnChart(title, by, parts, [], _STACKED_WIDTH), bars, ends, _stack_pieces)


def side_by_side(title: str, by: str, parts: Sequence[Part], bars: Sequence[BarData]) -> DrawnChart:
    """Bars that stand beside each other at one place."""
    return _draw(
        DrawnChart(title, by, parts, [], _SIDE_BY_SIDE_WIDTH),
        bars,
        [n for bar in bars for n in bar.numbers],
        _row_pieces,
    )


def _draw(chart: DrawnChart, bars: Sequence[BarData], ends: Sequence[int], draw: Draw) -> DrawnChart:
    top, bottom = max([0, *ends]), min([0, *ends])
    scale = _HEIGHT / (top - bottom or 1)
    zero = _TOP + top * scale
    drawn = []
    for place, bar in enumerate(bars):
        left = place * chart.step
        pieces = [each._replace(y=zero + each.y) for each in draw(chart.parts, bar.numbers, left, scale)]
        numbers = [part.kind.show(number) for part, number in zip(chart.parts, bar.numbers, strict=False)]
        drawn.append(Bar(bar.name, _shorten(bar.name), bar.url, left, pieces, numbers))
    return chart._replace(bars=drawn, zero=zero, most=chart.parts[0].kind.show(top))


def _stack_pieces(parts: Sequence[Part], numbers: Sequence[int], left: float, scale: float) -> Iterator[Rectangle]:
    width, margin = _STACKED_WIDTH * _BAR_SHARE, _STACKED_WIDTH * (1 - _BAR_SHARE) / 2
    above = below = 0
    for part, number in zip(parts, numbers, strict=True):
        if number > 0:
            above += number
            yield Rectangle(part.look, left + margin, -above * scale, width, number * scale)
        elif number < 0:
            yield Rectangle(part.look, left + margin, -below * scale, width, -number * scale)
            below += number


def _row_pieces(parts: Sequence[Part], numbers: Sequence[int], left: float, scale: float) -> Iterator[Rectangle]:
    width, margin = _SIDE_BY_SIDE_WIDTH * _BAR_SHARE / len(parts), _SIDE_BY_SIDE_WIDTH * (1 - _BAR_SHARE) / 2
    for place, (part, number) in enumerate(zip(parts, numbers, strict=True)):
        yield Rectangle(part.look, left + margin + place * width, -max(number, 0) * scale, width, abs(number) * scale)


def _shorten(name: str) -> str:
    return name if len(name) <= _LABEL_LENGTH else f"{name[: _LABEL_LENGTH - 1]}…"


MAX_BARS = 10
"""Bars that stand for one name each; all smaller ones are one."""

_OTHERS = "Others"


def draw_chart(picture: Chart, view: View, scope: Scope) -> list[DrawnChart]:
    """What a picture of a view consists of; nothing where no rows are in it."""
    view, along = chart_range(picture, view, scope)
    groups = summarize(picture.summary, view, scope) if along or not picture.axis_values else []
    if not groups:
        return []
    first, *second = picture.summary.by
    columns = [view.report.columns_by_key[key] for key in picture.summary.measures]
    if not second:
        measured = [Part(look, column.label, column.kind) for look, column in enumerate(columns)]
        return [side_by_side("", first.label, measured, _largest_bars(view, first, groups))]
    there = {group.values[1] for group in groups}
    values = [value for value in second[0].values if value in there]
    stacks = []
    for at, (title, kind) in enumerate([(column.label, column.kind) for column in columns] or [("", INTEGER)]):
        parts = [Part(second[0].values.index(each), each, kind, _group_url(view, second[0], each)) for each in values]
        stacks.append(stacked(title, first.label, parts, _axis_bars(view, first, along, groups, values, at)))
    return stacks


def _axis_bars(
    view: View, by: GroupBy, along: Sequence[str], groups: Sequence[Group], values: Sequence[str], at: int
) -> list[BarData]:
    """What stands along the bars, each with the numbers of its parts; it leads nowhere when it has no rows."""
    numbers = {group.values: group.sums[at] if group.sums else group.rows for group in groups}
    there = {name for name, _ in numbers}
    return [
        BarData(
            name,
            _group_url(view, by, name) if name in there else "",
            [numbers.get((name, value), 0) for value in values],
        )
        for name in along
    ]


def _largest_bars(view: View, by: GroupBy, groups: Sequence[Group]) -> list[BarData]:
    """The groups with the largest numbers, and the sums of all others."""
    some = sorted((group for group in groups if any(group.sums)), key=lambda group: group.sums, reverse=True)
    bars = [BarData(group.values[0], _group_url(view, by, group.values[0]), group.sums) for group in some[:MAX_BARS]]
    rest = [sum(sums) for sums in zip(*(group.sums for group in some[MAX_BARS:]), strict=True)]
    return [*bars, BarData(_OTHERS, "", rest)] if rest else bars


def _group_url(view: View, by: GroupBy, value: str) -> str:
    return empty_if_too_long(report_url(narrow_view(view, by.filters(value))))
