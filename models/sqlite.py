"""SQLite: the database is a file, with any number of readers and one writer at a time."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from time import sleep
from typing import Any

from cysqlite import SQLITE_OPEN_READWRITE, SqliteError  # type: ignore[attr-defined]
from peewee import SQL, OperationalError, Select, fn
from playhouse.cysqlite_ext import CySqliteDatabase

from models.errors import QueryBudgetExceeded, driver_errors
from models.snapshot import Snapshot

_PRAGMAS = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": "normal"}
# kB of page cache, negative as SQLite wants it. With its 2 MB an import takes twice as long; more would save a little
# time, and an import of a million rows must not take more than 150 MB in all. Rows that go into few indexes need less,
# which leaves room for creating the others: SQLite sorts some 80 bytes for each row in memory.
_BULK_CACHE, _BULK_CACHE_WITHOUT_INDEXES = -72_000, -4_000

RETRY_SECONDS = 0.2  # between two attempts to get the write lock
OWNER_ONLY = 0o600  # the rights of database files

# A query budget: SQLite asks after so many instructions whether to go on, and may so many times. Rejecting a row takes
# three instructions. A cached statement counts on where its last run ended, so that it may be stopped one check early.
_INSTRUCTIONS_PER_CHECK, _CHECKS = 10_000, 4


class Sqlite(CySqliteDatabase):
    """A database file. Its members below are what the application asks of either database.

    `models.postgres.Postgres` has the same members, which keep the same promises.
    """

    is_embedded = True  # whether queries run in this process, so that their work is its own
    supports_lateral = False  # whether LATERAL joins exist, which find a few rows of one table for each row of another

    # SQL of a number that grows when a restore replaces all rows: page caches are keyed by it.
    edition = "(SELECT schema_version FROM pragma_schema_version)"

    def __init__(self, path: str, lock_timeout_ms: int, **options: Any) -> None:
        """`lock_timeout_ms` is how long a write waits for another to end."""
        pragmas = {**_PRAGMAS, "busy_timeout": lock_timeout_ms}
        super().__init__(path, rank_functions=False, pragmas=pragmas, flags=SQLITE_OPEN_READWRITE, **options)
        self.lock_timeout_ms = lock_timeout_ms

    def _connect(self) -> Any:
        if not Path(self.database).exists():  # SQLite says no more than "unable to open"
            raise OperationalError(f"{self.database} is missing; put it back, or for a new one run: flask migrate")
        try:
            return super()._connect()
        except (SqliteError, UnicodeDecodeError) as error:
            raise OperationalError(f"{self.database}: {error}") from error

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        try:
            return super().execute_sql(sql, params)
        except UnicodeDecodeError as error:  # the message quotes damaged bytes
            raise OperationalError(str(error)) from error

    def rollback(self) -> None:
        if self.connection().in_transaction:  # SQLite has rolled back by itself when the disk is full
            super().rollback()

    def create_file(self) -> None:
        """Create an empty database file unless there is one. No connection does. Raises OperationalError."""
        try:
            Path(self.database).touch(OWNER_ONLY)
        except OSError as error:
            raise OperationalError(f"{self.database} can't be made: {error.strerror}") from error

    def read_transaction(self) -> Any:
        """A transaction that sees one moment of the database."""
        return self.atomic()

    def write_transaction(self) -> Any:
        """A transaction that holds the write lock from its start: writers wait for each other, none fails half-way."""
        return self.atomic("IMMEDIATE")

    @contextmanager
    def patient_write_transaction(self, wait: Callable[[], object]) -> Iterator[Any]:
        """A write transaction that waits for others as long as they take. `wait` is called meanwhile, and may raise."""
        with ExitStack() as stack:
            while True:
                try:
                    with self.fail_if_locked():
                        transaction = stack.enter_context(self.write_transaction())
                    break
                except OperationalError as error:
                    if "locked" not in str(error):
                        raise
                wait()
                sleep(RETRY_SECONDS)
            yield transaction

    @contextmanager
    def migration(self) -> Iterator[None]:
        """A write transaction that creates the database if need be, and in which tables can be rebuilt."""
        self.create_file()
        self.pragma("foreign_keys", 0)  # has no effect inside a transaction
        try:
            with self.write_transaction():
                yield
        finally:
            self.pragma("foreign_keys", 1)

    @contextmanager
    def trigger_disabled(self, table: Any, name: str) -> Iterator[None]:
        """Let a trigger of a table do nothing, in the caller's write transaction."""
        query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? AND name = ?"
        ((sql,),) = self.execute_sql(query, (table._meta.table_name, name))
        self.execute_sql(f"DROP TRIGGER {name}")
        yield
        self.execute_sql(sql)

    def prepare_bulk_load(self) -> None:
        """Tune this connection for writing many rows."""
        self.pragma("cache_size", _BULK_CACHE)

    def drop_indexes(self, table: Any, searched_fields: Collection[Any]) -> list[str]:
        """Drop indexes of a table before many rows are written, and return what `create_indexes` needs.

        Sorting all rows once for an index takes a fraction of the time of inserting each row into it. Unique indexes
        stay, and those that begin with one of `searched_fields`. The caller's write transaction has to create the
        others again, or to be rolled back. PostgreSQL keeps all: dropping one would keep its readers waiting.
        """
        self.pragma("cache_size", _BULK_CACHE_WITHOUT_INDEXES)
        searched = {field.column_name for field in searched_fields}
        indexes = self.get_indexes(table._meta.table_name)
        dropped = [index for index in indexes if not index.unique and index.columns[0] not in searched]
        for index in dropped:
            self.execute_sql(f'DROP INDEX "{index.name}"')
        return [index.sql for index in dropped]

    def create_indexes(self, dropped: Iterable[str]) -> None:
        """Create the indexes again that `drop_indexes` has dropped."""
        for sql in dropped:
            self.execute_sql(sql)
        self.prepare_bulk_load()

    def reset_sequence(self, table: Any) -> None:
        """Let new rows of `table` get ids above those that were inserted with their ids. SQLite always does."""

    @contextmanager
    def fail_if_locked(self) -> Iterator[None]:
        """Let writes fail at once, rather than wait, while another process is writing."""
        self.pragma("busy_timeout", 0)
        try:
            yield
        finally:
            self.pragma("busy_timeout", self.lock_timeout_ms)

    @contextmanager
    def query_budget(self, times: int = 1) -> Iterator[None]:
        """Let the queries inside read some 13,000 rows, or `times` as many. Raises QueryBudgetExceeded."""
        connection, checks = self.connection(), count()
        connection.progress(lambda: next(checks) >= times * _CHECKS, _INSTRUCTIONS_PER_CHECK)
        try:
            with driver_errors:
                yield
        except OperationalError as error:
            if "interrupted" in str(error):
                raise QueryBudgetExceeded from error
            raise
        finally:
            connection.progress(None, 0)

    def groups_in_index(self, query: Any) -> bool:
        """Whether a query that groups the rows of a table reads an index alone, in its order."""
        sql, params = query.sql()
        steps = [step for *_, step in self.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()]
        return "COVERING INDEX" in steps[0] and not any("TEMP B-TREE" in step for step in steps)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A new connection that sees one moment. A streamed response outlives the request's connection."""
        own = Sqlite(self.database, self.lock_timeout_ms, thread_safe=False)
        with driver_errors, own.connection_context(), own.read_transaction():
            yield Snapshot(lambda query, _: own.execute(query))

    def in_values(self, field: Any, values: Sequence[str | int]) -> Any:
        """The condition that `field` is one of `values`, which are one parameter however many they are."""
        return field.in_(Select((fn.json_each(json.dumps(values)),), (SQL("value"),)))

    def in_subquery(self, field: Any, query: Any) -> Any:
        """The condition that `field` is one of a query's values, in the form for which an index on `field` is used."""
        return field.in_(query)

    def contains(self, field: Any, text: str) -> Any:
        """The condition that `text` is part of `field`, to the letter: without wildcards and folding."""
        return fn.INSTR(field, text) > 0
