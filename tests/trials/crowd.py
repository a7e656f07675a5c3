"""Many people who read pages, and some who take files, at the same time."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPResponse
from random import Random
from statistics import quantiles
from threading import Event
from time import monotonic

from tests.trials.exports import BROKEN, REFUSED, WHOLE
from tests.trials.visitor import Visitor

LEFT = "left unfinished"


class Crowd:
    """`times` are the milliseconds of whole pages, `failed` the ways of those that weren't answered by one."""

    def __init__(self, visitor: Visitor, pages: Sequence[str]) -> None:
        self.times, self.failed = list[float](), Counter[str]()
        self._visitor, self._pages, self._gone = visitor, pages, Event()

    @contextmanager
    def read_transaction(self, people: int, think: tuple[float, float], seed: int) -> Iterator[None]:
        """Let so many people ask for pages, each of whom thinks for some seconds before every page."""
        with ThreadPoolExecutor(people) as threads:
            readers = [threads.submit(self._read, think, Random(seed + number)) for number in range(people)]
            try:
                yield
            finally:
                self._gone.set()
        for reader in readers:
            reader.result()

    def __str__(self) -> str:
        return f"{self.failed.total()} of {len(self.times):,} pages, p95 {self.p95():.0f} ms"

    def p95(self) -> float:
        """Milliseconds."""
        return quantiles(self.times, n=20)[-1]

    def _read(self, think: tuple[float, float], dice: Random) -> None:
        self._gone.wait(dice.uniform(0, think[1]))
        while not self._gone.is_set():
            page, start = dice.choice(self._pages), monotonic()
            answer = self._visitor.get(page)
            self.times.append((monotonic() - start) * 1000)
            if answer.status != 200 or answer.broken:
                self.failed[f"{page}: {answer.status}"] += 1
            self._gone.wait(dice.uniform(*think))


def exports(visitor: Visitor, path: str, at_once: int, seconds: float) -> Counter[str]:
    """Take a file again and again, so many at a time, and tell how that ended; who is refused waits for a second.

    To be run in a process of its own, which gives way to all others: those who take files have machines of their own.
    """
    os.nice(10)
    ended, until, never = Counter[str](), monotonic() + seconds, Event()

    def take() -> None:
        while monotonic() < until:
            with visitor.asking("GET", path) as response:
                how = _taken(response, until)
            ended[how] += 1
            never.wait(1 if how == REFUSED else 0)

    with ThreadPoolExecutor(at_once) as threads:
        for each in [threads.submit(take) for _ in range(at_once)]:
            each.result()
    return ended


def _taken(response: HTTPResponse | None, until: float) -> str:
    if response and response.status == 503:
        return REFUSED if response.headers["Retry-After"] else "refused without a word of when to come again"
    if response is None or response.status != 200:
        return "failed"
    while response.read1(1 << 16):
        if monotonic() > until:
            return LEFT
    return BROKEN if response.length else WHOLE
