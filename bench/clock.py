"""CPU time of calls, and tables of it."""

from collections.abc import Callable, Sequence
from time import process_time

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

Call = Callable[[], object]

_ROUNDS = 9
_PER_ROUND = 0.1
"""Seconds."""


def request(app: Flask, address: str, cookie: str = "") -> Call:
    """A request to `app` without a server or client around it. Raises RuntimeError when it isn't answered with 200."""
    environ = EnvironBuilder(address, headers={"Cookie": cookie}).get_environ()

    def call() -> None:
        body, status, _ = run_wsgi_app(app, dict(environ))
        size = sum(map(len, body))
        if not status.startswith("200") or not size:
            raise RuntimeError(f"{address}: {status}")

    return call


def least(*calls: Call) -> list[float]:
    """CPU milliseconds of one call of each. They take turns, and the quietest round counts."""
    repeats = [_repeats(call) for call in calls]
    rounds = [[_timed(call, times) for call, times in zip(calls, repeats, strict=True)] for _ in range(_ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _repeats(call: Call) -> int:
    call()  # the first fills caches
    return max(1, int(_PER_ROUND * 1000 / max(_timed(call, 3), 0.01)))


def _timed(call: Call, times: int) -> float:
    start = process_time()
    for _ in range(times):
        call()
    return (process_time() - start) * 1000 / times


def show(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    rule = [f"{'-' * width}" if not index else f"{'-' * (width - 1)}:" for index, width in enumerate(widths)]
    for row in (headings, rule, *rows):
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("|", " | ".join([first.strip().ljust(widths[0]), *others]), "|")
    print(flush=True)
