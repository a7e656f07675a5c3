"""Limit concurrent exports, and end those that may not go on.

One export of each user runs, and two wait. Rows of the database with a heartbeat count them across processes, so that
the slots of a process that was killed become free after a while. A thread guards each export until its end.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore, Event, Lock, Thread
from time import monotonic

from flask import request

from app.auth.permissions import Permission
from app.auth.visitor import Visitor
from app.web.security import visitor, visitor_reloader
from models import DATABASE_ERRORS, ExportSlot, access_db, close_connections, timestamp

MAX_PER_USER = 3  # exports that run or wait
HEARTBEAT = 5  # seconds after which a slot should be refreshed
_EXPIRY = 12  # seconds without a refresh after which a slot is free

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
def export_slot() -> Iterator["ExportGuard"]:
    """Wait until the visitor's export may run, and guard it until the end of the block.

    Of each person one export runs at a time, in all processes together. Raises TooManyExports, and ExportEnded when
    the session or its permissions have ended meanwhile.
    """
    user = visitor().id
    slot = acquire_slot(user)
    if slot is None:
        raise TooManyExports(f"One export of yours is running, and {MAX_PER_USER - 1} are waiting for it.")
    try:
        _wait_for_turn(user, slot)
        if not _running.acquire(blocking=False):
            raise TooManyExports(f"{MAX_EXPORTS} exports at a time run in each process, and all places are taken.")
        try:
            guard = ExportGuard(slot, visitor(), visitor_reloader(visitor()), request.environ.get("gunicorn.socket"))
            guard.check_person()
            guard.start()
            try:
                yield guard
            finally:
                guard.stop()
        finally:
            _running.release()
    finally:
        with suppress(*DATABASE_ERRORS):  # if it fails, the slot becomes free by itself: nobody refreshes it
            release_slot(slot)


def _wait_for_turn(user: int, slot: int) -> None:
    if is_next(user, slot):
        return
    if not _waiting.acquire(blocking=False):
        raise TooManyExports("One export of yours is running, and others are waiting.")
    try:
        pause, start, refreshed = Event(), monotonic(), monotonic()
        while not is_next(user, slot):
            now = monotonic()
            if now - start > _MAX_WAIT:
                raise TooManyExports(f"Another export of yours has been running for {_MAX_WAIT} seconds.")
            if now - refreshed > HEARTBEAT:
                refresh_slot(slot)
                refreshed = now
            pause.wait(_POLL)
    finally:
        _waiting.release()


class ExportGuard(Thread):
    """Checks every few seconds whether an export may go on: the session and its permissions, and the time.

    If it may not, `check` raises ExportEnded, and the connection is shut down: an export that waits for a client to
    read doesn't call `check`. `reload` returns the person as of that moment, None when their session or token is over.
    `connection` is gunicorn's socket, None under other servers.
    """

    def __init__(
        self, slot: int, person: Visitor, reload: Callable[[], Visitor | None], connection: socket.socket | None
    ) -> None:
        super().__init__(daemon=True)
        self._slot, self._person, self._reload, self._connection = slot, person, reload, connection
        self._start, self._reason = monotonic(), ""
        self._stopped, self._ending = Event(), Lock()

    def check(self) -> None:
        """Raise ExportEnded if the export may not go on."""
        if self._reason:
            raise ExportEnded(self._reason)

    def check_person(self) -> None:
        """Look up the person. Raise ExportEnded if their session or its permissions have ended."""
        if reason := self._lost_right():
            raise ExportEnded(reason)

    def stop(self) -> None:
        """Stop guarding. Afterwards the connection may serve another request."""
        with self._ending:
            self._stopped.set()
        self.join()

    def run(self) -> None:
        try:
            while not self._reason and not self._stopped.wait(HEARTBEAT):
                self._reason = self._end_reason()
                with suppress(*DATABASE_ERRORS):  # a locked database: next time
                    refresh_slot(self._slot)
        finally:
            close_connections()
        with self._ending, suppress(OSError):
            if self._connection and not self._stopped.is_set():
                self._connection.shutdown(socket.SHUT_RDWR)

    def _end_reason(self) -> str:
        """Say why the export may not go on, "" if it may."""
        if monotonic() - self._start > MAX_SECONDS:
            return f"It took more than {MAX_SECONDS // 60} minutes"
        return self._lost_right()

    def _lost_right(self) -> str:
        """Say why the person may not have the export any more, "" if they may."""
        try:
            now = self._reload()
        except DATABASE_ERRORS:
            return "Nobody can tell whether the session goes on"
        if now is None:
            return "The token has ended" if self._person.token else "The session has ended"
        person = self._person
        unchanged = (now.role, now.reseller, now.permissions) == (person.role, person.reseller, person.permissions)
        return "" if unchanged and now.can(Permission.EXPORT) else "The rights of the account have changed"


def acquire_slot(user_id: int) -> int | None:
    """Queue an export of a user, and return the id of its slot; None when as many run and wait as may."""
    with access_db.write_transaction():
        ExportSlot.delete().where(ExportSlot.renewed_at < timestamp(-_EXPIRY)).execute()
        if ExportSlot.select().where(ExportSlot.user == user_id).count() >= MAX_PER_USER:
            return None
        return int(ExportSlot.create(user=user_id, renewed_at=timestamp()).id)


def is_next(user_id: int, slot: int) -> bool:
    """Return whether no other export of the user, queued before this one, runs or waits."""
    is_live = ExportSlot.renewed_at >= timestamp(-_EXPIRY)
    earlier = (ExportSlot.user == user_id) & (ExportSlot.id < slot) & is_live
    return not ExportSlot.select().where(earlier).exists()


def refresh_slot(slot: int) -> None:
    """Keep the slot of an export that runs or waits."""
    ExportSlot.update(renewed_at=timestamp()).where(ExportSlot.id == slot).execute()


def release_slot(slot: int) -> None:
    """Let the next export of the user run."""
    ExportSlot.delete().where(ExportSlot.id == slot).execute()
