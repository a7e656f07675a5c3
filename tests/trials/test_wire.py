"""Bytes that aren't requests, and clients that keep the server waiting."""

import re
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
from tests.trials.bytes_sent import CORPUS, FORM, HONEST, HOST, SENT, damaged, get
from tests.trials.conftest import Trial
from tests.trials.processes import memory, workers
from tests.trials.proxy import proxied
from tests.trials.wire import Answer, answers, connect, send_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")

STATUSES = {200, 303, 308, 400, 401, 403, 404, 405, 408, 411, 413, 414, 417, 429, 431, 501, 505}
GROWTH = 80  # MB that the processes may hold more after hostile requests than before
GUESSES = [SENT] * 60  # more sign-ins than may try a password: each takes 19 MiB, which a process keeps for the next
PROMPT = 5  # seconds in which everybody else is answered; it takes a hundredth of one
TIMEOUT = 15  # seconds that nginx waits for a request (docs/deploy/nginx.conf)
CONNECTIONS = 1024  # that nginx may have open in one of these trials

LAST = get(headers=HOST + b"Connection: close\r\n")
_MARKS = (f"mark{n:06}" for n in count())


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wire") / "log"


@pytest.fixture(scope="module")
def address(migrated: Path, log: Path) -> Iterator[str]:
    """A server without a proxy."""
    copytree(migrated, log.parent, dirs_exist_ok=True)
    with (
        log.open("wb") as file,
        server(file, DATABASE_URL=f"sqlite:///{log.parent}/reports.db", PROXIES="1") as address,
    ):
        yield address


@pytest.fixture(scope="module")
def proxy(address: str, log: Path) -> Iterator[str]:
    """nginx in front of that server."""
    with proxied(address, log.parent / "nginx") as proxy:
        yield proxy


def test_bytes_that_are_no_request(trial: Trial, address: str, log: Path) -> None:
    """No bytes that a client can send make a 500, get into another's answer, or cost a process or memory.

    Every client's bytes carry a mark, and so do honest people's between them.
    """
    sent = [*CORPUS[:: trial.rounds(1, 4)], *(damaged(trial.dice) for _ in range(trial.rounds(2000, 20)))]
    for data in [*GUESSES[: trial.rounds(60, 0)], *CORPUS[:: trial.rounds(1, 20)]]:
        exchange(address, data)
    before, held = workers(), memory()
    for data in sent:
        for answer in exchange(address, data):
            assert answer.status in STATUSES, data
            assert "X-Request-ID" not in answer.headers or set(answer.headers) >= EVERYWHERE, data
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


@pytest.mark.slow_trial
def test_bytes_that_are_no_request_through_nginx(trial: Trial, proxy: str) -> None:
    """No bytes that a client can send through nginx make a 500 or get into another's answer."""
    sent = [*CORPUS, *(damaged(trial.dice) for _ in range(trial.rounds(1000, 60)))]
    for data in sent:
        assert {answer.status for answer in exchange(proxy, data)} <= STATUSES, data
        assert_answered(proxy)
    trial.tell(f"{len(sent):,} clients whose bytes are no request, or only nearly one", "0 answers in the 500s")


def exchange(address: str, data: bytes) -> list[Answer]:
    """The answers to some bytes under a mark of their own, after a look for any other."""
    mark = next(_MARKS)
    came = send_bytes(address, data.replace(b"MARK", mark.encode()))
    assert set(re.findall(r"mark\d{6}", came.decode("latin-1"))) <= {mark}, data
    assert b"/reports/SMUGGLED" not in came, data
    return answers(came)


def assert_answered(address: str) -> None:
    """Somebody else gets their own page, and promptly."""
    mark, start = next(_MARKS).encode(), monotonic()
    came = send_bytes(address, LAST.replace(b"MARK", mark), half_close=False)
    assert [answer.status for answer in answers(came)] == [200]
    assert b'value="/reports/%s"' % mark in came
    assert monotonic() - start < PROMPT


_FORM = b"POST /login HTTP/1.1\r\n" + FORM
SLOW = {
    "say nothing": (b"", b""),
    "send a head byte by byte": (b"GET /login HTTP/1.1\r\n" + HOST, b"X"),
    "send a form byte by byte": (_FORM + b"Content-Length: 60000\r\n\r\nemail=", b"x"),
    "promise a form that is too long": (_FORM + b"Content-Length: 999999\r\n\r\n", b"x"),
    "wait for leave to send": (_FORM + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", b""),
    "never hang up": (HONEST.replace(b"/1.1\r\n", b"/1.0\r\n"), b"x"),
    "never hang up after nonsense": (b"garbage\r\n\r\n", b"x"),
    "send one request after the other": (HONEST * 5 + HONEST[:-2], b""),
}


@pytest.mark.slow_trial
@pytest.mark.parametrize("what", SLOW)
def test_slow_clients(trial: Trial, proxy: str, what: str) -> None:
    """However many clients keep nginx waiting, everybody else is answered."""
    clients, before = trial.rounds(400, 200), workers()
    begin, then = SLOW[what]
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(proxy)) for _ in range(clients)]
        for client in waiting:
            client.sendall(begin)
        with dribbling(waiting, then):
            for _ in range(trial.rounds(1000, 10)):
                assert_answered(proxy)
    assert workers() == before
    trial.tell(
        f"{clients} clients of nginx who {what}, and somebody else beside them",
        f"0 answers to somebody else, all within {PROMPT} s",
    )


@pytest.mark.slow_trial
def test_clients_that_are_too_slow(trial: Trial, proxy: str) -> None:
    """nginx gives up clients that never send a whole request."""
    begun = ["say nothing", "send a head byte by byte", "wait for leave to send"]
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(proxy)) for _ in begun]
        for client, what in zip(waiting, begun, strict=True):
            client.sendall(SLOW[what][0])
        start = monotonic()
        with dribbling(waiting[1:2], b"x"):
            for client in waiting:
                with suppress(ConnectionError):
                    while client.recv(65536):
                        pass
        assert monotonic() - start < TIMEOUT + PROMPT
    trial.tell(f"{len(waiting)} clients who never end what they send", f"0 that nginx waits for {TIMEOUT + PROMPT} s")


@contextmanager
def dribbling(clients: list[socket], piece: bytes) -> Iterator[None]:
    """Let each client send a little every tenth of a second."""
    over = Event()

    def dribble() -> None:
        while piece and not over.wait(0.1):
            for client in clients:
                with suppress(OSError):  # the proxy has given it up
                    client.sendall(piece)

    thread = Thread(target=dribble)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.slow_trial
def test_more_clients_than_nginx_can_hold(trial: Trial, address: str, tmp_path: Path) -> None:
    """More silent connections than nginx may have open keep nobody out."""
    clients = trial.rounds(8000, 2200)
    with proxied(address, tmp_path / "nginx", CONNECTIONS) as proxy, ExitStack() as stack:
        for _ in range(clients):
            stack.enter_context(connect(proxy))
        for _ in range(trial.rounds(100, 10)):
            assert_answered(proxy)
    trial.tell(
        f"{clients:,} clients at once who say nothing to an nginx that may hold {CONNECTIONS:,} in a process",
        "0 answers to somebody else",
    )
