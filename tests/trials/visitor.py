"""Somebody who signs in at a server and asks it, and sees how an answer ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import NamedTuple
from urllib.parse import urlencode

from tests.serving import token

EMAIL, PASSWORD = "ann@partner.example", "four other unrelated words"
_PATIENCE = 60


class Answer(NamedTuple):
    """`status` is 0 where there was none. `broken`: it ended early, as a browser says of a failed download."""

    status: int
    body: bytes
    broken: bool = False


class Visitor:
    def __init__(self, address: str, session: str = "") -> None:
        """Sign in as Ann, unless a session is given."""
        self.address = address
        session = session or token(address, EMAIL, PASSWORD)
        self.headers = {"Cookie": f"session={session}", "Accept": "text/html"}

    def get(self, path: str) -> Answer:
        with self.asking("GET", path) as response:
            return read_answer(response)

    def post(self, path: str, **form: str) -> Answer:
        with self.asking("POST", path, urlencode(form)) as response:
            return read_answer(response)

    @contextmanager
    def asking(self, method: str, path: str, form: str | None = None) -> Iterator[HTTPResponse | None]:
        """The answer as it begins, which can be read piece by piece; None where there is none."""
        connection = HTTPConnection(self.address.removeprefix("http://"), timeout=_PATIENCE)
        kind = {"Origin": self.address, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            connection.request(method, path, form, self.headers | (kind if form is not None else {}))
            yield connection.getresponse()
        except (HTTPException, ConnectionError):
            yield None
        finally:
            connection.close()


def read_answer(response: HTTPResponse | None) -> Answer:
    """All of an answer, or as much of it as comes."""
    if response is None:
        return Answer(0, b"", broken=True)
    pieces = []
    try:
        while piece := response.read1(1 << 16):
            pieces.append(piece)
        short = bool(response.length)
    except (HTTPException, ConnectionError):
        short = True
    return Answer(response.status, b"".join(pieces), short)
