"""Bars with their places worked out in pixels, so that a template only draws them."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from app.table.kind import Kind

_HEAD, _HIGH, _FOOT = 18, 72, 16
"""Above the bars, from their highest to their lowest end, and below."""

_STACKED, _BESIDE = 52, 96
"""From one bar to the next."""

_FILLED = 0.7
"""How much of that is bar."""

_LEGIBLE = 15
"""Characters of a name under a bar that stands beside others."""


class Part(NamedTuple):
    """What a bar is made of: `look` is the number of its colour, and `url` leads to its rows."""

    look: int
    label: str
    kind: Kind
    url: str = ""


class Named(NamedTuple):
    """A bar's name, where it leads, and the numbers of its parts."""

    name: str
    url: str
    numbers: Sequence[int]


class Piece(NamedTuple):
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
    pieces: Sequence[Piece]
    numbers: Sequence[str]

    def words(self, parts: Sequence[Part]) -> str:
        told = (f"{part.label} {number}" for part, number in zip(parts, self.numbers, strict=False))
        return f"{self.name}: {', '.join(told)}"


class Chart(NamedTuple):
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
        return self.step * len(self.bars), _HEAD + _HIGH + _FOOT


Draw = Callable[[Sequence[Part], Sequence[int], float, float], Iterator[Piece]]
"""Draws the parts of a bar from the left edge of its place, in pixels for each unit, with zero at height 0."""


def stacked(title: str, by: str, parts: Sequence[Part], bars: Sequence[Named]) -> Chart:
    """Bars of parts that add up: what is below zero hangs from there."""
    ends = [sum(n for n in bar.numbers if (n > 0) == above) for bar in bars for above in (True, False)]
    return _drawn(Chart(title, by, parts, [], _STACKED), bars, ends, _stack)


def beside(title: str, by: str, parts: Sequence[Part], bars: Sequence[Named]) -> Chart:
    """Bars that stand beside each other at one place."""
    return _drawn(Chart(title, by, parts, [], _BESIDE), bars, [n for bar in bars for n in bar.numbers], _row)


def _drawn(chart: Chart, bars: Sequence[Named], ends: Sequence[int], draw: Draw) -> Chart:
    top, bottom = max([0, *ends]), min([0, *ends])
    scale = _HIGH / (top - bottom or 1)
    zero = _HEAD + top * scale
    drawn = []
    for place, bar in enumerate(bars):
        left = place * chart.step
        pieces = [each._replace(y=zero + each.y) for each in draw(chart.parts, bar.numbers, left, scale)]
        numbers = [part.kind.show(number) for part, number in zip(chart.parts, bar.numbers, strict=False)]
        drawn.append(Bar(bar.name, _short(bar.name), bar.url, left, pieces, numbers))
    return chart._replace(bars=drawn, zero=zero, most=chart.parts[0].kind.show(top))


def _stack(parts: Sequence[Part], numbers: Sequence[int], left: float, scale: float) -> Iterator[Piece]:
    width, margin = _STACKED * _FILLED, _STACKED * (1 - _FILLED) / 2
    above = below = 0
    for part, number in zip(parts, numbers, strict=True):
        if number > 0:
            above += number
            yield Piece(part.look, left + margin, -above * scale, width, number * scale)
        elif number < 0:
            yield Piece(part.look, left + margin, -below * scale, width, -number * scale)
            below += number


def _row(parts: Sequence[Part], numbers: Sequence[int], left: float, scale: float) -> Iterator[Piece]:
    width, margin = _BESIDE * _FILLED / len(parts), _BESIDE * (1 - _FILLED) / 2
    for place, (part, number) in enumerate(zip(parts, numbers, strict=True)):
        yield Piece(part.look, left + margin + place * width, -max(number, 0) * scale, width, abs(number) * scale)


def _short(name: str) -> str:
    return name if len(name) <= _LEGIBLE else f"{name[: _LEGIBLE - 1]}…"
