"""Imports in the browser whose server, or whose process of jobs, is killed."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from signal import SIGKILL
from time import monotonic, sleep

import pytest

from app.jobs.states import INTERRUPTED
from tests.serving import command, server
from tests.trials.conftest import Trial
from tests.trials.processes import servers, until, workers
from tests.trials.transactions import filled, held, write
from tests.trials.visitor import Visitor

BOUNDARY = "a-boundary"


@contextmanager
def jobs(url: str) -> Iterator[None]:
    """Work on jobs in a process of its own, which is killed in the end."""
    with command("jobs", DATABASE_URL=url) as process:
        assert process.stdout
        assert process.stdout.readline() == "Working on imports.\n"
        try:
            yield
        finally:
            process.kill()


@pytest.mark.slow_trial
def test_killed_jobs(trial: Trial, sqlite_file: str, tmp_path: Path) -> None:
    """An import in the browser is all or nothing, its page says which, and it can be repeated."""
    rows, rounds = 20_000, 50
    url = filled(sqlite_file, rows)
    seen, version, seconds = Counter[str](), held(url)[0][0], 1.0
    for attempt in range(version + 1, version + rounds + 1):
        whom = trial.dice.choice(("jobs", "server", "both"))
        file = write(tmp_path / "file.csv", rows, attempt)
        with ExitStack() as processes:
            work = processes.enter_context(ExitStack())
            work.enter_context(jobs(url))
            visitor = Visitor(processes.enter_context(server(DATABASE_URL=url)))
            page = send(visitor, form(file))
            wait_for(visitor, page, "Apply ")
            assert apply(visitor, page)
            sleep(trial.dice.random() * seconds)
            if whom != "server":
                work.close()
                work.enter_context(jobs(url))
            if whom != "jobs":
                for process in (*servers(), *workers()):
                    os.kill(process, SIGKILL)
                visitor = Visitor(processes.enter_context(server(DATABASE_URL=url)))
            wait_for(visitor, page, "every 2s", gone=True)
            found = held(url)
            assert found in ([(version, rows)], [(attempt, rows)])
            applied = found == [(attempt, rows)]
            assert ("Undo…" in text(visitor, page)) is applied
            seen["applied" if applied else "interrupted"] += 1
            if not applied:
                assert INTERRUPTED in text(visitor, page)
                start = monotonic()
                assert apply(visitor, page)
                wait_for(visitor, page, "Undo…")
                assert held(url) == [(attempt, rows)]
                seconds = max(seconds, monotonic() - start)
        version = attempt
    trial.tell(
        f"{rounds} imports of {rows:,} rows whose jobs, server or both were killed at random moments; "
        f"{seen['applied']} had been applied, or were by the server's jobs that went on",
        "nothing: each page said what the data had, and the others were applied by pressing Apply again",
    )


def test_killed_uploads(trial: Trial, sqlite_file: str, tmp_path: Path) -> None:
    """An upload that breaks off leaves no import."""
    url = filled(sqlite_file, 10)
    file = write(tmp_path / "file.csv", trial.rounds(200_000, 5_000), 1)
    rounds = trial.rounds(20, 2)
    with server(DATABASE_URL=url) as address:
        visitor = Visitor(address)
        for _ in range(rounds):
            whole = form(file)
            send(visitor, whole[: trial.dice.randrange(len(whole))], len(whole))
        until(lambda: not [*(tmp_path / "uploads").glob("*")])
        assert 'href="/imports/' not in text(visitor, "/imports")
    trial.tell(f"{rounds} uploads that broke off at random bytes", "nothing was kept of them")


def form(file: Path) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
    return head.encode() + file.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


def send(visitor: Visitor, body: bytes, length: int = 0) -> str:
    """Upload a form, and return the address of the import's page; break off where it should have `length` bytes."""
    connection = HTTPConnection(visitor.address.removeprefix("http://"), timeout=60)
    headers = {
        "Origin": visitor.address,
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(length or len(body)),
    }
    connection.request("POST", "/imports", body, visitor.headers | headers)
    location = "" if length else connection.getresponse().headers["Location"] or ""
    connection.close()
    return location


def wait_for(visitor: Visitor, page: str, words: str, gone: bool = False) -> None:
    """Wait until the page has some words, or hasn't them any more."""
    until(lambda: (words in text(visitor, page)) is not gone, 60)


def text(visitor: Visitor, page: str) -> str:
    return visitor.get(page).body.decode()


def apply(visitor: Visitor, page: str) -> bool:
    """Press Apply, and return whether that was accepted."""
    return visitor.post(f"{page}/apply", revision=revision(visitor, page)).status == 303


def check_again(visitor: Visitor, page: str) -> None:
    assert visitor.post(page, revision=revision(visitor, page)).status == 303


def revision(visitor: Visitor, page: str) -> str:
    return str(re.findall(r'name="revision" value="(\d+)"', text(visitor, page))[0])
