"""Servers that are replaced or stopped while people wait for pages and files."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path
from threading import Event

import pytest

from tests.serving import flask, token
from tests.trials.conftest import Trial
from tests.trials.people import People
from tests.trials.restarting import Service, begun, connected, service, taken

EMAIL, PASSWORD = "ann@partner.example", "four other unrelated words"
FILE = "/reports/customer-transactions.csv"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('restarts')}/reports.db"
    flask("migrate", DATABASE_URL=url)
    flask("demo", "--customers", "50", "--transactions", "30000", "--seed", "1", DATABASE_URL=url)
    flask("user", "add", EMAIL, "--role", "admin", "--password-stdin", says=f"{PASSWORD}\n", DATABASE_URL=url)
    return url


def test_reloads(trial: Trial, database: str, tmp_path: Path) -> None:
    """A reload fails no page and breaks off no export."""

    def reloaded(served: Service, hurry: Event) -> None:
        _reload_twice(served)
        hurry.set()

    rounds, people = trial.rounds(5, 1), People(2)
    _each_under_exports(rounds, people, tmp_path, database, reloaded)
    trial.tell(
        f"{2 * rounds} reloads, two at a time, with 2 exports under way to slow clients and "
        f"{people.pages:,} pages that {people.number} people asked for meanwhile",
        "0 pages failed; every export came whole",
    )


@pytest.mark.slow_trial
def test_restarts(trial: Trial, database: str, tmp_path: Path) -> None:
    """A restart fails no page and breaks off no export."""

    def restarted(served: Service, hurry: Event) -> None:
        hurry.set()
        served.stop()
        served.start()

    rounds, people = trial.rounds(10, 1), People(2)
    _each_under_exports(rounds, people, tmp_path, database, restarted)
    trial.tell(
        f"{rounds} restarts, each under 2 exports, and {people.pages:,} pages that 2 people asked for meanwhile",
        "0 pages failed, those that were asked for in between waited; every export came whole",
    )


@pytest.mark.slow_trial
def test_exports_that_are_cut_off(trial: Trial, database: str, tmp_path: Path) -> None:
    """An export that a stop cuts off never looks whole."""
    rounds = trial.rounds(10, 1)
    for attempt in range(rounds):
        folder = tmp_path / str(attempt)
        impatient = service(folder, DATABASE_URL=database, GUNICORN_CMD_ARGS="--graceful-timeout 1")
        with impatient as served, _exports(served, token(served.address, EMAIL, PASSWORD)) as (files, hurry):
            served.stop()
            hurry.set()
            assert all(isinstance(file.exception(), HTTPException | OSError) for file in files)
    trial.tell(
        f"{rounds} stops, each under 2 exports that take longer than it waits", "every one was seen to break off"
    )


@pytest.mark.slow_trial
def test_clients_that_do_nothing(trial: Trial, database: str, tmp_path: Path) -> None:
    """Clients that do nothing hold up no stop."""
    with service(tmp_path, DATABASE_URL=database) as served, ExitStack() as held:
        session = token(served.address, EMAIL, PASSWORD)
        for _ in range(8):
            held.enter_context(connected(served.address))
        held.enter_context(begun(served.address, session, "/healthz")).read()
        for _ in range(2):
            held.enter_context(begun(served.address, session, FILE))
        seconds = served.stop()
    assert seconds < 55
    trial.tell(
        "a stop under 8 connections that ask nothing, one that is kept, and 2 exports that nobody reads",
        f"it took {seconds:.0f} s",
    )


def _each_under_exports(
    rounds: int, people: People, folder: Path, database: str, do: Callable[[Service, Event], None]
) -> None:
    """Do something to a server time and again, under people who ask for pages and two exports that must come whole."""
    with service(folder, DATABASE_URL=database) as served:
        session = token(served.address, EMAIL, PASSWORD)
        whole = _whole(served, session)
        with people.asking(served.address, session):
            for _ in range(rounds):
                with _exports(served, session) as (files, hurry):
                    do(served, hurry)
                    assert [file.result() == whole for file in files] == [True, True]
                people.await_pages(20)
    assert people.failed == []


@contextmanager
def _exports(served: Service, session: str) -> Iterator[tuple[list[Future[bytes]], Event]]:
    """Two exports that have begun to come, and what hurries their clients."""
    hurry = Event()
    with begun(served.address, session, FILE) as one, begun(served.address, session, FILE) as another:
        clients = ThreadPoolExecutor(2)
        try:
            yield [clients.submit(taken, answer, hurry) for answer in (one, another)], hurry
        finally:
            hurry.set()
            clients.shutdown()


def _whole(served: Service, session: str) -> bytes:
    (hurry := Event()).set()
    with begun(served.address, session, FILE) as answer:
        return taken(answer, hurry)


def _reload_twice(served: Service) -> None:
    """The second time before the first servers have ended: they are still there, because the exports are."""
    first = served.main
    served.reload()
    served.reload()
    os.kill(first, 0)
