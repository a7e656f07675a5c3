"""People who go on asking a server, whatever happens to it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Thread
from time import monotonic, sleep
from typing import NamedTuple

from tests.serving import flask
from tests.trials.visitor import EMAIL, PASSWORD, Answer, Visitor

FILE = "/reports/customer-transactions.csv"
PAGES = ("/reports", "/reports/customer-usage", "/reports/customer-transactions?sort=cost", "/users", "/healthz")
PATHS = (FILE, *PAGES)

_AT_ONCE = 6
_DEADLINE = 15  # seconds in which all must be well again


class Asked(NamedTuple):
    path: str
    answer: Answer

    @property
    def is_well(self) -> bool:
        return self.answer.status == 200 and not self.answer.broken

    def __str__(self) -> str:
        return f"{self.path}: {self.answer.status}{', broken' if self.answer.broken else ''}"


def install(**settings: str) -> None:
    """A partner with 5,000 transactions, and somebody who may see them."""
    flask("migrate", **settings)
    flask("demo", "--customers", "100", "--transactions", "5000", **settings)
    flask("user", "add", EMAIL, "--role", "admin", "--password-stdin", says=f"{PASSWORD}\n", **settings)


class Visitors:
    """Somebody who is signed in at a server, and the file that is theirs when all is well."""

    def __init__(self, address: str) -> None:
        self._visitor = Visitor(address)
        self._whole = self._visitor.get(FILE).body
        self._asked, self._failed, self._longest = 0, 0, 0.0

    @contextmanager
    def meeting(self, fault: AbstractContextManager[object], name: str) -> Iterator[list[Asked]]:
        """Let them ask for as long as there is a fault: nothing they get is wrong, and all is well again after it."""
        with self._asking() as answers, fault:
            yield answers
        assert not [str(each) for each in answers if not self._is_honest(each)], name
        self._longest = max(self._longest, self._await_well())
        self._asked += len(answers)
        self._failed += sum(not each.is_well for each in answers)

    def told(self, faults: str) -> tuple[str, str]:
        """What was tried by all faults, and what was lost."""
        return (
            f"{faults}, {self._asked:,} requests meanwhile; {self._failed:,} were told to come again, or had a file "
            "that broke off",
            f"0 wrong answers, 0 errors in the 500s but 503; all well {self._longest:.1f} s after the fault at the "
            "latest",
        )

    @contextmanager
    def _asking(self) -> Iterator[list[Asked]]:
        """Several of them ask one thing after another meanwhile; their answers are there at the end."""
        answers: list[Asked] = []
        left = Event()

        def ask(number: int) -> None:
            while not left.is_set():
                answers.append(self._ask(PATHS[number % len(PATHS)]))
                number += 1

        threads = [Thread(target=ask, args=(number,)) for number in range(_AT_ONCE)]
        for thread in threads:
            thread.start()
        try:
            yield answers
        finally:
            left.set()
            for thread in threads:
                thread.join()

    def _ask(self, path: str) -> Asked:
        return Asked(path, self._visitor.get(path))

    def _is_honest(self, asked: Asked) -> bool:
        """Whether it is what was asked for, whole, or says that it isn't: a 503, or a file's transfer broke."""
        path, answer = asked
        if answer.broken:
            return path == FILE
        return answer.status == 503 or (answer.status == 200 and (path != FILE or answer.body == self._whole))

    def _await_well(self) -> float:
        """Ask until everything answers, and then often, without one failure; the seconds until then."""
        start = monotonic()
        while not all(self._ask(path).is_well for path in PATHS * 3):
            assert monotonic() - start < _DEADLINE, [str(self._ask(path)) for path in PATHS]
            sleep(0.05)
        return monotonic() - start
