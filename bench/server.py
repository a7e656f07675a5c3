"""The production server, asked the way a browser asks."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep

OURS = "wsgi:app"
_ENOUGH = 1_000_000
"""Bytes of an answer that are read: all of a page, the beginning of an export."""

_PATIENCE = 20.0
"""Seconds."""


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    cookie: str

    def get(self, address: str) -> tuple[float, float]:
        """Ask, and return the milliseconds until the body's first byte and until its second line."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        start = perf_counter()
        connection.request("GET", address, headers={"Cookie": self.cookie})
        response = connection.getresponse()
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"{address}: {response.status}")
        response.read(1)
        byte = perf_counter()
        response.readline()
        response.read(1)
        line = perf_counter()
        response.read(_ENOUGH)
        connection.close()
        return (byte - start) * 1000, (line - start) * 1000

    def cpu(self) -> float:
        """Seconds of CPU that the workers have used so far."""
        workers = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(map(_cpu, workers))


@contextmanager
def serving(application: str, database: Path, cookie: str = "") -> Iterator[Server]:
    """Run gunicorn with our own settings for `application` on a free port. It is asked with `cookie`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environ = os.environ | {"DATABASE_URL": f"sqlite:///{database}", "HOST": "127.0.0.1", "PORT": str(port)}
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", application], env=environ, stdout=subprocess.DEVNULL)
    try:
        _await(port)
        yield Server(port, server.pid, cookie)
    finally:
        server.terminate()
        server.wait()


def _await(port: int) -> None:
    until = perf_counter() + _PATIENCE
    while perf_counter() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            sleep(0.05)
        else:
            return
    raise TimeoutError("the server didn't start")


def _cpu(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
