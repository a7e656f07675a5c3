"""PostgreSQL: one server for any number of machines. Imported only when DATABASE_URL names one: psycopg is an extra."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from select import POLLIN, poll
from typing import Any, ClassVar

import psycopg
from peewee import OperationalError, PostgresqlDatabase, Value, fn
from psycopg.types.string import TextLoader

from models.errors import driver_errors
from models.sqlite import QueryBudgetExceeded


class Server(PostgresqlDatabase):
    """Connections that are made anew when the server has ended them while they were idle."""

    def connection(self) -> Any:
        if not (self.is_closed() or self.in_transaction() or _is_alive(super().connection())):
            self.close()
        return super().connection()

    def cursor(self, named_cursor: Any = None) -> Any:
        self.connection()
        return super().cursor(named_cursor)

    def commit(self) -> None:
        with driver_errors:
            super().connection().execute("COMMIT")  # never on another connection, where it would say that all is well

    def rollback(self) -> None:
        if not super().connection().closed:  # else the transaction has gone with it
            super().rollback()


def _is_alive(connection: Any) -> bool:
    """Whether a connection that is idle can be used: a server that ends one says so, or hangs up."""
    if connection.closed:
        return False
    waiting = poll()
    waiting.register(connection.fileno(), POLLIN)
    return not waiting.poll(0)


_ESCAPE = re.compile(r"\\(.)")
_UNESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class CopySnapshot:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def columns(self, query: Any, size: int) -> Iterator[list[Sequence[str]]]:
        """COPY makes no objects of rows, and its text is what most cells of a file are: all values are text."""
        statement = psycopg.ClientCursor(self._connection).mogrify(*query.sql())
        with self._connection.cursor().copy(f"COPY ({statement}) TO STDOUT") as rows:
            while block := b"".join(islice(rows, size)):
                text = block[:-1].decode()
                width = text.partition("\n")[0].count("\t") + 1
                cells = text.replace("\n", "\t").split("\t")
                if "\\" in text:
                    cells = [_ESCAPE.sub(_unescape, cell) for cell in cells]
                yield [cells[column::width] for column in range(width)]


def _unescape(escaped: re.Match[str]) -> str:
    return _UNESCAPED.get(escaped[1], escaped[1])


_OWN = {"application_name": "Partner Reports", "client_encoding": "utf8", "connect_timeout": 5}

_SETTINGS = {
    "datestyle": "ISO",
    "timezone": "UTC",
    "plan_cache_mode": "force_custom_plan",  # a plan for any limit at all would be one for many rows
    "join_collapse_limit": "1",  # joins stay in the order in which they are written
    **dict.fromkeys(("enable_hashjoin", "enable_mergejoin", "enable_material", "enable_seqscan", "enable_sort"), "off"),
    **dict.fromkeys(("jit", "enable_memoize"), "off"),  # which take longer than a page
    "max_parallel_workers_per_gather": "0",
}
"""Every query is written to walk an index, a row at a time, and is for few rows: no statistics should tempt the server
to sort or hash a table first."""

_BUDGET_MS = 25
"""Milliseconds."""


def check_url(url: str) -> None:
    """Raises ValueError when it is not the address of a server."""
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # which may quote a password
        raise ValueError(
            "it must look like postgresql://user:password@host/name, with %40 for @ in a password"
        ) from None


class Postgres(Server):
    """A schema of a server, with what Peewee leaves to each database said in PostgreSQL's words, as in `models.sqlite`.

    Text is ordered by its characters, whatever the server's language, and dates are read as text.
    """

    supports_lateral = True
    edition = "'load'::regclass::oid::bigint"
    field_types: ClassVar = {**Server.field_types, "TEXT": 'TEXT COLLATE "C"'}

    def __init__(self, url: str, schema: str, patience: int, **options: Any) -> None:
        super().__init__(url, prefer_psycopg3=True, **_OWN, **options)
        self.url, self.schema, self.lock_timeout_ms = url, schema, patience

    def _connect(self) -> Any:
        connection = super()._connect()
        settings = {**_SETTINGS, "search_path": self.schema, "lock_timeout": str(self.lock_timeout_ms)}
        try:
            connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
        except psycopg.Error:
            connection.close()
            raise
        for kind in ("date", "timestamp"):
            connection.adapters.register_loader(kind, TextLoader)
        return connection

    def read_transaction(self) -> Any:
        return self.atomic("REPEATABLE READ")

    @contextmanager
    def write_transaction(self) -> Iterator[None]:
        with self.atomic():
            self.execute_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (self.schema,))
            self.execute_sql("SET LOCAL plan_cache_mode = auto")  # foreign keys are checked by queries, too
            yield

    @contextmanager
    def migration(self) -> Iterator[None]:
        with self.write_transaction():
            self.execute_sql(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            yield

    def prepare_bulk_load(self) -> None:
        pass

    def reset_sequence(self, table: Any) -> None:
        if not table._meta.composite_key:
            numbers = fn.PG_GET_SERIAL_SEQUENCE(f'"{table._meta.table_name}"', "id")
            self.execute(table.select(fn.SETVAL(numbers, fn.MAX(table.id))).where(table.id > 0))

    @contextmanager
    def fail_if_locked(self) -> Iterator[None]:
        self.execute_sql("SET lock_timeout = 1")
        try:
            yield
        finally:
            self.execute_sql(f"SET lock_timeout = {self.lock_timeout_ms}")

    @contextmanager
    def query_budget(self, times: int = 1) -> Iterator[None]:
        try:
            with self.atomic():
                self.execute_sql(f"SET LOCAL statement_timeout = {times * _BUDGET_MS}")
                yield
                self.execute_sql("SET LOCAL statement_timeout TO DEFAULT")
        except OperationalError as error:
            if isinstance(error.__context__, psycopg.errors.QueryCanceled):
                raise QueryBudgetExceeded from error
            raise

    @contextmanager
    def snapshot(self) -> Iterator[CopySnapshot]:
        own = Postgres(self.url, self.schema, self.lock_timeout_ms, thread_safe=False)
        with (
            closing(own),
            own.read_transaction(),
        ):  # Peewee's own context fails when the connection was made anew meanwhile
            yield CopySnapshot(own.connection())

    def in_values(self, field: Any, values: Sequence[str | int]) -> Any:
        return field == fn.ANY(Value(list(values), converter=_as_it_is, unpack=False))

    def in_subquery(self, field: Any, query: Any) -> Any:
        return field == fn.ANY(fn.ARRAY(query))

    def contains(self, field: Any, text: str) -> Any:
        return fn.STRPOS(field, text) > 0


def _as_it_is(value: Any) -> Any:
    return value
