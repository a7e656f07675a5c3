"""SQLite: one file, any number of readers, and one writer at a time."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from cysqlite import SQLITE_OPEN_READWRITE  # type: ignore[attr-defined]
from peewee import SQL, OperationalError, Select, fn

from models.file import File
from models.trouble import database_errors

_PRAGMAS = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": "normal"}

_CACHE = -256_000
"""KB of page cache, negative as SQLite wants it. In its default 2 MB the many indexes take a load twice as long."""

_STEPS, _TIMES = 10_000, 4
"""After how many instructions of SQLite's machine it asks whether to go on, and how many times it may; to read a row
that isn't chosen takes three. It counts on where a query ended when it ran before, and may ask too early once."""


class GaveUp(Exception):
    """A query had more to read than it was worth."""


class Sqlite(File):
    """A file, with what Peewee leaves to each database said in SQLite's words; `models.postgres` says the same.

    `patience` is how many milliseconds a connection waits for another to finish writing, `mode` the rights of a file
    that is made.
    """

    lateral = False
    """Whether a query can look up, for each row of one table, the first few of another."""

    edition = "(SELECT schema_version FROM pragma_schema_version)"
    """SQL of a number that is another whenever all rows were replaced (`models.restoring`), and grows."""

    def __init__(self, path: str, patience: int, mode: int = 0o666, **options: Any) -> None:
        pragmas = {**_PRAGMAS, "busy_timeout": patience}
        super().__init__(path, rank_functions=False, pragmas=pragmas, flags=SQLITE_OPEN_READWRITE, **options)
        self.patience, self._mode = patience, mode

    def reading(self) -> Any:
        """A transaction that sees one moment."""
        return self.atomic()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction with the lock from its start: a read that turns into a write fails when another wrote."""
        with self.atomic("IMMEDIATE"):
            yield
            self.stay()

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """A transaction that may make the file, and tables anew, which foreign keys would keep it from."""
        self.make(self._mode)
        self.pragma("foreign_keys", 0)  # only outside of a transaction can they stand aside
        try:
            with self.writing():
                yield
        finally:
            self.pragma("foreign_keys", 1)

    def loading(self) -> None:
        """Make ready for many rows."""
        self.pragma("cache_size", _CACHE)

    def renumber(self, table: Any) -> None:
        """Give new rows of a table numbers behind those of rows that came with theirs."""

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        self.pragma("busy_timeout", 0)
        try:
            yield
        finally:
            self.pragma("busy_timeout", self.patience)

    @contextmanager
    def hurrying(self, times: int = 1) -> Iterator[None]:
        """Let a query end that has read some 13,000 rows, or `times` as many. Raises GaveUp."""
        connection, asked = self.connection(), count()
        connection.progress(lambda: next(asked) >= times * _TIMES, _STEPS)
        try:
            with database_errors:
                yield
        except OperationalError as error:
            if "interrupted" in str(error):
                raise GaveUp from error
            raise
        finally:
            connection.progress(None, 0)

    @contextmanager
    def snapshot(self) -> Iterator["Snapshot"]:
        own = Sqlite(self.database, self.patience, thread_safe=False)
        with database_errors, own.connection_context(), own.reading():
            yield Snapshot(own.cursor())

    def among(self, field: Any, values: Sequence[str | int]) -> Any:
        """The condition that a field is one of many values."""
        return field.in_(Select((fn.json_each(json.dumps(values)),), (SQL("value"),)))

    def within(self, field: Any, query: Any) -> Any:
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
