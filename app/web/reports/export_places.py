"""Let exports wait for their turn, and end those that may not go on: each is watched by a thread until its end."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore, Event, Lock, Thread
from time import monotonic

from flask import request

from app.auth.exports import MAX_PER_PERSON, RENEWAL, is_first, leave_place, renew_place, take_place
from app.auth.permissions import Permission, Visitor
from app.web.security import renewed, visitor
from models import DATABASE_ERRORS, close_connections

# An export keeps a thread for as long as its client reads, and while it waits. `gunicorn.conf.py` has six more threads
# for pages.
MAX_EXPORTS = 2  # that run in each process
MAX_WAITING = 2  # that wait in each process
MAX_SECONDS = 10 * 60  # that an export takes, until its client has all of it
_MAX_WAIT = 60  # seconds
_POLL = 0.2  # seconds between two looks whether it is an export's turn

_running, _waiting = BoundedSemaphore(MAX_EXPORTS), BoundedSemaphore(MAX_WAITING)


class TooManyExports(Exception):
    """The export can't run now. The message says why, to the visitor."""


class ExportEnded(Exception):
    """The export may not go on. The message says why."""


@contextmanager
def export_place() -> Iterator["ExportWatch"]:
    """Wait until the visitor's export may run, and watch it until the end of the block. Raises TooManyExports.

    Of each person one export runs at a time, in all processes together.
    """
    user = visitor().id
    place = take_place(user)
    if place is None:
        raise TooManyExports(f"One export of yours is running, and {MAX_PER_PERSON - 1} are waiting for it.")
    try:
        _wait_for_turn(user, place)
        if not _running.acquire(blocking=False):
            raise TooManyExports(f"{MAX_EXPORTS} exports at a time run in each process, and all places are taken.")
        try:
            watch = ExportWatch(place, visitor(), renewed(visitor()), request.environ.get("gunicorn.socket"))
            watch.start()
            try:
                yield watch
            finally:
                watch.stop()
        finally:
            _running.release()
    finally:
        with suppress(*DATABASE_ERRORS):  # then the place is free when nobody renews it
            leave_place(place)


def _wait_for_turn(user: int, place: int) -> None:
    if is_first(user, place):
        return
    if not _waiting.acquire(blocking=False):
        raise TooManyExports("One export of yours is running, and others are waiting.")
    try:
        pause, start, renewed = Event(), monotonic(), monotonic()
        while not is_first(user, place):
            now = monotonic()
            if now - start > _MAX_WAIT:
                raise TooManyExports(f"Another export of yours has been running for {_MAX_WAIT} seconds.")
            if now - renewed > RENEWAL:
                renew_place(place)
                renewed = now
            pause.wait(_POLL)
    finally:
        _waiting.release()


class ExportWatch(Thread):
    """Asks every few seconds whether an export may go on: whether its session and rights last, and its time isn't over.

    Then `check` raises ExportEnded. A client that reads nothing keeps the export from getting there, so that the
    connection is shut down, too. `renew` returns the person with the rights of that moment, None when their session or
    token is over. `connection` is gunicorn's socket, None under other servers.
    """

    def __init__(
        self, place: int, person: Visitor, renew: Callable[[], Visitor | None], connection: socket.socket | None
    ) -> None:
        super().__init__(daemon=True)
        self._place, self._person, self._renew, self._connection = place, person, renew, connection
        self._start, self._reason = monotonic(), ""
        self._stopped, self._ending = Event(), Lock()

    def check(self) -> None:
        """Raise ExportEnded if the export may not go on."""
        if self._reason:
            raise ExportEnded(self._reason)

    def stop(self) -> None:
        """Stop watching: afterwards the connection may serve another request."""
        with self._ending:
            self._stopped.set()
        self.join()

    def run(self) -> None:
        try:
            while not self._reason and not self._stopped.wait(RENEWAL):
                self._reason = self._why_not()
                with suppress(*DATABASE_ERRORS):  # a locked database: next time
                    renew_place(self._place)
        finally:
            close_connections()
        with self._ending, suppress(OSError):
            if self._connection and not self._stopped.is_set():
                self._connection.shutdown(socket.SHUT_RDWR)

    def _why_not(self) -> str:
        """Say why the export may not go on, "" if it may."""
        if monotonic() - self._start > MAX_SECONDS:
            return f"It took more than {MAX_SECONDS // 60} minutes"
        try:
            now = self._renew()
        except DATABASE_ERRORS:
            return "Nobody can tell whether the session goes on"
        if now is None:
            return "The token has ended" if self._person.token else "The session has ended"
        person = self._person
        unchanged = (now.role, now.reseller, now.rights) == (person.role, person.reseller, person.rights)
        return "" if unchanged and now.can(Permission.EXPORT) else "The rights of the account have changed"
