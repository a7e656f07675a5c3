"""Bytes that aren't requests, and clients that keep the server waiting."""

import re
import resource
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from shutil import copytree
from socket import socket
from threading import Event, Thread
from time import monotonic

import pytest

from tests.serving import server
from tests.support import EVERYWHERE
from tests.trials.bytes_sent import CORPUS, FORM, HONEST, HOST, SENT, damaged
from tests.trials.conftest import Trial
from tests.trials.processes import memory, workers
from tests.trials.wire import Answer, answers, connected, exchanged

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")

ANSWERED = {200, 303, 308, 400, 401, 403, 404, 405, 411, 413, 414, 417, 429, 431, 501, 505}
GROWTH = 30
"""MB that the processes may hold more after hostile requests than before."""

GUESSES = [SENT] * 60
"""More sign-ins than are let try a password: each that is takes 19 MiB, which a process keeps for the next."""

PROCESSES = 2

PROMPT = 5
"""Seconds in which everybody else is answered. It takes a hundredth of one; a thread that waits would take more."""

_MARKS = (f"mark{n:06}" for n in count())


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wire") / "log"


@pytest.fixture(scope="module")
def address(migrated: Path, log: Path) -> Iterator[str]:
    copytree(migrated, log.parent, dirs_exist_ok=True)
    others = len(workers())
    with log.open("wb") as file, server(file, DATABASE_URL=f"sqlite:///{log.parent}/reports.db") as address:
        deadline = monotonic() + PROMPT
        while len(workers()) < others + PROCESSES:
            assert monotonic() < deadline
        yield address


def test_bytes_that_are_no_request(trial: Trial, address: str, log: Path) -> None:
    """No bytes that a client can send make a 500, get into another's answer, or cost a process or memory.

    Every client's bytes carry a mark, and so do honest people's between them.
    """
    sent = [*CORPUS, *(damaged(trial.dice) for _ in range(trial.rounds(2000, 60)))]
    for data in [*GUESSES, *CORPUS[:: trial.rounds(1, 5)]]:
        exchange(address, data)
    before, held = workers(), memory()
    for data in sent:
        for answer in exchange(address, data):
            assert answer.status in ANSWERED, data
            assert set(answer.headers) >= EVERYWHERE, data
            assert "X-Injected" not in answer.headers, data
        assert_answered(address)
    assert workers() == before
    assert memory() < held + GROWTH
    assert log.read_text().replace("\n", "").isprintable()
    assert "Traceback" not in log.read_text()
    trial.tell(
        f"{len(sent):,} clients whose bytes are no request, or only nearly one, each followed by an honest person",
        "0 answers in the 500s but 501 and 505, 0 words of one connection in another's answer, 0 processes; "
        f"memory grew by less than {GROWTH} MB",
    )


def exchange(address: str, data: bytes) -> list[Answer]:
    """The answers to some bytes under a mark of their own, after a look for any other."""
    mark = next(_MARKS)
    came = exchanged(address, data.replace(b"MARK", mark.encode()))
    assert set(re.findall(r"mark\d{6}", came.decode("latin-1"))) <= {mark}, data
    assert b"/reports/SMUGGLED" not in came, data
    return answers(came)


def assert_answered(address: str) -> None:
    """Somebody else gets their own page, and promptly."""
    mark, start = next(_MARKS).encode(), monotonic()
    came = exchanged(address, HONEST.replace(b"MARK", mark))
    assert [answer.status for answer in answers(came)] == [200]
    assert b'value="/reports/%s"' % mark in came
    assert monotonic() - start < PROMPT


_BEGUN = b"POST /login HTTP/1.1\r\n" + FORM
SLOW = {
    "say nothing": (b"", b""),
    "send a head byte by byte": (b"GET /login HTTP/1.1\r\n" + HOST, b"X"),
    "send a form byte by byte": (_BEGUN + b"Content-Length: 60000\r\n\r\nemail=", b"x"),
    "promise a form that is too long": (_BEGUN + b"Content-Length: 999999\r\n\r\n", b"x"),
    "wait for leave to send": (_BEGUN + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", b""),
    "never hang up": (HONEST.replace(b"/1.1\r\n", b"/1.0\r\n"), b"x"),
    "never hang up after nonsense": (b"garbage\r\n\r\n", b"x"),
    "send one request after the other": (HONEST * 5 + HONEST[:-2], b""),
}


@pytest.mark.parametrize("what", SLOW)
def test_slow_clients(trial: Trial, address: str, what: str) -> None:
    """However many clients keep the server waiting, everybody else is answered."""
    clients, before = trial.rounds(400, 200), workers()
    begin, then = SLOW[what]
    with ExitStack() as held:
        waiting = [held.enter_context(connected(address)) for _ in range(clients)]
        for client in waiting:
            client.sendall(begin)
        with dribbling(waiting, then):
            for _ in range(trial.rounds(1000, 10)):
                assert_answered(address)
    assert workers() == before
    trial.tell(
        f"{clients} clients who {what}, and somebody else beside them",
        f"0 answers to somebody else, all within {PROMPT} s",
    )


@pytest.mark.slow_trial
def test_clients_that_are_too_slow(trial: Trial, address: str) -> None:
    """Who is too slow is given up, however little they send at a time."""
    begun = [begin for begin, _ in SLOW.values() if begin.startswith((_BEGUN, b"GET"))]
    with ExitStack() as held:
        waiting = [held.enter_context(connected(address)) for _ in ["silent", *begun]]
        for client, begin in zip(waiting[1:], begun, strict=True):
            client.sendall(begin)
        start = monotonic()
        with dribbling(waiting[1:], b"x"):
            for client in waiting:
                with suppress(ConnectionError):
                    while client.recv(65536):
                        pass
        assert monotonic() - start < PATIENCE + PROMPT
    trial.tell(f"{len(waiting)} clients who never end what they send", f"0 that are waited for {PATIENCE + PROMPT} s")


@contextmanager
def dribbling(clients: list[socket], piece: bytes) -> Iterator[None]:
    """Let each client send a little every tenth of a second."""
    over = Event()

    def dribble() -> None:
        while piece and not over.wait(0.1):
            for client in clients:
                with suppress(OSError):  # those that are given up
                    client.sendall(piece)

    thread = Thread(target=dribble)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_more_clients_than_a_process_can_hold(trial: Trial, address: str) -> None:
    """More connections than the server may have files open cost no process and keep nobody out."""
    before = workers()
    for pid in before:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (1024, 1024))
    clients = trial.rounds(8000, 2200)
    with ExitStack() as held:
        for _ in range(clients):
            held.enter_context(connected(address))
        for _ in range(trial.rounds(100, 10)):
            assert_answered(address)
        assert workers() == before
    trial.tell(
        f"{clients:,} clients at once who say nothing, and somebody else beside them",
        "0 answers to somebody else, 0 processes",
    )
