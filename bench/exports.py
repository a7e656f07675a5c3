"""The export of all transactions against `sqlite3 -csv` on the same query: `python -m bench.exports DATABASE`."""

import json
import subprocess
import sys
from collections.abc import Callable
from mmap import PAGESIZE
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import process_time

from app.reports import REPORTS
from app.table.params import parse_view
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER
from bench.databases import opened, signed_in
from bench.paper import held, say, show
from bench.server import OURS, serving

_ABOUT = """All transactions, 11 columns, by date. The CLI runs the export's own SQL and doesn't guard formulas. CPU
is that of the process; it and memory are of a server without gunicorn."""

ADDRESS = "/reports/customer-transactions.csv"
CPU_BOUND, GROWTH_BOUND, FIRST_BYTE_BOUND = 1.6, 40, 50
"""Times the CLI's CPU, MB, and milliseconds."""

_ROUNDS, _ASKED = 3, 20


def main(path: Path) -> None:
    ours = min((_export(path) for _ in range(_ROUNDS)), key=lambda measured: measured["cpu"])
    cli = min(_cli(path) for _ in range(_ROUNDS))
    heading, row = _first_bytes(path)
    say("Export", _ABOUT)
    rows = [
        ("CPU s", f"{ours['cpu']:.2f}", f"{cli:.2f}", held(ours["cpu"] / cli, CPU_BOUND, 2), f"≤ {CPU_BOUND}"),
        ("rows per CPU s", f"{ours['rows'] / ours['cpu']:,.0f}", f"{ours['rows'] / cli:,.0f}", "", ""),
        ("growth of memory, MB", held(ours["growth"], GROWTH_BOUND), "", "", f"≤ {GROWTH_BOUND}"),
        ("first byte, ms", held(heading, FIRST_BYTE_BOUND, 0), "", "", f"≤ {FIRST_BYTE_BOUND}"),
        ("first row, ms", f"{row:.0f}", "", "", ""),
    ]
    show(("export of all transactions", "ours", "sqlite3 -csv", "×", "bound"), rows)


def _first_bytes(path: Path) -> tuple[float, float]:
    """Milliseconds to the first byte and to the first row; the median of several."""
    with serving(OURS, path, signed_in(opened(path))) as server:
        asked = [server.get(ADDRESS) for _ in range(_ASKED)]
    byte, row = (sorted(times)[_ASKED // 2] for times in zip(*asked, strict=True))
    return byte, row


def _export(path: Path) -> dict[str, float]:
    """Export in a process of its own."""
    command = [sys.executable, "-m", "bench.exports", str(path), "once"]
    measured: dict[str, float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return measured


def once(path: Path) -> None:
    app = opened(path)
    cookie = {"Cookie": signed_in(app)}
    app.test_client().get("/reports", headers=cookie)
    environ = app.test_request_context(ADDRESS, headers=cookie).request.environ
    memory, start = _resident(), process_time()
    body = app(environ, _started)
    rows = sum(piece.count(b"\r\n") for piece in body) - 1
    cpu = process_time() - start
    growth = getrusage(RUSAGE_SELF).ru_maxrss * 1024 / 1e6 - memory
    print(json.dumps({"rows": rows, "cpu": cpu, "growth": growth}))


def _started(*_: object) -> Callable[[bytes], object]:
    return bytes


def _resident() -> float:
    """MB of memory in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * PAGESIZE / 1e6


def _cli(path: Path) -> float:
    """CPU seconds of the command line tool, writing the same rows in the same order."""
    opened(path)
    before = getrusage(RUSAGE_CHILDREN)
    command = ["sqlite3", "-readonly", "-csv", str(path), _query()]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _query() -> str:
    view, _ = parse_view(REPORTS["customer-transactions"], [])
    rows = RowQuery(view, WHOLE_PARTNER, view.level)
    order = rows.order(view.sort_column)
    query = rows.select([rows.value(column.value) for column in view.columns], order)
    sql, params = query.order_by(*(term.desc() for term in order)).sql()
    if params:
        raise ValueError("the query of everything needs no parameters")
    return str(sql)


if __name__ == "__main__":
    {"once": once}.get(" ".join(sys.argv[2:]), main)(Path(sys.argv[1]))
