"""Backups that are made while others write, and backups and restores that are killed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from subprocess import TimeoutExpired
from threading import Event, Thread
from time import monotonic

import pytest

from models import open_database, read_backup
from tests.serving import ROOT, command, flask, server, token
from tests.trials.conftest import Trial
from tests.trials.writer import count_events, count_writes, opened

RATE = 200  # writes a second

EMAIL, PASSWORD = "ann@partner.example", "four other unrelated words"
PATHS = ["/healthz", "/reports/customer-usage", "/reports/customer-transactions"]

_FILL = """
INSERT INTO actor (name, name_key)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
SELECT 'Actor ' || i || hex(zeroblob(100)), 'old' FROM n"""
_MARK = {"reports.db": "UPDATE actor SET name_key = ? WHERE id > 0", "access.db": "UPDATE user SET role = ?"}
_MARKS = {"reports.db": "SELECT DISTINCT name_key FROM actor WHERE id > 0", "access.db": "SELECT role FROM user"}
_ROWS = "SELECT COUNT(*) FROM actor WHERE id > 0"


@pytest.fixture
def url(sqlite_file: str) -> str:
    flask("user", "add", EMAIL, "--role", "admin", "--password-stdin", says=f"{PASSWORD}\n", DATABASE_URL=sqlite_file)
    return sqlite_file


def fill(folder: Path, rows: int) -> None:
    with opened(folder / "reports.db") as reports:
        reports.execute(_FILL, (rows,))


@contextmanager
def writing(folder: Path) -> Iterator[list[int]]:
    """Let another process write meanwhile. At the end the list has the number of its writes."""
    run = [sys.executable, "-m", "tests.trials.writer", str(folder), str(RATE)]
    pipe, written = subprocess.PIPE, list[int]()
    with subprocess.Popen(run, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield written
        output, _ = process.communicate()
    written.append(int(output))


@contextmanager
def requesting(address: str, cookie: str) -> Iterator[list[tuple[int, float]]]:
    """Request pages meanwhile, one after the other. The list has status and seconds of each."""
    answers, over = list[tuple[int, float]](), Event()

    def request() -> None:
        connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        while not over.is_set():
            for path in PATHS:
                start = monotonic()
                connection.request("GET", path, headers={"Cookie": f"session={cookie}"})
                answer = connection.getresponse()
                answer.read()
                answers.append((answer.status, monotonic() - start))
        connection.close()

    thread = Thread(target=request)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def killed(after: float, *arguments: str, url: str) -> bool:
    """Run a command, kill it after so many seconds, and return whether it was done by then."""
    with command(*arguments, DATABASE_URL=url) as process:
        try:
            return process.wait(after) == 0
        except TimeoutExpired:
            process.kill()
            return False


def seconds_of(*arguments: str, url: str) -> float:
    start = monotonic()
    flask(*arguments, DATABASE_URL=url)
    return monotonic() - start


def mark(folder: Path, value: str) -> None:
    for name, update in _MARK.items():
        with opened(folder / name) as database:
            database.execute(update, (value,))


def marks(folder: Path, rows: int) -> list[str]:
    """Return the mark of each database, which all of its rows have."""
    found = []
    for name, query in _MARKS.items():
        with opened(folder / name) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            ((only,),) = database.execute(query).fetchall()
            found.append(only)
    with opened(folder / "reports.db") as reports:
        assert reports.execute(_ROWS).fetchone() == (rows,)
    return found


@pytest.mark.slow_trial
def test_backups_under_writes(trial: Trial, url: str, tmp_path: Path) -> None:
    """A backup works while it is written to, and can be restored."""
    rounds, rows = trial.rounds(20, 1), trial.rounds(60_000, 5_000)
    fill(tmp_path, rows)
    backups = [tmp_path / f"backup{number}" for number in range(rounds)]
    with server(DATABASE_URL=url) as address, writing(tmp_path) as written:
        start, cookie = monotonic(), token(address, EMAIL, PASSWORD)
        with requesting(address, cookie) as answers:
            for file in backups:
                flask("backup", str(file), DATABASE_URL=url)
        seconds = monotonic() - start
    assert {status for status, _ in answers} == {200}
    live = tmp_path / "reports.db", tmp_path / "access.db"
    for file in backups:
        writes = count_writes(file, tmp_path / f"{file.name}.users")
        flask("restore", str(file), DATABASE_URL=url)
        assert count_writes(*live) == writes
    assert count_events(live[1]) == written[0]
    trial.tell(
        f"{rounds} backups under {2 * written[0] / seconds:.0f} writes a second; {len(answers):,} pages were requested "
        "meanwhile; each was restored afterwards",
        f"0 rows in part, 0 of {written[0]} events of the trail; the slowest page took "
        f"{max(seconds for _, seconds in answers):.1f} s",
    )


@pytest.mark.slow_trial
def test_killed_backups(trial: Trial, url: str, tmp_path: Path) -> None:
    """A backup that exists is whole."""
    rounds = 20
    fill(tmp_path, 60_000)
    open_database(url)
    seconds, there = seconds_of("backup", str(tmp_path / "first"), url=url), 0
    for number in range(rounds):
        file = tmp_path / f"backup{number}"
        done = killed(seconds * (0.3 + 0.7 * trial.dice.random()), "backup", str(file), url=url)
        assert file.exists() or not done
        there += file.exists()
        if not file.exists():
            flask("backup", str(file), DATABASE_URL=url)
        read_backup(file)
    trial.tell(f"{rounds} backups killed at random moments; {there} were there by then", "0 that are there in part")


@pytest.mark.slow_trial
def test_killed_restores(trial: Trial, url: str, tmp_path: Path) -> None:
    """A restore leaves the old or the new state, whole."""
    rounds, rows = 20, 60_000
    fill(tmp_path, rows)
    for each in ("viewer", "admin"):
        mark(tmp_path, each)
        flask("backup", str(tmp_path / each), DATABASE_URL=url)
    done = between = 0
    seconds = seconds_of("restore", str(tmp_path / "admin"), "--yes", url=url)
    for number in range(rounds):
        old, new = ("admin", "viewer") if number % 2 == 0 else ("viewer", "admin")
        after = seconds * (0.3 + 0.7 * trial.dice.random())
        ended = killed(after, "restore", str(tmp_path / new), "--yes", url=url)
        reports, users = marks(tmp_path, rows)
        assert users == new or not ended
        assert reports == new or users == old, "the reports come first"
        done, between = done + (users == new), between + (reports != users)
        flask("restore", str(tmp_path / new), "--yes", DATABASE_URL=url)
        assert marks(tmp_path, rows) == [new, new]
    trial.tell(
        f"{rounds} restores killed at random moments; {done} had ended, and {between} had replaced the reports alone",
        "0 databases in part; the next restore worked each time",
    )
