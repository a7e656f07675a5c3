"""SQLite: one file, any number of readers, and one writer at a time."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from cysqlite import SQLITE_OPEN_READWRITE, Connection, SqliteError  # type: ignore[attr-defined]
from peewee import SQL, OperationalError, Select, fn
from playhouse.cysqlite_ext import CySqliteDatabase

from models.errors import driver_errors

_MALFORMED = "database disk image is malformed"
"""What SQLite says in words that quote the damage, which the driver then can't read."""


class File(CySqliteDatabase):
    """Connections to the file that stands at a path: when it goes, or another takes its place, they are made anew.

    SQLite would go on in a file that nobody else can open any more, and lose what is written there. Only `make`, and no
    connection, makes a file.
    """

    def _connect(self) -> Any:
        self._state.file = _file_id(self.database)  # before it is opened, so that no other goes for this one
        if self._state.file is None:
            raise OperationalError(
                f"{self.database} is missing or empty; put it back, or for a new one run: flask migrate"
            )
        try:
            return super()._connect()
        except SqliteError as error:
            raise OperationalError(f"{self.database}: {error}") from error
        except UnicodeDecodeError as error:
            raise OperationalError(f"{self.database}: {_MALFORMED}") from error

    def connection(self) -> Any:
        if not (self.is_closed() or super().connection().in_transaction or self._is_in_place()):
            self.close()
        return super().connection()

    def cursor(self, named_cursor: Any = None) -> Any:
        self.connection()
        return super().cursor(named_cursor)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        try:
            return super().execute_sql(sql, params)
        except UnicodeDecodeError as error:
            raise OperationalError(_MALFORMED) from error

    def rollback(self) -> None:
        if self.connection().in_transaction:  # when the disk is full SQLite has done so itself
            super().rollback()

    def check_in_place(self) -> None:
        """Raises OperationalError when what this connection has written would be lost."""
        if not self._is_in_place():
            raise OperationalError(f"{self.database} was replaced or taken away while it was written to")

    def _is_in_place(self) -> bool:
        same: bool = self._state.file == _file_id(self.database)
        return same

    def make(self, mode: int) -> None:
        """Make an empty file with these rights, unless there is one that holds something."""
        if _file_id(self.database):
            return
        try:
            Path(self.database).touch(mode)
        except OSError as error:
            raise OperationalError(f"{self.database} can't be made: {error.strerror}") from error
        with driver_errors:
            Connection(self.database, journal_mode="wal").close()


def _file_id(path: str) -> tuple[int, int] | None:
    """What tells the file that stands at a path now from any other; None when there is none, or nothing in it."""
    try:
        found = os.stat(path)  # noqa: PTH116 - before each query
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


_PRAGMAS = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": "normal"}

_CACHE = -256_000
"""KB of page cache, negative as SQLite wants it. In its default 2 MB the many indexes take a load twice as long."""

_INSTRUCTIONS_PER_CHECK, _CHECKS = 10_000, 4
"""After how many instructions of SQLite's machine it asks whether to go on, and how many times it may; to read a row
that isn't chosen takes three. It counts on where a query ended when it ran before, and may ask too early once."""


class QueryBudgetExceeded(Exception):
    """A query had more to read than it was worth."""


class Sqlite(File):
    """A file, with what Peewee leaves to each database said in SQLite's words; `models.postgres` says the same.

    `patience` is how many milliseconds a connection waits for another to finish writing, `mode` the rights of a file
    that is made.
    """

    supports_lateral = False
    """Whether a query can look up, for each row of one table, the first few of another."""

    edition = "(SELECT schema_version FROM pragma_schema_version)"
    """SQL of a number that is another whenever all rows were replaced (`models.restoring`), and grows."""

    def __init__(self, path: str, patience: int, mode: int = 0o666, **options: Any) -> None:
        pragmas = {**_PRAGMAS, "busy_timeout": patience}
        super().__init__(path, rank_functions=False, pragmas=pragmas, flags=SQLITE_OPEN_READWRITE, **options)
        self.lock_timeout_ms, self._mode = patience, mode

    def read_transaction(self) -> Any:
        """A transaction that sees one moment."""
        return self.atomic()

    @contextmanager
    def write_transaction(self) -> Iterator[None]:
        """A transaction with the lock from its start: a read that turns into a write fails when another wrote."""
        with self.atomic("IMMEDIATE"):
            yield
            self.check_in_place()

    @contextmanager
    def migration(self) -> Iterator[None]:
        """A transaction that may make the file, and tables anew, which foreign keys would keep it from."""
        self.make(self._mode)
        self.pragma("foreign_keys", 0)  # only outside of a transaction can they stand aside
        try:
            with self.write_transaction():
                yield
        finally:
            self.pragma("foreign_keys", 1)

    def prepare_bulk_load(self) -> None:
        """Make ready for many rows."""
        self.pragma("cache_size", _CACHE)

    def reset_sequence(self, table: Any) -> None:
        """Give new rows of a table numbers behind those of rows that came with theirs."""

    @contextmanager
    def fail_if_locked(self) -> Iterator[None]:
        self.pragma("busy_timeout", 0)
        try:
            yield
        finally:
            self.pragma("busy_timeout", self.lock_timeout_ms)

    @contextmanager
    def query_budget(self, times: int = 1) -> Iterator[None]:
        """Let a query end that has read some 13,000 rows, or `times` as many. Raises GaveUp."""
        connection, asked = self.connection(), count()
        connection.progress(lambda: next(asked) >= times * _CHECKS, _INSTRUCTIONS_PER_CHECK)
        try:
            with driver_errors:
                yield
        except OperationalError as error:
            if "interrupted" in str(error):
                raise QueryBudgetExceeded from error
            raise
        finally:
            connection.progress(None, 0)

    @contextmanager
    def snapshot(self) -> Iterator["Snapshot"]:
        own = Sqlite(self.database, self.lock_timeout_ms, thread_safe=False)
        with driver_errors, own.connection_context(), own.read_transaction():
            yield Snapshot(own.cursor())

    def in_values(self, field: Any, values: Sequence[str | int]) -> Any:
        """The condition that a field is one of many values."""
        return field.in_(Select((fn.json_each(json.dumps(values)),), (SQL("value"),)))

    def in_subquery(self, field: Any, query: Any) -> Any:
        """The condition that a field is one of what a query finds, of which indexes on the field can be asked."""
        return field.in_(query)

    def contains(self, field: Any, text: str) -> Any:
        return fn.INSTR(field, text) > 0


class Snapshot:
    """A connection that sees one moment for as long as it is open."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def columns(self, query: Any, size: int) -> Iterator[list[Sequence[Any]]]:
        """Yield the rows of a query, up to `size` at a time, as the values of each column."""
        self._cursor.execute(*query.sql())
        while records := self._cursor.fetchmany(size):
            yield list(zip(*records, strict=True))
