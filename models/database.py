"""Connections: one per thread for pages, one of its own for each export, one writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE
from typing import Any

import peewee
from peewee import DatabaseProxy
from playhouse.cysqlite_ext import CySqliteDatabase

database = DatabaseProxy()
"""What reports show."""

access = DatabaseProxy()
"""Who may see them."""

database_errors = peewee.__exception_wrapper__  # type: ignore[attr-defined]
"""Raises the driver's errors as Peewee's, where its cursors are used without Peewee."""

_PATIENCE, _ACCESS_PATIENCE = 5000, 1000
"""Milliseconds that a connection waits for another to finish writing. Nothing is long in the database of users, and
whoever waits for it keeps a thread from others."""

_PRAGMAS = {"journal_mode": "wal", "busy_timeout": _PATIENCE, "foreign_keys": 1, "synchronous": "normal"}
_SQLITE = "sqlite:///"
_ACCESS, _PRIVATE = "access.db", 0o600


class BadAddress(ValueError):
    """A DATABASE_URL that can't be used; the message says what would be right."""


def open_database(url: str) -> None:
    """Make `url` the reports' database, and access.db beside it that of users. Nothing is connected before a query.

    Raises BadAddress for anything but sqlite:///path.
    """
    path = url.removeprefix(_SQLITE)
    beside = Path(path).with_name(_ACCESS) if Path(path).name else Path()
    if path == url or not path or Path(path) == beside:
        raise BadAddress("DATABASE_URL must look like sqlite:///instance/reports.db; PostgreSQL isn't supported yet")
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        if not beside.exists():
            beside.touch(mode=_PRIVATE)
        elif S_IMODE(beside.stat().st_mode) != _PRIVATE:
            beside.chmod(_PRIVATE)
    except OSError as error:
        raise BadAddress(f"DATABASE_URL: {path}, with {_ACCESS} beside it, can't be made: {error.strerror}") from error
    database.initialize(_sqlite(path))
    access.initialize(_sqlite(str(beside), busy_timeout=_ACCESS_PATIENCE))


def close() -> None:
    """Close this thread's connections: it ends, or the process is about to fork."""
    for each in (database, access):
        if each.obj is not None:
            each.close()


def _sqlite(path: str, thread_safe: bool = True, **pragmas: Any) -> CySqliteDatabase:
    return CySqliteDatabase(path, rank_functions=False, pragmas={**_PRAGMAS, **pragmas}, thread_safe=thread_safe)


@contextmanager
def reading() -> Iterator[None]:
    """Let everything read inside be of one moment."""
    with database.atomic():
        yield


@contextmanager
def writing(to: Any = database) -> Iterator[None]:
    """Write all or nothing, with the lock from the start: a read that turns into a write fails when another wrote."""
    with to.atomic("IMMEDIATE"):
        yield


@contextmanager
def without_waiting(to: Any) -> Iterator[None]:
    """Let a write fail at once where another process is writing."""
    patience = to.pragma("busy_timeout")
    to.pragma("busy_timeout", 0)
    try:
        yield
    finally:
        to.pragma("busy_timeout", patience)


@contextmanager
def snapshot() -> Iterator[Any]:
    """A cursor on a connection of its own that sees one moment for as long as it is open.

    A streamed answer outlives its request, so it can't borrow the request's connection.
    """
    own = _sqlite(database.database, thread_safe=False)
    with own.connection_context(), own.atomic(), database_errors:
        yield own.cursor()
