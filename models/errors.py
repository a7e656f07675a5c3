"""Database errors: the exceptions of a database that can't be used, and hints for operators."""

import re

from cysqlite import SqliteError
from peewee import EXCEPTIONS, DatabaseError, ExceptionWrapper, InterfaceError  # type: ignore[attr-defined]

# Errors of a database that can't be used. SqliteError comes from rows that are read after their query has begun.
DATABASE_ERRORS = (DatabaseError, InterfaceError, SqliteError)

# Context manager that raises the driver's errors as Peewee's, for code that uses the driver's cursors directly.
# Peewee has it for its own queries, but doesn't document it: nothing else of ours may depend on it.
driver_errors = ExceptionWrapper(EXCEPTIONS)


class QueryBudgetExceeded(Exception):
    """A query read more than its budget."""


_QUERY = re.compile(r"error [a-z ]+: \[.*\] ", re.DOTALL)

# Hints for operators, by a pattern of the database's message. The first that matches counts.
_HINTS = {
    "lock": "another process is writing; try again later",
    "not a database|malformed|codec can't decode": (  # the codec fails where SQLite's message quotes damaged bytes
        "the file is damaged; stop the server, move it away with its -wal and -shm, and restore a backup: flask restore"
    ),
    "not an error": "the copy broke off: the disk is full, or fails",  # of the backup API, for whatever is not a lock
    "disk I/O": "the disk fails, or a file was changed under the server; look into the system's log",
    "is full|No space": "make room on the disk",
    "readonly database|unable to open": (
        "look at the rights of the file and of its folder, and whether the disk is mounted for reading only"
    ),
    "no such table|no such column|relation ": (
        "this is not the schema of this version; was another database put in its place? If not, run: flask migrate"
    ),
    "index row": "a name or an id is too long for PostgreSQL, whose indexes hold some 2,700 bytes of a row",
    "refused": "is the server running, and does DATABASE_URL name it?",
    "too many clients|remaining connection slots": "raise max_connections, or put PgBouncer in between",
    "starting up|shutting down|terminating connection|closed the connection|connection is": (
        "the server was stopped, or ended the connection; pages come back as soon as it answers"
    ),
    "read-only transaction": "the server takes no writes: it is a replica, or default_transaction_read_only is on",
    "statement timeout": "the statement_timeout of the server, or of this role, is shorter than a query takes",
}


def describe_error(error: BaseException) -> str:
    """Return a database's message in one line, without the query, followed by a hint if there is one."""
    message = " ".join(_QUERY.sub("", str(error)).partition("\n")[0].split())
    hint = next((hint for pattern, hint in _HINTS.items() if re.search(pattern, message)), "")
    return f"{message}: {hint}" if hint else message
