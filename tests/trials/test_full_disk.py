"""Disks that are full: of the database, of the users' database, of temporary files."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from models.database import databases
from tests.serving import server
from tests.trials import transactions
from tests.trials.conftest import Trial
from tests.trials.disk import Disk, small_disk
from tests.trials.exports import BROKEN, REFUSED, WHOLE, outcome, told
from tests.trials.transactions import SLUG, filled, held, started
from tests.trials.visitor import EMAIL, PASSWORD, Visitor

REPORT = f"/reports/{SLUG}"
ROWS = 4000


@pytest.fixture
def disk(tmp_path: Path, migrated: Path) -> Iterator[Disk]:
    """A small disk with a migrated database."""
    with small_disk(tmp_path / "disk") as disk:
        for file in migrated.iterdir():
            copy(file, disk.path)
        yield disk


@pytest.fixture
def url(disk: Disk) -> str:
    return filled(f"sqlite:///{disk.path}/reports.db", ROWS)


def emptied(url: str) -> None:
    """Let everything that was written lie in the databases' own files, and nothing beside them."""
    for database in databases(url):
        with database.connection_context():
            busy, *_ = database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert not busy


def test_imports_on_a_full_disk(trial: Trial, disk: Disk, url: str, tmp_path: Path) -> None:
    """A full disk loses nothing: imports."""
    version = failed = 0
    rounds = trial.rounds(20, 2)
    with server(DATABASE_URL=url) as address:
        visitor = Visitor(address)
        for attempt in range(1, rounds + 1):
            file = transactions.write(tmp_path / "file.csv", ROWS, attempt)
            assert f"User {version}" in visitor.get(REPORT).body.decode()
            emptied(url)
            disk.leave(trial.dice.choice([0, 1_500_000]) + trial.dice.randrange(500_000))
            with started(file, url) as process:
                _, told = process.communicate()
            if process.returncode == 0:
                version = attempt
            else:
                assert (process.returncode, told) == (
                    1,
                    "Error: The database can't be used: the disk is full. Nothing was changed.\n",
                )
                failed += 1
            assert held(url) == [(version, ROWS)]
            assert f"User {version}" in visitor.get(REPORT).body.decode()
            disk.free()
        emptied(url)
        with started(transactions.write(file, ROWS, 99), url) as process:
            assert process.wait() == 0
        assert held(url) == [(99, ROWS)]
    trial.tell(
        f"{rounds} imports of {ROWS:,} rows with room for some of them",
        f"0 rows; {failed} failed and said why, pages were answered, and as soon as there was room an import worked",
    )


def test_access_on_a_full_disk(trial: Trial, disk: Disk, url: str) -> None:
    """A full disk loses nothing: people who sign in, and views that they save."""
    rounds = trial.rounds(10, 1)
    with server(DATABASE_URL=url) as address:
        visitor = Visitor(address)
        for attempt in range(rounds):
            name = f"View {attempt}"
            emptied(url)
            disk.leave(0)
            refused = [
                visitor.post("/login", email=EMAIL, password=PASSWORD),
                visitor.post(f"{REPORT}/views", name=name, view=""),
            ]
            assert [answer.status for answer in refused] == [503, 503]
            assert all(b"The database doesn" in answer.body and b"Nothing is lost" in answer.body for answer in refused)
            assert visitor.get(REPORT).status == 200
            disk.free()
            assert name not in visitor.get("/reports").body.decode()
            visitor = Visitor(address)
            assert visitor.post(f"{REPORT}/views", name=name, view="").status == 303
            assert name in visitor.get("/reports").body.decode()
    trial.tell(
        f"{rounds} sign-ins and {rounds} saved views without any room",
        "nothing: each was refused by a 503, pages were answered, and as soon as there was room both worked",
    )


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_exports_on_a_full_disk(trial: Trial, tmp_path: Path, in_file: str, ending: str) -> None:
    """An export is whole or visibly failed: where temporary files find no room."""
    filled(in_file, ROWS)
    with small_disk(tmp_path / "temporary") as disk, server(DATABASE_URL=in_file, TMPDIR=str(disk.path)) as address:
        visitor = Visitor(address)
        whole = visitor.get(f"{REPORT}.{ending}").body
        seen = Counter[str]()
        for _ in range(trial.rounds(20, 4)):
            disk.leave(trial.dice.choice([0, trial.dice.randrange(2 * len(whole))]))
            answer = visitor.get(f"{REPORT}.{ending}")
            seen[outcome(answer, whole)] += 1
        disk.free()
        assert outcome(visitor.get(f"{REPORT}.{ending}"), whole) == WHOLE
    assert not set(seen) - {WHOLE, BROKEN, REFUSED}, seen
    trial.tell(f"{seen.total()} {ending.upper()} files of {ROWS:,} rows with room for some of them", told(seen))
