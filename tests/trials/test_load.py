"""Many at once: people, exports, clients that never read, and somebody who writes."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

import pytest

from models import reports_db
from tests.databases import importing
from tests.serving import server
from tests.trials.conftest import Trial
from tests.trials.crowd import LEFT, Crowd, exports
from tests.trials.exports import REFUSED, WHOLE, count_begun
from tests.trials.processes import memory, until
from tests.trials.proxy import proxied
from tests.trials.transactions import SLUG, filled, held, million, started, write
from tests.trials.visitor import Visitor

pytestmark = pytest.mark.slow_trial

EXPORT = f"/reports/{SLUG}.csv"
PAGES = (
    "/reports",
    "/reports/customer-subscriptions",
    "/reports/customer-subscriptions?sort=-end",
    "/reports/customer-subscriptions?q=bank",
    f"/reports/{SLUG}",
    f"/reports/{SLUG}?sort=cost",
    f"/reports/{SLUG}?before=end",
    f"/reports/{SLUG}?q=ann",
    "/reports/customer-usage",
    "/reports/customer-usage?sort=-over_inventory",
    "/reports/customer-usage?open=all",
)
SECONDS = 15
ROWS, LOCKED = 1000, 10
WAITING = "Waiting for another import…\n"
PLACES = 1 + 2  # exports of one person that run or wait
PATIENCE = 60  # seconds until nginx has the exports, or has given up clients that never read
MEMORY = 250  # MB


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return million(tmp_path_factory.mktemp("load"))


def test_load(trial: Trial, url: str) -> None:
    """Pages stay fast and memory small, and an export too many is told when to come again."""
    with server(DATABASE_URL=url) as address, ProcessPoolExecutor(1, get_context("spawn")) as others:
        visitor = Visitor(address)
        crowd = Crowd(visitor, PAGES)
        with crowd.read_transaction(200, (2, 4), trial.seed):
            taken = others.submit(exports, visitor, EXPORT, 10, SECONDS)
            most = max(sampled(taken.done))
        ended = taken.result()
    assert not crowd.failed
    assert not set(ended) - {WHOLE, LEFT, REFUSED}
    assert ended[REFUSED]
    trial.tell(
        f"200 people with 2–4 s between pages beside 10 exports for {SECONDS} s, of 1,000,000 transactions",
        f"{crowd}; {most:.0f} MB; {ended[REFUSED]} exports were told to come again",
    )
    assert crowd.p95() < 250
    assert most < MEMORY


def sampled(done: Callable[[], bool]) -> Iterator[float]:
    """The server's memory, time and again."""
    while not done():
        yield memory()


def test_stalled_readers(trial: Trial, url: str, tmp_path: Path) -> None:
    """Clients of nginx that never read stop nobody else."""
    with server(DATABASE_URL=url, PROXIES="1") as address, proxied(address, tmp_path / "nginx") as proxy:
        visitor = Visitor(proxy)
        crowd, start, path = Crowd(visitor, PAGES), monotonic(), Path(url.removeprefix("sqlite:///"))
        before = count_begun(path)
        with stalled(visitor, 20), crowd.read_transaction(4, (0.1, 0.3), trial.seed):
            until(lambda: count_begun(path) >= before + PLACES)
            until(lambda: answered(visitor) == 200, PATIENCE)
        seconds = monotonic() - start
    assert not crowd.failed
    trial.tell(
        "20 clients of nginx that ask for all of 1,000,000 transactions and never read",
        f"{crowd}; exports had places again after {seconds:.0f} s",
    )
    assert crowd.p95() < 500


@contextmanager
def stalled(visitor: Visitor, number: int) -> Iterator[None]:
    """Clients that never read."""
    host, port = visitor.address.removeprefix("http://").split(":")
    lines = [f"GET {EXPORT} HTTP/1.1", f"Host: {host}:{port}", f"Cookie: {visitor.headers['Cookie']}", "", ""]
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((host, int(port)))
            client.sendall("\r\n".join(lines).encode())
        yield


def answered(visitor: Visitor) -> int:
    """The status of an export that is left as soon as it begins."""
    with visitor.asking("GET", EXPORT) as response:
        return response.status if response else 0


def test_a_locked_database(trial: Trial, sqlite_file: str, tmp_path: Path) -> None:
    """An import waits for another, and pages for none."""
    filled(sqlite_file, ROWS)
    file = write(tmp_path / "file.csv", ROWS, 1)
    with server(DATABASE_URL=sqlite_file) as address:
        crowd, start = Crowd(Visitor(address), PAGES), monotonic()
        with crowd.read_transaction(4, (0.1, 0.3), trial.seed):
            with importing(reports_db):
                process = started(file, sqlite_file)
                assert process.stderr.readline() == WAITING
                until(lambda: monotonic() - start > LOCKED)
                assert held(sqlite_file) == [(0, ROWS)]
            process.communicate()
    assert process.returncode == 0
    assert held(sqlite_file) == [(1, ROWS)]
    assert not crowd.failed
    trial.tell(f"another import for {LOCKED} s, and 4 people beside it", f"{crowd}; the import waited, and was done")
    assert crowd.p95() < 250
