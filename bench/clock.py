"""CPU time of calls, measured in turns."""

from collections.abc import Callable
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
    """CPU milliseconds in this process of one call of each."""
    repeats = [_repeats(call) for call in calls]
    timed = [lambda call=call, times=times: _timed(call, times) for call, times in zip(calls, repeats, strict=True)]
    return in_turns(_ROUNDS, *timed)


def in_turns(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """Take each measure so many times, one after the other, so that all see the same load; the quietest counts."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [min(each) for each in zip(*taken, strict=True)]


def _repeats(call: Call) -> int:
    call()  # the first fills caches
    return max(1, int(_PER_ROUND * 1000 / max(_timed(call, 3), 0.01)))


def _timed(call: Call, times: int) -> float:
    return process_cpu(lambda: [call() for _ in range(times)]) / times


def process_cpu(call: Call) -> float:
    """CPU milliseconds in this process."""
    start = process_time()
    call()
    return (process_time() - start) * 1000
