"""Full disks: of the databases, and of temporary files."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from models.connections import databases_at
from tests.serving import server
from tests.trials.conftest import Trial
from tests.trials.disk import Disk, small_disk
from tests.trials.exports import BROKEN, REFUSED, WHOLE, outcome, told
from tests.trials.transactions import SLUG, filled, held, started, write
from tests.trials.visitor import EMAIL, PASSWORD, Visitor

pytestmark = pytest.mark.slow_trial

REPORT = f"/reports/{SLUG}"
ROWS = 4000
FULL = "make room on the disk. Nothing was changed.\n"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """The disk of the databases."""
    with small_disk(tmp_path_factory.mktemp("small") / "disk") as disk:
        yield disk


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """The disk of temporary files."""
    with small_disk(tmp_path_factory.mktemp("small") / "temporary") as disk:
        yield disk


@pytest.fixture(scope="module")
def url(disk: Disk, migrated: Path) -> str:
    for file in migrated.iterdir():
        copy(file, disk.path)
    return filled(f"sqlite:///{disk.path}/reports.db", ROWS)


@pytest.fixture(scope="module")
def visitor(url: str, temporary: Disk) -> Iterator[Visitor]:
    """A visitor of the server that all of these trials share."""
    with server(DATABASE_URL=url, TMPDIR=str(temporary.path)) as address:
        yield Visitor(address)


def checkpoint(url: str) -> None:
    """Write everything from the WALs into the databases, and empty the WALs."""
    for database in databases_at(url):
        with database.connection_context():
            busy, *_ = database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            assert not busy


def test_imports_on_a_full_disk(trial: Trial, disk: Disk, url: str, visitor: Visitor, tmp_path: Path) -> None:
    """A full disk loses nothing: imports."""
    rounds, version, failed = trial.rounds(20, 2), held(url)[0][0], 0
    for attempt in range(1, rounds + 1):
        file = write(tmp_path / "file.csv", ROWS, attempt)
        assert f"User {version}" in visitor.get(REPORT).body.decode()
        checkpoint(url)
        disk.leave(trial.dice.choice([0, 1_500_000]) + trial.dice.randrange(500_000))
        code, error = imported(file, url)
        assert code == 0 or (code == 1 and error.endswith(FULL))
        version, failed = (version, failed + 1) if code else (attempt, failed)
        assert held(url) == [(version, ROWS)]
        assert f"User {version}" in visitor.get(REPORT).body.decode()
        disk.free()
    checkpoint(url)
    code, error = imported(write(file, ROWS, 99), url)
    assert code == 0, error
    assert held(url) == [(99, ROWS)]
    trial.tell(
        f"{rounds} imports of {ROWS:,} rows with room for some of them",
        f"0 rows; {failed} failed and said why, pages were answered, and as soon as there was room an import worked",
    )


def imported(file: Path, url: str) -> tuple[int, str]:
    """Return an import's exit code and standard error."""
    with started(file, url) as process:
        _, error = process.communicate()
    return process.returncode, error


def test_access_on_a_full_disk(trial: Trial, disk: Disk, url: str, visitor: Visitor) -> None:
    """A full disk loses nothing: people who sign in, and views that they save."""
    rounds = trial.rounds(10, 1)
    for attempt in range(rounds):
        name = f"View {attempt}"
        checkpoint(url)
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
        assert Visitor(visitor.address).post(f"{REPORT}/views", name=name, view="").status == 303
        assert name in visitor.get("/reports").body.decode()
    trial.tell(
        f"{rounds} sign-ins and {rounds} saved views without any room",
        "nothing: each was refused by a 503, pages were answered, and as soon as there was room both worked",
    )


def test_exports_on_a_full_disk(trial: Trial, temporary: Disk, visitor: Visitor) -> None:
    """An export is whole or visibly failed: where temporary files find no room."""
    seen = Counter[str]()
    for path in (f"{REPORT}.csv", f"{REPORT}.xlsx"):
        whole = visitor.get(path).body
        for _ in range(trial.rounds(20, 2)):
            temporary.leave(trial.dice.choice([0, trial.dice.randrange(2 * len(whole))]))
            seen[outcome(visitor.get(path), whole)] += 1
        temporary.free()
        assert outcome(visitor.get(path), whole) == WHOLE
    assert not set(seen) - {WHOLE, BROKEN, REFUSED}, seen
    trial.tell(f"{seen.total()} CSV files and workbooks of {ROWS:,} rows with room for some of them", told(seen))
