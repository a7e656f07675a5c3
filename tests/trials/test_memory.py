"""The memory of processes: whatever is asked of a server, and however large a file is."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.importing.files import USAGE
from tests.serving import command, server
from tests.trials.conftest import Trial
from tests.trials.processes import workers
from tests.trials.transactions import SLUG, filled, write, write_usage
from tests.trials.visitor import Visitor

pytestmark = pytest.mark.slow_trial

KEYS = ("q", "customer", "name", "subscription", "reseller", "product")
GROWTH = 30  # MB
IMPORT_GROWTH = 150  # MB


def resident(pid: int) -> float:
    """MB that a process holds."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]) / 1000


def test_hostile_addresses(trial: Trial, sqlite_file: str) -> None:
    """A process grows by at most 30 MB, whatever is asked of it.

    Each address has filters of their full length that nobody has asked for before, and asks for its sums and its count.
    """
    addresses = trial.rounds(5000, 500)
    with server(DATABASE_URL=filled(sqlite_file, 1000), GUNICORN_CMD_ARGS="--workers 1") as address:
        visitor, (pid,) = Visitor(address), workers()

        def ask(number: int) -> None:
            query = "&".join(f"{key}={number:06}{key * 200}"[: len(key) + 201] for key in KEYS)
            for ending in ("", "/summary", "/count"):
                assert visitor.get(f"/reports/{SLUG}{ending}?{query}").status == 200

        ask(0)
        before = resident(pid)
        with ThreadPoolExecutor(4) as people:
            list(people.map(ask, range(1, addresses + 1)))
        grown = resident(pid) - before
    trial.tell(f"{addresses:,} addresses with {len(KEYS)} filters of 200 characters", f"{grown:.0f} MB more")
    assert grown < GROWTH


@pytest.mark.parametrize("slug", [SLUG, USAGE])
def test_large_file(trial: Trial, sqlite_file: str, tmp_path: Path, slug: str) -> None:
    """An import takes at most 150 MB more than a command that does nothing, however many rows its file has."""
    rows = trial.rounds(1_000_000, 50_000)
    file = (write if slug == SLUG else write_usage)(tmp_path / "large.csv", rows, 0)
    idle = peak("import", "--list", DATABASE_URL=sqlite_file)
    grown = peak("import", slug, str(file), DATABASE_URL=sqlite_file) - idle
    trial.tell(f"a file of {rows:,} rows of {slug}", f"{grown:.0f} MB more than an idle command")
    assert grown < IMPORT_GROWTH


def peak(*args: str, **settings: str) -> float:
    """MB that a command held at most."""
    with command(*args, **settings) as process:
        _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_maxrss / 1000
