"""Connections: one per thread for pages, one of its own for each export, one writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from stat import S_IMODE
from typing import Any

from peewee import DatabaseProxy

from models.sqlite import Sqlite

reports_db = DatabaseProxy()
"""What reports show."""

access_db = DatabaseProxy()
"""Who may see them."""

_PATIENCE, _ACCESS_PATIENCE = 5000, 1000
"""Milliseconds that a connection waits for another to finish writing. Nothing is long in the database of users, and
whoever waits for it keeps a thread from others."""

_SQLITE, POSTGRES = "sqlite:///", "postgresql://"
_ACCESS, _PRIVATE = "access.db", 0o600


class BadDatabaseURL(ValueError):
    """A DATABASE_URL that can't be used; the message says what would be right."""


def open_database(url: str) -> None:
    """Make `url` the reports' database, and beside it that of users. Nothing is connected before a query.

    Raises BadAddress.
    """
    for proxy, each in zip((reports_db, access_db), databases_at(url), strict=True):
        proxy.initialize(each)


def databases_at(url: str) -> tuple[Any, Any]:
    """The two databases at an address: of reports, and of users.

    Raises BadAddress for anything but sqlite:///path and postgresql://user:password@host/name.
    """
    if url.startswith(POSTGRES):
        return _on_server(url)
    path = Path(url.removeprefix(_SQLITE))
    if url.startswith(_SQLITE) and path.name:
        return _in_files(path)
    raise BadDatabaseURL(
        "DATABASE_URL must look like sqlite:///instance/reports.db or postgresql://user:password@host/name"
    )


def _in_files(path: Path) -> tuple[Any, Any]:
    """A file for each; nobody but us may read the one that tells who may sign in."""
    beside = path.with_name(_ACCESS)
    if path == beside:
        raise BadDatabaseURL(f"DATABASE_URL: {path} is where users are kept; reports need a file of another name")
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        if beside.exists() and S_IMODE(beside.stat().st_mode) != _PRIVATE:
            beside.chmod(_PRIVATE)
    except OSError as error:
        raise BadDatabaseURL(
            f"DATABASE_URL: {path}, with {_ACCESS} beside it, can't be made: {error.strerror}"
        ) from error
    return Sqlite(str(path), _PATIENCE), Sqlite(str(beside), _ACCESS_PATIENCE, _PRIVATE)


def _on_server(url: str) -> tuple[Any, Any]:
    """A schema for each, on one server."""
    try:
        server = import_module("models.postgres")  # only now: psycopg is an extra
        server.check_url(url)
    except ImportError as missing:
        raise BadDatabaseURL(
            "DATABASE_URL: PostgreSQL needs psycopg, which requirements-postgres.txt brings"
        ) from missing
    except ValueError as wrong:
        raise BadDatabaseURL(f"DATABASE_URL: {wrong}") from None
    return server.Postgres(url, "reports", _PATIENCE), server.Postgres(url, "access", _ACCESS_PATIENCE)


def close_connections() -> None:
    """Close this thread's connections: it ends, or the process is about to fork."""
    for each in (reports_db, access_db):
        if each.obj is not None:
            each.close()


@contextmanager
def read_transaction() -> Iterator[None]:
    """Let everything read inside be of one moment; inside another, of that one. What is true of it is asked once."""
    if reports_db.in_transaction():
        yield
        return
    with reports_db.read_transaction():
        reports_db.top_transaction().moment = {}
        yield


@contextmanager
def write_transaction(to: Any = reports_db) -> Iterator[None]:
    """Write all or nothing, one after another."""
    with to.write_transaction():
        yield


@contextmanager
def fail_if_locked(to: Any) -> Iterator[None]:
    """Let a write fail at once where another process is writing."""
    with to.fail_if_locked():
        yield


@contextmanager
def snapshot() -> Iterator[Any]:
    """A connection of its own that sees one moment for as long as it is open (`models.sqlite.Snapshot`).

    A streamed answer outlives its request, so it can't borrow the request's connection.
    """
    with reports_db.snapshot() as own:
        yield own
