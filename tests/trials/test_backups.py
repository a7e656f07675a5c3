"""Backups that are made and put back while others write, and such as are killed."""

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

from models import open_database, read_backup, verify_backup
from tests.serving import ROOT, command, flask, server, token
from tests.trials.conftest import Trial
from tests.trials.writer import held, opened, told

RATE = 200
"""Writes a second."""

EMAIL, PASSWORD = "ann@partner.example", "four other unrelated words"

_FILL = """
INSERT INTO actor (name, name_key)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
SELECT 'Actor ' || i || hex(zeroblob(100)), 'old' FROM n"""
_AGE = {"reports.db": "UPDATE actor SET name_key = ? WHERE id > 0", "access.db": "UPDATE user SET role = ?"}
_AGES = {"reports.db": "SELECT DISTINCT name_key FROM actor WHERE id > 0", "access.db": "SELECT role FROM user"}
_ROWS = "SELECT COUNT(*) FROM actor WHERE id > 0"


@pytest.fixture
def url(in_file: str) -> str:
    flask("user", "add", EMAIL, "--role", "admin", "--password-stdin", says=f"{PASSWORD}\n", DATABASE_URL=in_file)
    return in_file


def fill(folder: Path, rows: int) -> None:
    with opened(folder / "reports.db") as reports:
        reports.execute(_FILL, (rows,))


@contextmanager
def writing(folder: Path) -> Iterator[list[int]]:
    """Another process writes meanwhile; at the end the list has how often it did."""
    run = [sys.executable, "-m", "tests.trials.writer", str(folder), str(RATE)]
    pipe, written = subprocess.PIPE, list[int]()
    with subprocess.Popen(run, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield written
        said, _ = process.communicate()
    written.append(int(said))


@contextmanager
def asking(address: str, paths: list[str], cookie: str) -> Iterator[list[tuple[int, float]]]:
    """Pages are asked for meanwhile, one after the other: status and seconds of each."""
    answers, over = list[tuple[int, float]](), Event()

    def ask() -> None:
        connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        while not over.is_set():
            for path in paths:
                start = monotonic()
                connection.request("GET", path, headers={"Cookie": f"session={cookie}"})
                answer = connection.getresponse()
                answer.read()
                answers.append((answer.status, monotonic() - start))
        connection.close()

    thread = Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def killed(after: float, *arguments: str, url: str) -> bool:
    """Run a command and kill it after so many seconds; tells whether it was done by then."""
    with command(*arguments, DATABASE_URL=url) as process:
        try:
            return process.wait(after) == 0
        except TimeoutExpired:
            process.kill()
            return False


def took(*arguments: str, url: str) -> float:
    """How many seconds a command takes that isn't killed."""
    start = monotonic()
    flask(*arguments, DATABASE_URL=url)
    return monotonic() - start


def age(folder: Path, new: str) -> None:
    for name, update in _AGE.items():
        with opened(folder / name) as database:
            database.execute(update, (new,))


def ages(folder: Path, rows: int) -> list[str]:
    """Of which backup each database is, all of it."""
    found = []
    for name, query in _AGES.items():
        with opened(folder / name) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            ((only,),) = database.execute(query).fetchall()
            found.append(only)
    with opened(folder / "reports.db") as reports:
        assert reports.execute(_ROWS).fetchone() == (rows,)
    return found


def test_backups_under_writes(trial: Trial, url: str, tmp_path: Path) -> None:
    """A backup works while it is written to, and can be put back under a server that runs."""
    rounds, rows = trial.rounds(20, 1), trial.rounds(60_000, 5_000)
    fill(tmp_path, rows)
    paths = ["/healthz", "/reports/customer-usage", "/reports/customer-transactions"]
    with server(DATABASE_URL=url) as address, writing(tmp_path) as written:
        start, slowest, asked = monotonic(), 0.0, 0
        for number in range(rounds):
            file = tmp_path / f"backup{number}"
            with asking(address, paths, token(address, EMAIL, PASSWORD)) as answers:
                flask("backup", str(file), DATABASE_URL=url)
            assert {status for status, _ in answers} == {200}
            asked, slowest = asked + len(answers), max(slowest, *(seconds for _, seconds in answers))
            kept = held(file, tmp_path / f"{file.name}.users")
            with asking(address, ["/healthz"], "") as answers:
                flask("restore", str(file), DATABASE_URL=url)
            assert {status for status, _ in answers} == {200}
            assert all(
                now >= then
                for now, then in zip(held(tmp_path / "reports.db", tmp_path / "access.db"), kept, strict=True)
            )
        seconds = monotonic() - start
    assert told(tmp_path) == written[0]
    writes = f"{2 * written[0] / seconds:.0f} writes a second"
    trial.tell(
        f"{rounds} backups, each put back, under {writes}; {asked:,} pages were asked for beside them",
        f"0 rows in part, 0 of {written[0]} events of the trail; the slowest page took {slowest:.1f} s",
    )


@pytest.mark.slow_trial
def test_killed_backups(trial: Trial, url: str, tmp_path: Path) -> None:
    """A backup that exists is whole."""
    rounds = 20
    fill(tmp_path, 60_000)
    open_database(url)
    seconds, there = took("backup", str(tmp_path / "first"), url=url), 0
    for number in range(rounds):
        file = tmp_path / f"backup{number}"
        done = killed(seconds * (0.3 + 0.7 * trial.dice.random()), "backup", str(file), url=url)
        assert file.exists() or not done
        if file.exists():
            there += 1
        else:
            flask("backup", str(file), DATABASE_URL=url)
            assert not list(tmp_path.glob(f"{file.name}.unfinished"))
        verify_backup(file, read_backup(file))
    trial.tell(f"{rounds} backups killed at random moments; {there} were there by then", "0 that are there in part")


@pytest.mark.slow_trial
def test_killed_restores(trial: Trial, url: str, tmp_path: Path) -> None:
    """A restore leaves the old or the new state, whole."""
    rounds, rows = 20, 60_000
    fill(tmp_path, rows)
    for each in ("viewer", "admin"):
        age(tmp_path, each)
        flask("backup", str(tmp_path / each), DATABASE_URL=url)
    done = between = 0
    with server(DATABASE_URL=url) as address, asking(address, ["/healthz"], "") as answers:
        seconds = took("restore", str(tmp_path / "admin"), "--yes", url=url)
        for number in range(rounds):
            old, new = ("admin", "viewer") if number % 2 == 0 else ("viewer", "admin")
            said = killed(seconds * (0.3 + 0.7 * trial.dice.random()), "restore", str(tmp_path / new), "--yes", url=url)
            reports, users = ages(tmp_path, rows)
            assert users == new or not said
            assert reports == new or users == old, "the reports come first"
            done, between = done + (users == new), between + (reports != users)
            flask("restore", str(tmp_path / new), "--yes", DATABASE_URL=url)
            assert ages(tmp_path, rows) == [new, new]
    assert {status for status, _ in answers} == {200}
    trial.tell(
        f"{rounds} restores killed at random moments, under a server that runs; {done} had ended, and {between} had "
        "replaced the reports alone",
        "0 databases in part; the next restore worked each time",
    )
