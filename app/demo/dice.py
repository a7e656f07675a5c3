"""Everything drawn comes from here: the same seed, the same draws."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TypeVar

Side = TypeVar("Side")


class Dice:
    """A Random that is quick about what is asked for millions of times. Scaling a float is fair enough for a demo."""

    def __init__(self, seed: int) -> None:
        rng = Random(seed)
        self.roll = rng.random
        self.sample = rng.sample

    def pick(self, sides: Sequence[Side]) -> Side:
        return sides[int(self.roll() * len(sides))]

    def whole(self, first: int, last: int) -> int:
        """A whole number, both ends included."""
        return first + int(self.roll() * (last - first + 1))

    def chance(self, probability: float) -> bool:
        return self.roll() < probability

    def turns(self, weights: Mapping[Side, int]) -> Iterator[Side]:
        """Each side once, in its turn, then by weight for ever."""
        yield from weights
        sides = [side for side, weight in weights.items() for _ in range(weight)]
        while True:
            yield self.pick(sides)
