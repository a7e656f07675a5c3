"""The server as systemd runs it, which can be replaced while it answers, and clients that take their time."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Event
from time import monotonic

from tests.serving import OWN, ROOT

PATIENCE = 60
"""Seconds in which a server starts, or is replaced."""
PIECE = 32 * 1024
_ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""
"""How systemd hands on a socket."""


class Service:
    """A gunicorn as systemd runs it: it gets a socket that listens, and tells another which process is the main one.

    It is started by its own command: SIGUSR2 starts the same again, and what `python -m` has started fails then.
    """

    def __init__(self, ears: socket.socket, listening: socket.socket, environment: dict[str, str]) -> None:
        self._ears, self._listening, self._environment = ears, listening, environment
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._processes = list[subprocess.Popen[bytes]]()

    def start(self) -> None:
        gunicorn = (sys.executable, str(Path(sys.executable).with_name("gunicorn")), "wsgi:app")
        process = subprocess.Popen(
            [sys.executable, "-c", _ACTIVATE, str(self._listening.fileno()), *gunicorn],
            cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL,
            pass_fds=[self._listening.fileno()], start_new_session=True,
        )  # fmt: skip
        self._processes.append(process)
        self._told("READY=1")
        self.main = process.pid

    def reload(self) -> None:
        """What `systemctl reload` does; returns when a new process answers.

        Each process of a server tells whose it is, so that the last reload may have been told twice.
        """
        os.kill(self.main, signal.SIGUSR2)
        while (told := int(self._told("MAINPID="))) == self.main:
            pass
        self.main = told

    def stop(self) -> float:
        """What `systemctl stop` does to a server that wasn't reloaded; returns how many seconds it took."""
        start = monotonic()
        self._processes[-1].terminate()
        self._processes[-1].wait(PATIENCE)
        return monotonic() - start

    def end(self) -> None:
        """End every server, and those that replaced it."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _told(self, prefix: str) -> str:
        while not (told := self._ears.recv(1000).decode()).startswith(prefix):
            pass
        return told.removeprefix(prefix)


@contextmanager
def service(folder: Path, **settings: str) -> Iterator[Service]:
    folder.mkdir(exist_ok=True)
    environment = os.environ | OWN | settings | {"NOTIFY_SOCKET": str(folder / "notify")}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears, socket.create_server(("127.0.0.1", 0)) as listening:
        ears.bind(environment["NOTIFY_SOCKET"])
        ears.settimeout(PATIENCE)
        served = Service(ears, listening, environment)
        try:
            served.start()
            yield served
        finally:
            served.end()


def connected(address: str) -> socket.socket:
    """A connection of a client that takes in little at a time."""
    host, _, port = address.removeprefix("http://").partition(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
    client.settimeout(PATIENCE)
    client.connect((host, int(port)))
    return client


@contextmanager
def begun(address: str, session: str, path: str) -> Iterator[HTTPResponse]:
    """The answer to what was asked for over such a connection; nothing has been read of it but its head."""
    connection = HTTPConnection(address.removeprefix("http://"))
    with connected(address) as connection.sock:
        connection.request("GET", path, headers={"Cookie": f"session={session}"})
        with connection.getresponse() as answer:
            yield answer


def taken(answer: HTTPResponse, hurry: Event) -> bytes:
    """What is answered, read slowly until there is a hurry. Raises HTTPException or OSError when it breaks off."""
    pieces = []
    assert answer.status == 200
    while piece := answer.read(PIECE):
        pieces.append(piece)
        hurry.wait(0.1)
    return b"".join(pieces)
