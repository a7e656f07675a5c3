"""PostgreSQL: one server for any number of machines. Imported only when DATABASE_URL names one: psycopg is an extra."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, ClassVar

import psycopg
from peewee import OperationalError, Value, fn
from psycopg.types.string import TextLoader

from models.server import Server
from models.sqlite import GaveUp
from models.unloading import Snapshot

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

_HURRY = 25
"""Milliseconds."""


def check(url: str) -> None:
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

    lateral = True
    edition = "'load'::regclass::oid::bigint"
    field_types: ClassVar = {**Server.field_types, "TEXT": 'TEXT COLLATE "C"'}

    def __init__(self, url: str, schema: str, patience: int, **options: Any) -> None:
        super().__init__(url, prefer_psycopg3=True, **_OWN, **options)
        self.url, self.schema, self.patience = url, schema, patience

    def _connect(self) -> Any:
        connection = super()._connect()
        settings = {**_SETTINGS, "search_path": self.schema, "lock_timeout": str(self.patience)}
        try:
            connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
        except psycopg.Error:
            connection.close()
            raise
        for kind in ("date", "timestamp"):
            connection.adapters.register_loader(kind, TextLoader)
        return connection

    def reading(self) -> Any:
        return self.atomic("REPEATABLE READ")

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self.atomic():
            self.execute_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (self.schema,))
            self.execute_sql("SET LOCAL plan_cache_mode = auto")  # foreign keys are checked by queries, too
            yield

    @contextmanager
    def migrating(self) -> Iterator[None]:
        with self.writing():
            self.execute_sql(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            yield

    def loading(self) -> None:
        pass

    def renumber(self, table: Any) -> None:
        if not table._meta.composite_key:
            numbers = fn.PG_GET_SERIAL_SEQUENCE(f'"{table._meta.table_name}"', "id")
            self.execute(table.select(fn.SETVAL(numbers, fn.MAX(table.id))).where(table.id > 0))

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        self.execute_sql("SET lock_timeout = 1")
        try:
            yield
        finally:
            self.execute_sql(f"SET lock_timeout = {self.patience}")

    @contextmanager
    def hurrying(self, times: int = 1) -> Iterator[None]:
        try:
            with self.atomic():
                self.execute_sql(f"SET LOCAL statement_timeout = {times * _HURRY}")
                yield
                self.execute_sql("SET LOCAL statement_timeout TO DEFAULT")
        except OperationalError as error:
            if isinstance(error.__context__, psycopg.errors.QueryCanceled):
                raise GaveUp from error
            raise

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        own = Postgres(self.url, self.schema, self.patience, thread_safe=False)
        with closing(own), own.reading():  # Peewee's own context fails when the connection was made anew meanwhile
            yield Snapshot(own.connection())

    def among(self, field: Any, values: Sequence[str | int]) -> Any:
        return field == fn.ANY(Value(list(values), converter=_as_it_is, unpack=False))

    def within(self, field: Any, query: Any) -> Any:
        return field == fn.ANY(fn.ARRAY(query))

    def contains(self, field: Any, text: str) -> Any:
        return fn.STRPOS(field, text) > 0


def _as_it_is(value: Any) -> Any:
    return value
