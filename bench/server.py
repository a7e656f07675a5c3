"""Serve an application with gunicorn, request pages from it, and measure the CPU time that its workers use."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from time import clock_gettime

from bench.databases import CACHE, sqlite_url

OURS = "wsgi:app"

_LOG = CACHE / "servers.log"
_PORT = re.compile(r":(\d+)$", re.MULTILINE)  # in the line that gunicorn.conf.py prints when the server listens
_TIMEOUT = 20.0  # seconds for an answer


@dataclass(frozen=True)
class Server:
    """A running server. `process_ids` are processes whose children, the workers, are measured."""

    port: int
    process_ids: tuple[int, ...]
    cookie: str

    def open(self, address: str, cookie: str = "") -> HTTPResponse:
        """Request an address over a new connection, as the owner of another cookie where one is given.

        The body is unread. Raises RuntimeError for any status but 200.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)
        connection.request("GET", address, headers={"Cookie": cookie or self.cookie, "Connection": "close"})
        response = connection.getresponse()
        if response.status != HTTPStatus.OK:
            raise RuntimeError(f"{address}: {response.status}")
        return response

    def get(self, address: str) -> None:
        self.open(address).read()

    def cpu_per_request(self, address: str, requests: int = 10) -> float:
        """CPU milliseconds of the workers for one of so many requests."""
        start = self.cpu_seconds()
        for _ in range(requests):
            self.get(address)
        return (self.cpu_seconds() - start) * 1000 / requests

    def cpu_seconds(self) -> float:
        """CPU seconds of the workers so far. The clock's number is what clock_getcpuclockid(3) returns on Linux."""
        return sum(clock_gettime(~worker << 3 | 2) for worker in self._workers())

    def memory(self, field: str) -> float:
        """MB that the largest worker holds now ("VmRSS"), or held at its peak ("VmHWM")."""
        lines = [line for each in self._workers() for line in Path(f"/proc/{each}/status").read_text().splitlines()]
        return max(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(field))

    def _workers(self) -> list[int]:
        files = [Path(f"/proc/{each}/task/{each}/children") for each in self.process_ids]
        return [int(child) for file in files for child in file.read_text().split()]


@contextmanager
def serve(
    application: str, database: Path | str, cookie: str = "", workers: int = 0, also: int = 0
) -> Iterator[Server]:
    """Serve an application on a database, given as a path or URL, with the settings of gunicorn.conf.py.

    With `workers`, there are so many with one thread each. `also` is the id of another process whose children are
    measured, such as PostgreSQL's. Raises RuntimeError when the server doesn't start.
    """
    url = sqlite_url(database) if isinstance(database, Path) else database
    environ = os.environ | {"DATABASE_URL": url, "HOST": "127.0.0.1", "PORT": "0"}  # any free port
    options = ["--workers", str(workers), "--threads", "1"] if workers else []
    with _LOG.open("a") as log:
        command = [sys.executable, "-m", "gunicorn", *options, application]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        ready = _PORT.search(process.stdout.readline()) if process.stdout else None
        if not ready:
            raise RuntimeError(f"the server doesn't start; see {_LOG}")
        yield Server(int(ready[1]), (process.pid, also) if also else (process.pid,), cookie)
    finally:
        process.terminate()
        process.communicate()
