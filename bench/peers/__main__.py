"""Measures the peers on the rows of the database with a million transactions, and us beside them"""

import subprocess
import sys
from contextlib import AbstractContextManager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from app.reports import REPORTS
from bench.clock import in_turns
from bench.databases import changed, made, opened, signed_in
from bench.document import machine, write_peers
from bench.paper import say, show
from bench.peers.download import CUT_OFF, Download, downloaded
from bench.peers.named import BIN, PEERS, VIEW, Peer
from bench.server import ALONE, OURS, Server, free_port, running, serving
from bench.views import Shown, address, places
from models import reports_db

TRANSACTIONS = 1_000_000
_SLOW = 1000
"""Milliseconds above which a page is asked for only once more."""

_PATIENCE = 100.0

_ABOUT = """What `make bench-peers` measured in one run: the same transactions in SQLite, 11 columns with the names of
customer, reseller, products and user; 50 on a page, newest first. Datasette and sqlite-web show a view that joins the
tables. Milliseconds are the server's CPU for a page that was asked for before; in brackets, times ours."""


class Measured(NamedTuple):
    name: str
    pages: list[float]
    file: Download


def main() -> None:
    path, here = made(TRANSACTIONS), machine()
    cookie = signed_in(opened(path))
    measured = [_measured("Partner Reports", serving(OURS, path, cookie, *ALONE), _we())]
    copy = changed(path, "peers", _change)
    measured += [_measured(f"{peer.package} {_version(peer)}", _serving(peer, copy), peer) for peer in PEERS]
    with redirect_stdout(StringIO()) as text:
        _tell(measured, here)
    print(text.getvalue())
    write_peers(text.getvalue())


def _tell(measured: list[Measured], here: str) -> None:
    say("", _ABOUT, f"The machine: {here}.")
    ours = measured[0].pages
    pages = [(each.name, *map(_page_told, each.pages, ours)) for each in measured]
    show(("CPU of the server, ms", "first page", "by customer", "row 900,000"), pages)
    say("", f"The file of all rows, given up after {CUT_OFF} s:")
    files = [(each.name, *_file_told(each.file)) for each in measured]
    show(("CSV", "rows", "CPU s", "rows per CPU s", "first byte s", "memory MB"), files)


def _page_told(cost: float, ours: float) -> str:
    return f"{cost:,.1f}" + (f" ({cost / ours:,.0f} ×)" if cost != ours else "")


def _file_told(file: Download) -> tuple[str, ...]:
    rows = f"{file.rows:,}{'' if file.ended else ' by then'}"
    first_byte = f"{file.first_byte:,.1f}" if file.first_byte else "none"
    return rows, f"{file.cpu:,.1f}", f"{file.rows / file.cpu:,.0f}", first_byte, f"{file.memory:,.0f}"


def _we() -> Peer:
    """Ours, in the words of the others."""
    shown = Shown(REPORTS["customer-transactions"], 0)
    pages = dict(places(shown.view(shown.report.default_sort)))
    by_customer = shown.view("customer")
    file = f"/reports/{shown.report.slug}.csv"
    return Peer("", (), address(pages["first"]), address(by_customer), address(pages["deep"]), file)


def _serving(peer: Peer, path: Path) -> AbstractContextManager[Server]:
    port = free_port()
    command = [part.format(port=port, database=path) for part in peer.command]
    root = str(Path(__file__).parents[2])
    environ = {"PEERS_DATABASE": str(path), "PYTHONPATH": root}
    return running([str(BIN / command[0]), *command[1:]], port, environ, folder=path.parent)


def _measured(name: str, starting: AbstractContextManager[Server], peer: Peer) -> Measured:
    print(f"Measuring {name}", file=sys.stderr, flush=True)
    with starting as server:
        pages = [_page(server, page) for page in (peer.first, peer.by_customer, peer.deep)]
        return Measured(name, pages, downloaded(server, peer.file, peer.form))


def _page(server: Server, page: str) -> float:
    first = server.cost(page, 1, _PATIENCE)
    times, rounds = (1, 1) if first > _SLOW else (10, 5)
    return in_turns(rounds, lambda: server.cost(page, times, _PATIENCE))[0]


def _version(peer: Peer) -> str:
    told = subprocess.run([BIN / "pip", "show", peer.package], capture_output=True, text=True, check=True).stdout
    return next(line for line in told.splitlines() if line.startswith("Version")).split()[1]


def _change() -> None:
    """Add a view, for peers that show views, and an index for the names of customers as peers sort them."""
    reports_db.execute_sql(VIEW)
    reports_db.execute_sql("CREATE INDEX customer_by_name ON customer (name)")


if __name__ == "__main__":
    main()
