"""The server as systemd runs it, reloaded and stopped by signals, and clients that take their time."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Event
from time import monotonic

from tests.serving import OWN, ROOT
from tests.trials.processes import until, workers

PATIENCE = 60  # seconds in which a server starts, or is reloaded
PIECE = 32 * 1024
WORKERS = 2  # of the servers here (tests/serving.py)
# Passes a listening socket on as systemd does.
_ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""


class Service:
    """A gunicorn that gets a listening socket and reports to $NOTIFY_SOCKET, as a systemd service does."""

    def __init__(self, notify: socket.socket, listening: socket.socket, environment: dict[str, str]) -> None:
        self._notify, self._listening, self._environment = notify, listening, environment
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._process: subprocess.Popen[bytes]

    def start(self) -> None:
        gunicorn = (sys.executable, "-m", "gunicorn", "wsgi:app")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ACTIVATE, str(self._listening.fileno()), *gunicorn],
            cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL,
            pass_fds=[self._listening.fileno()], start_new_session=True,
        )  # fmt: skip
        while not self._notify.recv(1000).decode().startswith("READY=1"):
            pass

    def reload(self) -> None:
        """Send SIGHUP, as `systemctl reload` does; returns when all workers are new, but for those that end exports."""
        before = set(workers())
        self._process.send_signal(signal.SIGHUP)
        until(lambda: len(set(workers()) - before) == WORKERS, PATIENCE)

    def stop(self) -> float:
        """Send SIGTERM, as `systemctl stop` does; returns how many seconds it took."""
        start = monotonic()
        self._process.terminate()
        self._process.wait(PATIENCE)
        return monotonic() - start

    def end(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def service(folder: Path, **settings: str) -> Iterator[Service]:
    folder.mkdir(exist_ok=True)
    environment = os.environ | OWN | settings | {"NOTIFY_SOCKET": str(folder / "notify")}
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        notify.bind(environment["NOTIFY_SOCKET"])
        notify.settimeout(PATIENCE)
        running = Service(notify, listening, environment)
        running.start()
        try:
            yield running
        finally:
            running.end()


def connect(address: str) -> socket.socket:
    """A connection of a client that takes in little at a time."""
    host, _, port = address.removeprefix("http://").partition(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
    client.settimeout(PATIENCE)
    client.connect((host, int(port)))
    return client


@contextmanager
def begin(address: str, session: str, path: str) -> Iterator[HTTPResponse]:
    """The response to a request over such a connection; only its head has been read."""
    connection = HTTPConnection(address.removeprefix("http://"))
    with connect(address) as connection.sock:
        connection.request("GET", path, headers={"Cookie": f"session={session}"})
        with connection.getresponse() as response:
            yield response


def read_slowly(response: HTTPResponse, hurry: Event) -> bytes:
    """Read a response slowly until there is a hurry. Raises HTTPException or OSError when it breaks off."""
    pieces = []
    assert response.status == 200
    while piece := response.read(PIECE):
        pieces.append(piece)
        hurry.wait(0.1)
    return b"".join(pieces)
