"""Many pages against a floor each, told shortly: the worst, the middling and the best, and all that miss the bound."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import median
from typing import NamedTuple

from bench.clock import in_turns
from bench.paper import held, show
from bench.server import Server

WARMED, ASKED, ROUNDS, AGAIN = 10, 12, 10, 30
"""Requests before anything is measured, in a round, and rounds: many short ones, so that each finds a quiet moment.
What seems to miss its bound is asked so many rounds more: a busy moment looks like a slow page."""

TOLD = 10
"""Pages that miss their bound, one by one."""


class Ratio(NamedTuple):
    what: str
    sort: str
    position: str
    cost: float
    floor: float

    @property
    def times(self) -> float:
        return self.cost / self.floor


def compared(what: tuple[str, str, str], page: tuple[Server, str], floor: tuple[Server, str], bound: float) -> Ratio:
    """Ask both servers in turns, after what they remember is there."""
    for server, address in (page, floor):
        server.cost(address, WARMED)
    measures = [lambda each=each: each[0].cost(each[1], ASKED) for each in (page, floor)]
    costs = in_turns(ROUNDS, *measures)
    if costs[0] > bound * costs[1]:
        costs = list(map(min, costs, in_turns(AGAIN, *measures)))
    return Ratio(*what, *costs)


def summary(measured: Iterable[Ratio], floor: str, bound: float) -> None:
    """Print a row for each place of each report, and then the worst that miss the bound, one by one."""
    ratios = sorted(measured, key=lambda ratio: (ratio.what, ["first", "deep", "last"].index(ratio.position)))
    rows = [_row(list(each), bound) for _, each in groupby(ratios, key=lambda ratio: (ratio.what, ratio.position))]
    show(("page of 50, CPU of the server", "pages", "worst by", "ms", f"{floor} ms", f"worst × (≤ {bound})", "median ×",
          "best ×"), rows)  # fmt: skip
    missed = sorted((ratio for ratio in ratios if ratio.times > bound), key=lambda ratio: -ratio.times)
    if missed:
        heading = f"{min(len(missed), TOLD)} of {len(missed)} that miss it"
        show((heading, "ms", f"{floor} ms", "×"), [_missed(ratio) for ratio in missed[:TOLD]])


def _row(ratios: Sequence[Ratio], bound: float) -> tuple[str, ...]:
    worst = max(ratios, key=lambda ratio: ratio.times)
    times = [ratio.times for ratio in ratios]
    return (
        f"{worst.what}, {worst.position}", str(len(ratios)), worst.sort, f"{worst.cost:.2f}", f"{worst.floor:.2f}",
        held(worst.times, bound, 2), f"{median(times):.2f}", f"{min(times):.2f}",
    )  # fmt: skip


def _missed(ratio: Ratio) -> tuple[str, ...]:
    page = f"{ratio.what}, {ratio.position}, {ratio.sort}"
    return page, f"{ratio.cost:.2f}", f"{ratio.floor:.2f}", f"{ratio.times:.2f}"
