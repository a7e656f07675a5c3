"""Let people who use much of a server process wait for each other, so that threads are free for all others.

A process counts how many seconds of work each person's requests were lately. A request is large with which somebody is
expected to use more than a little: as much as the person's other requests took, or, of newcomers, those of others with
the same endpoint. One of them works at a time, and few wait, those of people who have used the least first. Beyond
these, requests of people who have used much are refused, and others don't wait. So however many people ask for however
much, most threads are free for those who ask for a page now and then. Nothing holds back a person who is alone.
"""

from collections import OrderedDict
from math import exp, inf, log
from threading import Condition
from time import monotonic, thread_time
from typing import NamedTuple

from flask import Flask, Response, g, request

from app.auth.permissions import Permission
from app.web.errors import error_response
from models import reports_db

WINDOW = 60.0  # seconds after which what was used counts for a third
FREE = 0.15  # seconds of work within the window for which nobody waits: some thirty pages
_MODEST = 1 / 10  # of what people used on average: who used less never waits
MUCH = 3.0  # seconds of work within the window: who used less is never refused, even where too many wait
MAX_WAITING = 4  # requests that wait in a process; each keeps a thread, see gunicorn.conf.py
_MAX_WAIT = 10  # seconds
_EXPECTED = 0.02  # seconds of work that a request is taken for where nothing is known
_MEMORY = 10  # requests that count for what the next one is expected to take
_RETRY_AFTER = 5  # seconds

_WITH_PLACES_OF_THEIR_OWN = frozenset({"export.csv", "export.json", "export.xlsx"})  # endpoints, see export_places.py


class TooMuchWork(Exception):
    """A request of somebody who has used much, while as many wait as may."""


class Turn:
    """A request of a person that waits or works. That with the smallest `order` is next."""

    def __init__(self, person: int, endpoint: str, expected: float, order: tuple[float, float]) -> None:
        self.person, self.endpoint, self.expected, self.order = person, endpoint, expected, order
        self.is_large = False


class _Use(NamedTuple):
    """What a person used: seconds as of a time, and how many a request took lately."""

    seconds: float
    at: float
    mean: float


class FairUse:
    """The work of one process: `waiting` are those whose turn comes later. Methods may be called by many threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._used = OrderedDict[int, _Use]()  # by person, the latest last
        self._expected: dict[str, float] = {}  # seconds that a request lately took, by endpoint
        self._at_work: dict[Turn, None] = {}
        self.waiting: list[Turn] = []
        self._is_busy = False  # a request of somebody who has used much is at work

    def begin(self, person: int, endpoint: str = "") -> Turn:
        """Return when a request of the person may work; `end` must follow. Raises TooMuchWork."""
        now = monotonic()
        with self._changed:
            self._forget(now)
            use = self._used.get(person)
            expected = use.mean if use else self._expected.get(endpoint, _EXPECTED)
            turn = Turn(person, endpoint, expected, (self._rank(person), now))
            own = [turn, *(each for each in self._at_work if each.person == person)]
            used = self._recent(person, now) + sum(each.expected for each in own)
            if used > FREE and self._is_immodest(person, used, now):
                self._wait(turn)
            self._at_work[turn] = None
        return turn

    def end(self, turn: Turn, seconds: float) -> None:
        """Count the seconds that a request has worked, and let the next one work."""
        now = monotonic()
        with self._changed:
            use = self._used.get(turn.person)
            mean = _moving_mean(use.mean if use else seconds, seconds)
            self._used[turn.person] = _Use(self._recent(turn.person, now) + seconds, now, mean)
            self._used.move_to_end(turn.person)
            self._expected[turn.endpoint] = _moving_mean(self._expected.get(turn.endpoint, seconds), seconds)
            del self._at_work[turn]
            if turn.is_large:
                self._is_busy = False
                self._changed.notify_all()

    def _wait(self, turn: Turn) -> None:
        self.waiting.append(turn)
        if self._is_busy and len(self.waiting) > MAX_WAITING:
            self.waiting.remove(max(self.waiting, key=lambda each: each.order))
            self._changed.notify_all()
        self._changed.wait_for(lambda: turn not in self.waiting or self._is_next(turn), _MAX_WAIT)
        is_next = self._is_next(turn)
        if turn in self.waiting:
            self.waiting.remove(turn)
        if is_next:
            self._is_busy = turn.is_large = True
        elif self._recent(turn.person, monotonic()) > MUCH:
            raise TooMuchWork

    def _is_next(self, turn: Turn) -> bool:
        return not self._is_busy and turn is min(self.waiting, key=lambda each: each.order, default=None)

    def _recent(self, person: int, now: float) -> float:
        use = self._used.get(person)
        return use.seconds * exp((use.at - now) / WINDOW) if use else 0.0

    def _is_immodest(self, person: int, used: float, now: float) -> bool:
        """Return whether others are here, and have not used ten times as much."""
        others = sum(self._recent(other, now) for other in self._used if other != person)
        number = len(self._used.keys() | {person})
        return number > 1 and used > _MODEST * (used + others) / number

    def _rank(self, person: int) -> float:
        """Return a number that is larger for who used more, and stays as time goes by: the logarithm falls evenly."""
        use = self._used.get(person)
        return log(use.seconds) + use.at / WINDOW if use and use.seconds else -inf

    def _forget(self, now: float) -> None:
        """Forget those who have asked for nothing for a while."""
        while self._used and next(iter(self._used.values())).at < now - 2 * WINDOW:
            self._used.popitem(last=False)


def _moving_mean(mean: float, value: float) -> float:
    return mean + (value - mean) / _MEMORY


def register(app: Flask) -> None:
    app.extensions["fair_use"] = fair_use = FairUse()

    @app.teardown_request
    def end_turn(_: BaseException | None) -> None:
        if turn := g.pop("turn", None):
            elsewhere = 0.0 if reports_db.is_embedded else g.get("seconds", {}).get("query", 0.0)
            fair_use.end(turn, thread_time() - g.cpu_start + elsewhere)


def begin_turn(fair_use: FairUse) -> Response | None:
    """Wait until the visitor's request may work. Return a 429 when it may not, None when it may.

    Exports have places of their own.
    """
    if request.endpoint in _WITH_PLACES_OF_THEIR_OWN and g.visitor.can(Permission.EXPORT):
        return None
    try:
        g.turn = fair_use.begin(g.visitor.id, request.endpoint or "")
    except TooMuchWork:
        details = ["Other people are at work, and your last requests were large ones. Try again in a few seconds."]
        response = error_response(429, "You ask for more than your share.", details)
        response.headers["Retry-After"] = str(_RETRY_AFTER)
        return response
    g.cpu_start = thread_time()
    return None
