"""Requests per second of one process against the bare route's, with 8 clients: `python -m bench.crowd DATABASE`."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, sleep

from app.reports import REPORTS
from bench.bare import floor
from bench.databases import opened, signed_in
from bench.paper import held, say, show
from bench.server import ALONE, OURS, Server, serving

BOUND = 0.4
CLIENTS = 8
REPORT = REPORTS["customer-transactions"]
_ROUNDS, _SECONDS = 5, 2.0


def main(path: Path) -> None:
    cookie = signed_in(opened(path))
    rates = []
    with ExitStack() as stack:
        ours = stack.enter_context(serving(OURS, path, cookie, *ALONE))
        least = stack.enter_context(serving(f"bench.bare:bare('{path}')", path, "", *ALONE))
        for _ in range(_ROUNDS):
            rates.append([_rate(ours, f"/reports/{REPORT.slug}"), _rate(least, floor(REPORT))])
    page, bare = map(max, zip(*rates, strict=True))
    say("Many at once", f"The first page of transactions; one process, and {CLIENTS} clients that ask without a pause.")
    row = ("one process", f"{page:.0f}", f"{bare:.0f}", held(page / bare, BOUND, 2, at_least=True))
    show(("requests per second", "ours", "bare", f"× (≥ {BOUND})"), [row])


def _rate(server: Server, address: str) -> float:
    return len(asked(server, address, _SECONDS)) / _SECONDS


def asked(server: Server, address: str, seconds: float, pause: float = 0) -> list[float]:
    """Milliseconds of every answer that the clients get in this time, each with a pause before it asks again."""
    until = perf_counter() + seconds

    def ask(_: int) -> list[float]:
        times = []
        while perf_counter() < until:
            start = perf_counter()
            server.get(address)
            times.append((perf_counter() - start) * 1000)
            sleep(pause)
        return times

    with ThreadPoolExecutor(CLIENTS) as clients:
        return [time for times in clients.map(ask, range(CLIENTS)) for time in times]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
