"""PostgreSQL: one server for any number of machines. Imported only when DATABASE_URL names one: psycopg is an extra."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import sleep
from typing import Any, ClassVar

import psycopg
from peewee import OperationalError, PostgresqlDatabase, Value, fn
from playhouse.shortcuts import ReconnectMixin
from psycopg.types.string import TextLoader

from models.errors import QueryBudgetExceeded, driver_errors
from models.snapshot import Snapshot
from models.sqlite import RETRY_SECONDS

_CONNECT = {"application_name": "Partner Reports", "client_encoding": "utf8", "connect_timeout": 5}

# Every query is written to walk an index, row by row, and reads few rows. These settings keep the query planner from
# sorting or hashing a table first, whatever its statistics say.
_SETTINGS = {
    "datestyle": "ISO",
    "timezone": "UTC",
    "plan_cache_mode": "force_custom_plan",  # a generic plan, for any LIMIT, is one for many rows
    "join_collapse_limit": "1",  # keeps joins in the order in which they are written
    **dict.fromkeys(("enable_hashjoin", "enable_mergejoin", "enable_material", "enable_seqscan", "enable_sort"), "off"),
    **dict.fromkeys(("jit", "enable_memoize"), "off"),  # which take longer than a page
    "max_parallel_workers_per_gather": "0",
}

_WRITE_SETTING = "SET LOCAL plan_cache_mode = auto"  # for the queries that check foreign keys
_BUDGET_MS = 25  # milliseconds of a query budget


def check_url(url: str) -> None:
    """Raise ValueError unless `url` is the address of a server."""
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # whose message may quote a password
        message = "it must look like postgresql://user:password@host/name, with %40 for @ in a password"
        raise ValueError(message) from None


class Postgres(ReconnectMixin, PostgresqlDatabase):
    """A schema on a server. `models.sqlite.Sqlite` says what each member promises.

    Text is ordered by code point whatever the server's locale, and dates are read as text. When the server has closed a
    connection, the next statement outside a transaction opens another.
    """

    is_embedded = False
    supports_lateral = True
    edition = "'load'::regclass::oid::bigint"
    field_types: ClassVar = {**PostgresqlDatabase.field_types, "TEXT": 'TEXT COLLATE "C"'}
    reconnect_errors = tuple(
        (OperationalError, text) for text in ("terminating connection", "closed the connection", "connection is closed")
    )

    def __init__(self, url: str, schema: str, lock_timeout_ms: int, **options: Any) -> None:
        super().__init__(url, prefer_psycopg3=True, **_CONNECT, **options)
        self.url, self.schema, self.lock_timeout_ms = url, schema, lock_timeout_ms

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
    def write_transaction(self) -> Iterator[Any]:
        with self.atomic() as transaction:
            self.execute_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (self.schema,))
            self.execute_sql(_WRITE_SETTING)
            yield transaction

    @contextmanager
    def patient_write_transaction(self, wait: Callable[[], object]) -> Iterator[Any]:
        with self.atomic() as transaction:
            while not self.execute_sql("SELECT pg_try_advisory_xact_lock(hashtext(%s))", (self.schema,)).fetchone()[0]:
                wait()
                sleep(RETRY_SECONDS)
            self.execute_sql(_WRITE_SETTING)
            yield transaction

    @contextmanager
    def migration(self) -> Iterator[None]:
        with self.write_transaction():
            self.execute_sql(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            yield

    @contextmanager
    def trigger_disabled(self, table: Any, name: str) -> Iterator[None]:
        alter = f"ALTER TABLE {table._meta.table_name}"
        self.execute_sql(f"{alter} DISABLE TRIGGER {name}")
        yield
        self.execute_sql(f"{alter} ENABLE TRIGGER {name}")

    def prepare_bulk_load(self) -> None:
        pass

    def drop_indexes(self, table: Any, searched_fields: Collection[Any]) -> list[str]:  # noqa: ARG002
        return []

    def create_indexes(self, dropped: Iterable[str]) -> None:
        pass

    def reset_sequence(self, table: Any) -> None:
        if not table._meta.composite_key:
            sequence = fn.PG_GET_SERIAL_SEQUENCE(f'"{table._meta.table_name}"', "id")
            self.execute(table.select(fn.SETVAL(sequence, fn.MAX(table.id))).where(table.id > 0))

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

    def groups_in_index(self, query: Any) -> bool:
        sql, params = query.sql()
        steps = [step for (step,) in self.execute_sql(f"EXPLAIN {sql}", params).fetchall()]
        return "GroupAggregate" in steps[0] and any("Index Only Scan" in step for step in steps)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        own = Postgres(self.url, self.schema, self.lock_timeout_ms, thread_safe=False)
        with driver_errors, own.connection_context(), own.read_transaction():
            yield Snapshot(
                lambda query, size: own.cursor().stream(*own.get_sql_context().sql(query).query(), size=size)
            )

    def in_values(self, field: Any, values: Sequence[str | int]) -> Any:
        return field == fn.ANY(Value(list(values), converter=lambda value: value, unpack=False))

    def in_subquery(self, field: Any, query: Any) -> Any:
        return field == fn.ANY(fn.ARRAY(query))

    def contains(self, field: Any, text: str) -> Any:
        return fn.STRPOS(field, text) > 0
