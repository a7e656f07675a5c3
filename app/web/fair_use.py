"""Refuse requests of people who use much of a process while requests of others are at work, so that pages stay fast.

A process counts how many seconds of work each person's requests took lately. The more requests of others are at work at
the moment, the less may that be. Nobody is refused while others do little, and nobody waits.
"""

from collections import defaultdict
from collections.abc import Callable
from math import exp
from threading import Lock
from time import monotonic, thread_time

from flask import Flask, Response, current_app, g, request

from app.web.errors import error_response
from app.web.rules import RULES
from models import reports_db

WINDOW = 3.0  # seconds after which what was counts for a third (1/e)
MAX_SECONDS = 0.2  # of a person's work within the window, while one request of others is at work
MAX_OTHERS = 4  # requests of others: two leave half of MAX_SECONDS, four a quarter, and more no less
BUSY = 0.7  # requests of others at work, on average within the window, below which nobody is refused
REFUSAL = 0.05  # seconds for which a refusal counts: whoever goes on asking isn't let in before those who pause
_AT_WORK = 0.02  # seconds for which a request counts until it has ended
_RETRY_AFTER = 5  # seconds

# Endpoints that keep a thread while a client reads or sends, or that a person needs at any time.
UNLIMITED = frozenset({"export.csv", "export.json", "export.xlsx", "imports.upload", "put.put", "account.sign_out"})


class Use:
    """What somebody uses, as of `at`: requests at work now, their mean lately, and seconds of work lately."""

    def __init__(self) -> None:
        self.at_work, self.mean, self.seconds, self.at = 0, 0.0, 0.0, 0.0

    def update(self, now: float) -> None:
        kept = exp((self.at - now) / WINDOW)
        self.mean = self.mean * kept + self.at_work * (1 - kept)
        self.seconds, self.at = self.seconds * kept, now


class FairUse:
    """The use of one process by each person and by all together. Threads may call its methods at the same time."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._all, self._people = Use(), defaultdict[int, Use](Use)

    def begin(self, person: int) -> bool:
        """Return whether a request of the person may begin. If so, `end` must follow."""
        with self._lock:
            own = self._updated(person)
            seconds, others = own.seconds + own.at_work * _AT_WORK, self._all.at_work - own.at_work
            if seconds * min(others, MAX_OTHERS) > MAX_SECONDS and self._all.mean - own.mean > BUSY:
                own.seconds += REFUSAL
                return False
            own.at_work += 1
            self._all.at_work += 1
        return True

    def end(self, person: int, seconds: float) -> None:
        """Count the seconds of work of a request that has ended."""
        with self._lock:
            own = self._updated(person)
            own.seconds += seconds
            own.at_work -= 1
            self._all.at_work -= 1

    def _updated(self, person: int) -> Use:
        now, own = self._clock(), self._people[person]
        own.update(now)
        self._all.update(now)
        return own


def register(app: Flask) -> None:
    app.extensions["fair_use"] = FairUse()
    app.teardown_request(_end_request)


def begin_request() -> Response | None:
    """Return a 429 when the visitor has used so much that the request may not begin, None when it may."""
    permission = RULES.get(request.endpoint or "")
    if request.endpoint in UNLIMITED and (permission is None or g.visitor.can(permission)):
        return None
    if not _fair_use().begin(g.visitor.id):
        details = [f"Other people are at work, and your last requests were large. Try again in {_RETRY_AFTER} seconds."]
        response = error_response(429, "You ask for too much at once.", details)
        response.headers["Retry-After"] = str(_RETRY_AFTER)
        return response
    g.work_start = thread_time()
    return None


def _end_request(_: BaseException | None) -> None:
    if (start := g.pop("work_start", None)) is not None:
        elsewhere = 0.0 if reports_db.is_embedded else g.get("seconds", {}).get("query", 0.0)
        _fair_use().end(g.visitor.id, thread_time() - start + elsewhere)


def _fair_use() -> FairUse:
    fair_use: FairUse = current_app.extensions["fair_use"]
    return fair_use
