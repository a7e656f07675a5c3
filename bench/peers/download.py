"""A file, taken as fast as it comes, for so long."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlencode

from bench.server import Server

CUT_OFF = 100
"""Seconds after which a file is given up."""

_PIECE = 64 * 1024


Form = Mapping[str, str | Sequence[str]]


class Download(NamedTuple):
    """What came of a file until it ended or was given up; first byte and the server's CPU in seconds, memory in MB."""

    rows: int
    ended: bool
    first_byte: float | None
    cpu: float
    memory: float


def downloaded(server: Server, address: str, form: Form | None = None) -> Download:
    start, cpu, rows, first_byte, ended = perf_counter(), server.cpu(), 0, None, False
    connection = HTTPConnection("127.0.0.1", server.port, timeout=CUT_OFF)
    try:
        response = _asked(connection, server, address, form)
        while perf_counter() - start < CUT_OFF and not ended:
            piece = response.read1(_PIECE)
            first_byte = first_byte or perf_counter() - start
            rows += piece.count(b"\n")
            ended = not piece
    except (TimeoutError, HTTPException):
        pass  # what came until then is told
    finally:
        connection.close()
    return Download(max(rows - 1, 0), ended, first_byte, server.cpu() - cpu, _peak(server))


def _asked(connection: HTTPConnection, server: Server, address: str, form: Form | None) -> HTTPResponse:
    headers = {"Cookie": server.cookie}
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST", address, urlencode(form, doseq=True), headers)
    else:
        connection.request("GET", address, headers=headers)
    response = connection.getresponse()
    if response.status != HTTPStatus.OK:
        raise RuntimeError(f"{address}: {response.status}")
    return response


def _peak(server: Server) -> float:
    """MB that the largest of the server's processes has held."""
    lines = [line for pid in server.processes() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return max(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))
