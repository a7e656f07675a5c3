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


class Service:
    """A gunicorn that tells a socket, as it would tell systemd, which of its processes is the main one.

    It is started by its own command: SIGUSR2 starts the same again, and what `python -m` has started fails then.
    """

    def __init__(self, ears: socket.socket, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        self._ears, self.process = ears, process
        self.main = process.pid
        self.address = process.stdout.readline().removeprefix("Partner Reports is at ").strip()

    def reload(self) -> None:
        """What `systemctl reload` does; returns when a new process answers."""
        os.kill(self.main, signal.SIGUSR2)
        while not (told := self._ears.recv(1000).decode()).startswith("MAINPID="):
            pass
        self.main = int(told.removeprefix("MAINPID="))

    def stop(self) -> float:
        """What `systemctl stop` does; returns how many seconds it took."""
        start = monotonic()
        os.kill(self.main, signal.SIGTERM)
        self.process.wait(PATIENCE)
        return monotonic() - start


@contextmanager
def service(folder: Path, **settings: str) -> Iterator[Service]:
    folder.mkdir(exist_ok=True)
    environment = os.environ | OWN | settings | {"NOTIFY_SOCKET": str(folder / "notify")}
    command = [sys.executable, str(Path(sys.executable).with_name("gunicorn")), "wsgi:app"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(environment["NOTIFY_SOCKET"])
        ears.settimeout(PATIENCE)
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            try:
                yield Service(ears, process)
            finally:
                _end(process.pid)


def _end(group: int) -> None:
    """End a server and those that replaced it."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


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
