"""Servers in processes of their own, asked the way a browser asks, and the CPU that they use."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from time import clock_gettime, perf_counter, sleep

OURS = "wsgi:app"
ALONE = ("--workers", "1")
"""One process, so that whatever is remembered is remembered for the next request."""

_LOG = Path(__file__).parents[1] / ".cache" / "bench" / "servers.log"
_ENOUGH = 1_000_000
"""Bytes of an answer that are read: all of a page, the beginning of an export."""

_PATIENCE = 20.0
"""Seconds."""


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    cookie: str

    def get(self, address: str, patience: float = _PATIENCE) -> tuple[float, float]:
        """Ask, and return the milliseconds until the body's first byte and until its second line."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=patience)
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

    def cost(self, address: str, times: int, patience: float = _PATIENCE) -> float:
        """CPU milliseconds for one of so many requests."""
        start = self.cpu()
        for _ in range(times):
            self.get(address, patience)
        return (self.cpu() - start) * 1000 / times

    def cpu(self) -> float:
        """Seconds of CPU that the server and its workers have used so far."""
        return cpu_of(self.processes())

    def processes(self) -> list[int]:
        return family(self.pid)


@contextmanager
def serving(application: str, database: Path, cookie: str = "", *options: str) -> Iterator[Server]:
    """Run gunicorn with our own settings, besides `options`, on a free port. It is asked with `cookie`."""
    with serving_at(application, f"sqlite:///{database}", cookie, *options) as server:
        yield server


@contextmanager
def serving_at(application: str, url: str, cookie: str, *options: str) -> Iterator[Server]:
    port = free_port()
    environ = {"DATABASE_URL": url, "HOST": "127.0.0.1", "PORT": str(port)}
    with running([sys.executable, "-m", "gunicorn", *options, application], port, environ, cookie) as server:
        yield server


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextmanager
def running(
    command: Sequence[str], port: int, environ: dict[str, str], cookie: str = "", folder: Path | None = None
) -> Iterator[Server]:
    """Run a server until it isn't needed any more. Raises TimeoutError when it doesn't listen."""
    with _LOG.open("a") as log:
        server = subprocess.Popen(command, cwd=folder, env=os.environ | environ, stdout=log, stderr=log)
    try:
        _await(port)
        yield Server(port, server.pid, cookie)
    finally:
        server.terminate()
        server.wait()


def family(pid: int) -> list[int]:
    """A process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def cpu_of(pids: Iterable[int]) -> float:
    """Seconds of CPU that processes have used so far."""
    return sum(map(_cpu, pids))


def _await(port: int) -> None:
    until = perf_counter() + _PATIENCE
    while perf_counter() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            sleep(0.05)
        else:
            return
    raise TimeoutError(f"the server didn't start; what it said is in {_LOG}")


def _cpu(pid: int) -> float:
    """The clock's number is what clock_getcpuclockid(3) gives on Linux."""
    return clock_gettime(~pid << 3 | 2)
