"""People who ask for pages, one after the other, while something happens to the server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from threading import Condition

PAGES = ("/reports/customer-usage?open=all", "/reports/customer-transactions?q=a", "/healthz", "/reports")
PATIENCE = 60  # seconds that anything here may take


class People:
    """So many people, who keep their connections as browsers do."""

    def __init__(self, number: int) -> None:
        self.number, self.pages, self.failed = number, 0, list[str]()
        self._at_it, self._asked = True, Condition()

    @contextmanager
    def asking(self, address: str, session: str) -> Iterator[None]:
        with ThreadPoolExecutor(self.number) as threads:
            for _ in range(self.number):
                threads.submit(self._ask, HTTPConnection(address.removeprefix("http://"), timeout=PATIENCE), session)
            try:
                yield
            finally:
                self._at_it = False

    def await_pages(self, more: int) -> None:
        """Wait until they have had so many more pages."""
        with self._asked:
            enough = self.pages + more
            assert self._asked.wait_for(lambda: self.pages >= enough, PATIENCE)

    def _ask(self, connection: HTTPConnection, session: str) -> None:
        for path in cycle(PAGES):
            if not self._at_it:
                break
            fault = _fault(connection, path, session)
            with self._asked:
                self.pages += 1
                self.failed += [fault] if fault else []
                self._asked.notify_all()
        connection.close()


def _fault(connection: HTTPConnection, path: str, session: str) -> str:
    """What is wrong with the answer, or nothing."""
    try:
        connection.request("GET", path, headers={"Cookie": f"session={session}"})
        answer = connection.getresponse()
        answer.read()
    except (HTTPException, OSError) as error:
        connection.close()
        return f"{path}: {error!r}"
    return "" if answer.status == 200 else f"{path}: {answer.status}"
