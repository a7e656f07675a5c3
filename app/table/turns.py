"""Pages and pieces of files that one process makes, one after the other as long as they are quick.

Python runs one thread at a time. Eight that make pages at once only take the processor from each other: the same pages
then cost two thirds more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock
from time import monotonic

LONG = 0.01
"""Seconds. Who takes longer has had a turn, and goes on beside those who come next."""


class Turns:
    def __init__(self) -> None:
        lock = Lock()
        self._free, self._idle = Condition(lock), Condition(lock)
        self._begun: float | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What one may do while others wait, unless it takes long."""
        with self._free:
            while self._begun is not None and (left := self._begun + LONG - monotonic()) > 0:
                self._free.wait(left)
            mine = self._begun = monotonic()
        try:
            yield
        finally:
            with self._free:
                if self._begun == mine:
                    self._begun = None
                    self._free.notify()
                    self._idle.notify_all()

    def give_way(self) -> None:
        """Wait while somebody has a turn, as long as that is quick."""
        with self._idle:
            self._idle.wait_for(lambda: self._begun is None, LONG)


_turns = Turns()
turn, give_way = _turns.turn, _turns.give_way
