"""CPU time and memory for exporting all transactions as CSV, compared with `sqlite3 -csv`, and for importing them."""

import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.expressions import order_by
from app.table.params import parse_view
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER
from app.table.view import View
from bench.databases import open_app, sign_in, sqlite_url
from bench.document import mark, section, table
from bench.server import OURS, Server, serve
from bench.timing import command_cpu_seconds, compare, seconds

PROCESS_BOUND, SERVER_BOUND = 1.6, 2.0  # times the CPU of sqlite3 -csv
MEMORY_BOUND = 40  # MB
IMPORT_BOUND = 12_000  # rows per CPU second
REPORT = REPORTS["customer-transactions"]
EXPORT = f"/reports/{REPORT.slug}.csv"

_FLASK = (sys.executable, "-m", "flask")
_ABOUT = """All transactions, 11 columns. sqlite3 runs the export's own SQL and doesn't guard formulas. In the process,
rows are read and formatted. The server also spools the file and sends it to a client that reads all of it: CPU and
memory are those of its workers."""


def measure_exports(path: Path, rounds: int) -> str:
    cookie = sign_in(open_app(path))
    rows = []
    with serve(OURS, path, cookie, workers=1) as server:
        for name, sort in (("by date", "-date"), ("by customer", "customer")):
            _download(server, sort)
            sqlite = partial(command_cpu_seconds, ["sqlite3", "-readonly", "-csv", str(path), _select_all(sort)])
            for where, bound, ours in (
                ("in the process", PROCESS_BOUND, partial(seconds, partial(write_csv, sort), process_time)),
                ("through the server", SERVER_BOUND, partial(_download, server, sort)),
            ):
                cost, base = compare(ours, sqlite, bound, rounds)
                ratio = mark(cost / base, bound, 2)
                rows.append((f"{name}, {where}", f"{cost:.2f}", f"{base:.2f}", ratio, f"≤ {bound}"))
    growth = mark(measure_memory(path, cookie), MEMORY_BOUND)
    rows.append(("growth of the server's memory, MB", growth, "", "", f"≤ {MEMORY_BOUND}"))
    return section("Export", _ABOUT, table(("CPU seconds", "ours", "sqlite3 -csv", "×", "bound"), rows))


def measure_memory(database: Path | str, cookie: str) -> float:
    """MB by which the peak of a new worker's memory grows when it exports, after it has shown a page."""
    with serve(OURS, database, cookie, workers=1) as server:
        server.get(f"/reports/{REPORT.slug}")
        before = server.memory("VmRSS")
        _download(server, REPORT.default_sort)
        return server.memory("VmHWM") - before


def write_csv(sort: str) -> None:
    """Read and format all transactions in this process."""
    for _ in csv_chunks(_view(sort), WHOLE_PARTNER):
        pass


def _download(server: Server, sort: str) -> float:
    """Read all of a file; CPU seconds of the workers."""
    start = server.cpu_seconds()
    with server.open(f"{EXPORT}?sort={sort}") as response:
        while response.read(64 * 1024):
            pass
    return server.cpu_seconds() - start


def _view(sort: str) -> View:
    return parse_view(REPORT, [("sort", sort)])[0]


def _select_all(sort: str) -> str:
    """The SQL of all rows, with names joined."""
    view = _view(sort)
    rows = RowQuery(view, WHOLE_PARTNER, view.level)
    order = rows.order(view.sort_column)
    query = rows.select([rows.value(column.value) for column in view.columns], order)
    sql, params = order_by(query, order, view.descending).sql()
    if params:
        raise ValueError("the query of all rows needs no parameters")
    return str(sql)


def measure_imports(path: Path) -> str:
    """Import into an empty database what the other exports."""
    with TemporaryDirectory(dir=path.parent) as folder:
        file, url = Path(folder) / "transactions.csv", sqlite_url(Path(folder) / "empty.db")
        with file.open("wb") as output:
            command_cpu_seconds([*_FLASK, "export", REPORT.slug], output.fileno(), DATABASE_URL=sqlite_url(path))
        command_cpu_seconds([*_FLASK, "migrate"], DATABASE_URL=url)
        cost = command_cpu_seconds([*_FLASK, "import", REPORT.slug, str(file)], DATABASE_URL=url)
        rows = file.read_bytes().count(b"\n") - 1
    figures = "transactions", f"{rows:,}", f"{cost:.1f}", mark(rows / cost, IMPORT_BOUND, 0, at_least=True)
    headings = "import into an empty database", "rows", "CPU s", f"rows per CPU s (≥ {IMPORT_BOUND:,})"
    return section("Import", table(headings, [figures]))
