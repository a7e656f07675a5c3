"""Many clients at once: requests per second, and how long pages take while files are exported."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep

from bench.bare import bare_app
from bench.databases import open_app, sign_in
from bench.document import mark, section, table
from bench.files import EXPORT, REPORT
from bench.server import OURS, Server, serve
from bench.timing import seconds

THROUGHPUT_BOUND = 0.3  # times the requests per second of the bare route
EXPORTS_BOUND = 2.0  # times the 95th percentile without exports
CLIENTS, EXPORTS = 8, 10
_PAUSE = 0.1  # seconds between the requests of a client beside exports
_PAGE = f"/reports/{REPORT.slug}"

_ABOUT_THROUGHPUT = f"""The first page of transactions from two workers with one thread each, for {CLIENTS} clients
that request without a pause."""
_ABOUT_EXPORTS = f"""The first page of transactions for {CLIENTS} clients that pause for {_PAUSE} s, in wall time, with
the settings of gunicorn.conf.py. Of {EXPORTS} clients that request all transactions, each worker lets some in; they
don't read on while the server writes their files."""


def measure_throughput(path: Path, rounds: int) -> str:
    cookie = sign_in(open_app(path))
    with serve(OURS, path, cookie, workers=2) as ours, serve(bare_app(path), path, workers=2) as bare:
        pages = (ours, _PAGE), (bare, f"/{REPORT.slug}?after=100")
        rates = [[len(_request_for(*page, duration=2)) / 2 for page in pages] for _ in range(rounds)]
    our_rate, bare_rate = map(max, zip(*rates, strict=True))
    ratio = mark(our_rate / bare_rate, THROUGHPUT_BOUND, 2, at_least=True)
    headings = "requests per second", "ours", "bare", f"× (≥ {THROUGHPUT_BOUND})"
    rows = [("two workers", f"{our_rate:,.0f}", f"{bare_rate:,.0f}", ratio)]
    return section("Requests per second", _ABOUT_THROUGHPUT, table(headings, rows))


def measure_beside_exports(path: Path, duration: float) -> str:
    app = open_app(path)
    cookie, *others = [sign_in(app, f"bench{number}@partner.example") for number in range(1 + EXPORTS)]
    with serve(OURS, path, cookie) as server, ExitStack() as exports:
        _request_for(server, _PAGE, 1)  # fills caches
        alone = _request_for(server, _PAGE, duration, _PAUSE)
        running = 0
        for other in others:  # of each person, one runs at a time
            with suppress(RuntimeError):  # 503: the worker runs as many as it may
                exports.enter_context(server.open(EXPORT, other))
                running += 1
        beside = _request_for(server, _PAGE, duration, _PAUSE)
    rows = []
    p95 = quantiles(alone, n=20)[-1]
    for name, times in (("no exports", alone), (f"{running} exports", beside)):
        slow = quantiles(times, n=20)[-1]
        figures = f"{len(times):,}", f"{median(times):.1f}", f"{slow:.1f}", mark(slow / p95, EXPORTS_BOUND, 2)
        rows.append((name, *figures))
    headings = "page beside", "requests", "median ms", "p95 ms", f"p95 × (≤ {EXPORTS_BOUND})"
    return section("Pages beside exports", _ABOUT_EXPORTS, table(headings, rows))


def _request_for(server: Server, address: str, duration: float, pause: float = 0) -> list[float]:
    """Let all clients request an address for so many seconds; the milliseconds that each answer took."""
    deadline = perf_counter() + duration

    def request(_: int) -> list[float]:
        times = []
        while perf_counter() < deadline:
            times.append(seconds(partial(server.get, address), perf_counter) * 1000)
            sleep(pause)
        return times

    with ThreadPoolExecutor(CLIENTS) as clients:
        return [time for times in clients.map(request, range(CLIENTS)) for time in times]
