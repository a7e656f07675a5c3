"""Servers that are reloaded or stopped while people wait for pages and files."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from threading import Event

import pytest

from tests.serving import flask, token
from tests.trials.conftest import Trial
from tests.trials.people import People
from tests.trials.restarting import Service, begin, connect, read_slowly, service

EMAILS, PASSWORD = ("ann@partner.example", "bob@partner.example"), "four other unrelated words"
FILE = "/reports/customer-transactions.csv"
SHORT_STOP = "--workers 2 --graceful-timeout 2"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('restarts')}/reports.db"
    flask("migrate", DATABASE_URL=url)
    flask("demo", "--customers", "50", "--transactions", "30000", "--seed", "1", DATABASE_URL=url)
    for email in EMAILS:
        flask("user", "add", email, "--role", "admin", "--password-stdin", says=f"{PASSWORD}\n", DATABASE_URL=url)
    return url


@pytest.mark.slow_trial
def test_reloads(trial: Trial, database: str, tmp_path: Path) -> None:
    """A reload fails no page and breaks off no export."""

    def reload(running: Service, hurry: Event) -> None:
        running.reload()
        hurry.set()

    rounds, people = trial.rounds(10, 1), People(2)
    _repeat_under_exports(rounds, people, tmp_path, database, reload)
    trial.tell(
        f"{rounds} reloads with 2 exports under way to slow clients and "
        f"{people.pages:,} pages that {people.number} people asked for meanwhile",
        "0 pages failed; every export came whole",
    )


@pytest.mark.slow_trial
def test_restarts(trial: Trial, database: str, tmp_path: Path) -> None:
    """A restart fails no page and breaks off no export."""

    def restart(running: Service, hurry: Event) -> None:
        hurry.set()
        running.stop()
        running.start()

    rounds, people = trial.rounds(10, 1), People(2)
    _repeat_under_exports(rounds, people, tmp_path, database, restart)
    trial.tell(
        f"{rounds} restarts, each under 2 exports, and {people.pages:,} pages that 2 people asked for meanwhile",
        "0 pages failed, those that were asked for in between waited; every export came whole",
    )


@pytest.mark.slow_trial
def test_exports_that_are_cut_off(trial: Trial, database: str, tmp_path: Path) -> None:
    """An export that a stop cuts off never looks whole."""
    rounds = trial.rounds(10, 1)
    for number in range(rounds):
        impatient = service(tmp_path / str(number), DATABASE_URL=database, GUNICORN_CMD_ARGS=SHORT_STOP)
        with impatient as running, _exports(running, tokens(running)) as (files, hurry):
            running.stop()
            hurry.set()
            assert all(isinstance(file.exception(), HTTPException | OSError) for file in files)
    trial.tell(
        f"{rounds} stops, each under 2 exports that take longer than it waits", "every one was seen to break off"
    )


@pytest.mark.slow_trial
def test_clients_that_do_nothing(trial: Trial, database: str, tmp_path: Path) -> None:
    """Clients that do nothing hold up a stop no longer than graceful_timeout."""
    with service(tmp_path, DATABASE_URL=database, GUNICORN_CMD_ARGS=SHORT_STOP) as running:
        one, another = tokens(running)
        with (
            connect(running.address),
            begin(running.address, one, "/healthz") as health,
            begin(running.address, one, FILE),
            begin(running.address, another, FILE),
        ):
            health.read()
            seconds = running.stop()
    assert seconds < 10
    trial.tell(
        "a stop under a connection that asks nothing, one that is kept alive, and 2 exports that nobody reads",
        f"it took {seconds:.0f} s",
    )


def _repeat_under_exports(
    rounds: int, people: People, folder: Path, database: str, do: Callable[[Service, Event], None]
) -> None:
    """Do something to a server time and again, under people who ask for pages and two exports that must come whole."""
    with service(folder, DATABASE_URL=database) as running:
        sessions = tokens(running)
        whole = _whole(running, sessions[0])
        with people.asking(running.address, sessions[0]):
            for _ in range(rounds):
                with _exports(running, sessions) as (files, hurry):
                    do(running, hurry)
                    assert [file.result() == whole for file in files] == [True, True]
                people.await_pages(20)
    assert people.failed == []


@contextmanager
def _exports(running: Service, sessions: tuple[str, str]) -> Iterator[tuple[list[Future[bytes]], Event]]:
    """Exports of two people that have begun, and what hurries their clients."""
    hurry = Event()
    with begin(running.address, sessions[0], FILE) as one, begin(running.address, sessions[1], FILE) as another:
        clients = ThreadPoolExecutor(2)
        try:
            yield [clients.submit(read_slowly, response, hurry) for response in (one, another)], hurry
        finally:
            hurry.set()
            clients.shutdown()


def tokens(running: Service) -> tuple[str, str]:
    """Sessions of two people: of each, one export runs at a time."""
    return token(running.address, EMAILS[0], PASSWORD), token(running.address, EMAILS[1], PASSWORD)


def _whole(running: Service, session: str) -> bytes:
    (hurry := Event()).set()
    with begin(running.address, session, FILE) as response:
        return read_slowly(response, hurry)
