"""What is wrong with a database, said for whoever runs it."""

import re

import peewee
from cysqlite import SqliteError
from peewee import DatabaseError, InterfaceError

DATABASE_ERRORS = (DatabaseError, InterfaceError, SqliteError)
"""What is raised when a database can't be used; SQLite's own where rows are read after their query has begun."""

driver_errors = peewee.__exception_wrapper__  # type: ignore[attr-defined]
"""Raises the driver's errors as Peewee's, where its cursors are used without Peewee."""

_QUERY = re.compile(r"error [a-z ]+: \[.*\] ", re.DOTALL)

_DAMAGED = "the file is damaged; put a backup in its place: flask restore"
_RIGHTS = "look at the rights of the file and of its folder, and whether the disk is mounted for reading only"
_SCHEMA = "this is not the schema of this version; was another database put in its place? If not, run: flask migrate"
_RESTARTED = "the server was stopped, or ended the connection; pages come back as soon as it answers"
_HINTS = {
    "lock": "another process is writing; try again later",
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "disk I/O": "the disk fails, or a file was changed under the server; look into the system's log",
    "is full": "make room on the disk",
    "No space": "make room on the disk",
    "readonly database": _RIGHTS,
    "unable to open": _RIGHTS,
    "no such table": _SCHEMA,
    "no such column": _SCHEMA,
    "relation ": _SCHEMA,
    "index row": "a name or an id is too long for PostgreSQL, whose indexes hold some 2,700 bytes of a row",
    "refused": "is the server running, and does DATABASE_URL name it?",
    "too many clients": "raise max_connections, or put PgBouncer in between",
    "remaining connection slots": "raise max_connections, or put PgBouncer in between",
    "starting up": _RESTARTED,
    "shutting down": _RESTARTED,
    "terminating connection": _RESTARTED,
    "closed the connection": _RESTARTED,
    "connection is": _RESTARTED,
    "read-only transaction": "the server takes no writes: it is a replica, or default_transaction_read_only is on",
    "statement timeout": "the statement_timeout of the server, or of this role, is shorter than a query takes",
}
"""What databases say, and what it means here: the first that fits."""


def describe_error(error: BaseException) -> str:
    """What a database says, without the query, and what it means or what to do. One line."""
    why = " ".join(_QUERY.sub("", str(error)).partition("\n")[0].split())
    meant = next((words for said, words in _HINTS.items() if said in why), "")
    return f"{why}: {meant}" if meant else why
