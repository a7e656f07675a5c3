"""Threads that answer requests: whichever has just answered one answers the next."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

Work = tuple[Future[Any], Callable[[], Any]]


class Threads(Executor):
    """Up to so many threads, begun as they are needed.

    Python's own pool lets them take turns, so that each finds what it has open, and what the processor holds at hand,
    grown cold: a page then takes a tenth longer, and every thread keeps connections to the databases.
    """

    def __init__(self, most: int) -> None:
        self._most, self._begun, self._ended = most, 0, False
        self._lock = Lock()
        self._waiting: deque[Work] = deque()
        self._resting: list[SimpleQueue[Work | None]] = []

    def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        work = Future[Any](), lambda: call(*args, **named)
        with self._lock:
            if self._resting:
                self._resting.pop().put(work)
            elif self._begun < self._most:
                Thread(target=self._work, args=(work,)).start()
                self._begun += 1
            else:
                self._waiting.append(work)
        return work[0]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - Executor's
        """Let threads end when they have nothing to do any more. Nobody is waited for, and nothing is cancelled."""
        with self._lock:
            self._ended = True
            for desk in self._resting:
                desk.put(None)
            self._resting.clear()

    def _work(self, work: Work | None) -> None:
        desk = SimpleQueue[Work | None]()
        while work:
            _do(*work)
            work = self._next(desk)

    def _next(self, desk: SimpleQueue[Work | None]) -> Work | None:
        """What has waited for the longest, or else comes to the desk; None when there will be nothing."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._ended:
                return None
            self._resting.append(desk)
        return desk.get()


def _do(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)
