"""Migrations that are killed, and that run at once."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from shutil import copytree
from subprocess import TimeoutExpired
from time import monotonic
from urllib.parse import urlsplit

import pytest

from models import check_schema, close_connections, open_database, reports_db
from tests.databases import is_server
from tests.serving import command
from tests.trials.conftest import Trial
from tests.upgrade import first
from tests.upgrade.test_upgrade import LATER

_MULTIPLY = """
INSERT INTO "transaction" ({columns}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
SELECT 'X-' || i, {others} FROM "transaction", n WHERE "transaction".id = 1"""
_TOTALS = 'SELECT COUNT(*), SUM(cost), SUM(total) FROM "transaction"'

NewCopy = Callable[[], AbstractContextManager[str]]  # gives the URL of a new copy of the first version's database


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def old(request: pytest.FixtureRequest, tmp_path: Path, trial: Trial) -> Iterator[NewCopy]:
    """Databases of the first version with many transactions."""
    rows = trial.rounds(400_000, 5_000)
    if request.param == "SQLite":
        (tmp_path / "old").mkdir()
        _create(f"sqlite:///{tmp_path}/old/reports.db", rows)
        yield lambda: _in_folder(tmp_path)
    else:
        server = request.getfixturevalue("postgres")
        with server.copied("template0") as address:
            _create(address, rows)
            yield lambda: server.copied(urlsplit(address).path[1:])


@pytest.mark.slow_trial
def test_a_killed_migration(trial: Trial, old: NewCopy) -> None:
    """An upgrade that is interrupted can be run again."""
    rounds, unfinished, (nothing, all_of_it) = trial.rounds(20, 2), 0, _seconds(old)
    for _ in range(rounds):
        with old() as address:
            before = _totals(address)
            with command("migrate", DATABASE_URL=address) as process:
                try:
                    process.wait(trial.dice.uniform(nothing, all_of_it))
                except TimeoutExpired:
                    process.kill()
            with command("migrate", DATABASE_URL=address) as process:
                output, error = process.communicate(timeout=60)
                assert process.returncode == 0, error
            unfinished += "Applied" in output
            assert _totals(address) == before
            assert _is_sound(address)
    trial.tell(
        f"{rounds} migrations of {before[0]:,} transactions killed at random moments; {unfinished} had something left",
        "0 rows; each was finished by the next",
    )


@pytest.mark.slow_trial
def test_migrations_at_once(trial: Trial, old: NewCopy) -> None:
    """Of upgrades that are begun at once one is made and none does harm."""
    rounds = trial.rounds(5, 1)
    for _ in range(rounds):
        with old() as address:
            before = _totals(address)
            processes = [command("migrate", DATABASE_URL=address) for _ in range(3)]
            outputs, errors = zip(*(process.communicate(timeout=60) for process in processes), strict=True)
            assert sorted(re.findall(r"\d{4}_[a-z_]+", "".join(outputs))) == sorted(LATER)
            for process, error in zip(processes, errors, strict=True):
                assert process.returncode == 0 or "another process is writing" in error
            assert _totals(address) == before
    trial.tell(f"{rounds} times 3 migrations of {before[0]:,} transactions at once", "0 rows, each applied once")


def _create(address: str, rows: int) -> None:
    open_database(address)
    first.create()
    _, *columns = first.ROWS["reports"]["transaction"]["columns"]
    named = {"columns": ", ".join(columns), "others": ", ".join(columns[1:]), "rows": rows}
    reports_db.execute_sql(_MULTIPLY.format(**named))
    close_connections()


@contextmanager
def _in_folder(folder: Path) -> Iterator[str]:
    """Copy the files into a new folder."""
    number = len(list(folder.iterdir()))
    copytree(folder / "old", folder / str(number))
    yield f"sqlite:///{folder}/{number}/reports.db"


def _seconds(old: NewCopy) -> list[float]:
    """Return how long flask migrate takes with nothing to do, and with everything."""
    took = []
    with old() as address:
        for _ in range(2):
            with command("migrate", DATABASE_URL=address) as process:
                start = monotonic()
                assert process.wait() == 0
                took.append(monotonic() - start)
    return sorted(took)


def _totals(address: str) -> tuple[int, ...]:
    """Return the number of transactions, and their sums."""
    open_database(address)
    totals = tuple(map(int, reports_db.execute_sql(_TOTALS).fetchone()))
    close_connections()
    return totals


def _is_sound(address: str) -> bool:
    """Return whether a database has today's schema and is intact."""
    open_database(address)
    check_schema()
    sound = is_server(reports_db) or reports_db.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
    close_connections()
    return sound
