"""How much of a server process each person may use while requests of others are at work, so that pages stay fast.

A process counts how many seconds of work each person's requests took lately. The more requests of others are at work at
the moment, the less may that be. Nobody is refused while others do little, and nobody waits.
"""

from collections import defaultdict
from collections.abc import Callable
from math import exp
from threading import Lock
from time import monotonic

WINDOW = 3.0  # seconds after which past work counts for a third (1/e)
MAX_SECONDS = 0.2  # of a person's work within the window, while one request of others is at work
MAX_OTHERS = 4  # requests of others: two leave half of MAX_SECONDS, four a quarter, and more no less
BUSY = 0.7  # requests of others at work, on average within the window, below which nobody is refused
REFUSAL = 0.05  # seconds for which a refusal counts: whoever goes on asking isn't let in before those who pause
_UNFINISHED = 0.02  # seconds for which a request counts until it has ended


class Use:
    """What somebody uses, as of `updated_at`: requests at work, their recent mean, and recent seconds of work."""

    def __init__(self) -> None:
        self.at_work, self.mean_at_work, self.seconds, self.updated_at = 0, 0.0, 0.0, 0.0

    def update(self, now: float) -> None:
        """Let what is older count for less."""
        decay = exp((self.updated_at - now) / WINDOW)
        self.mean_at_work = self.mean_at_work * decay + self.at_work * (1 - decay)
        self.seconds, self.updated_at = self.seconds * decay, now


class FairUse:
    """The use of one process by each person and by all together. Threads may call its methods at the same time."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._all, self._people = Use(), defaultdict[int, Use](Use)

    def begin(self, person: int) -> bool:
        """Return whether a request of the person may begin. If so, `end` must follow."""
        with self._lock:
            own = self._updated(person)
            seconds = own.seconds + own.at_work * _UNFINISHED
            others = self._all.at_work - own.at_work
            is_busy = self._all.mean_at_work - own.mean_at_work > BUSY
            if is_busy and seconds * min(others, MAX_OTHERS) > MAX_SECONDS:
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
