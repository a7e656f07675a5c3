"""Connections to the two databases: one per thread for pages, one of its own for each export, one writer at a time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from stat import S_IMODE
from typing import Any

from peewee import DatabaseProxy

from models.errors import driver_errors
from models.sqlite import OWNER_ONLY, Sqlite

reports_db = DatabaseProxy()  # customers, subscriptions, transactions, usage
access_db = DatabaseProxy()  # users, sessions, saved views, audit trail

# Milliseconds that a connection waits for another to finish writing. Writes to the users' database are short, and
# whoever waits for one keeps a thread from others.
_REPORTS_LOCK_TIMEOUT, _ACCESS_LOCK_TIMEOUT = 5000, 1000

_SQLITE, POSTGRES = "sqlite:///", "postgresql://"
_ACCESS_FILE = "access.db"
JOBS_FILE = "jobs.db"  # the queue of jobs, beside the two SQLite files
_INSTANCE = Path("instance")  # where files are kept beside databases on a server


class BadDatabaseURL(ValueError):
    """A DATABASE_URL that can't be used; the message says what would be right."""


def open_database(url: str) -> None:
    """Use the databases at `url` from now on. The first query connects. Raises BadDatabaseURL."""
    for proxy, database in zip((reports_db, access_db), databases_at(url), strict=True):
        proxy.initialize(database)


def databases_at(url: str) -> tuple[Any, Any]:
    """Return the databases of reports and of users at a URL. Raises BadDatabaseURL.

    `sqlite:///path` is a file, with access.db beside it; `postgresql://user:password@host/name` has a schema for each.
    """
    if url.startswith(POSTGRES):
        return _postgres_schemas(url)
    path = Path(url.removeprefix(_SQLITE))
    if url.startswith(_SQLITE) and path.name:
        return _sqlite_files(path)
    raise BadDatabaseURL(
        "DATABASE_URL must look like sqlite:///instance/reports.db or postgresql://user:password@host/name"
    )


def data_folder(url: str) -> Path:
    """Return the folder of the SQLite files at a URL; with PostgreSQL the one for what isn't in the database."""
    return Path(url.removeprefix(_SQLITE)).parent if url.startswith(_SQLITE) else _INSTANCE


def _sqlite_files(reports: Path) -> tuple[Sqlite, Sqlite]:
    access = reports.with_name(_ACCESS_FILE)
    if reports.name in (_ACCESS_FILE, JOBS_FILE):
        kept = "users" if reports == access else "jobs"
        raise BadDatabaseURL(f"DATABASE_URL: {reports} is where {kept} are kept; reports need a file of another name")
    try:
        access.parent.mkdir(parents=True, exist_ok=True)
        for file in (access, reports):
            _restrict_to_owner(file)
    except OSError as error:
        message = f"DATABASE_URL: {reports}, with {_ACCESS_FILE} beside it, can't be made: {error.strerror}"
        raise BadDatabaseURL(message) from error
    return Sqlite(str(reports), _REPORTS_LOCK_TIMEOUT), Sqlite(str(access), _ACCESS_LOCK_TIMEOUT)


def _restrict_to_owner(database: Path) -> None:
    """Let nobody else read a database or what SQLite keeps beside it, which older versions made with other rights."""
    for file in (database, database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")):
        with suppress(FileNotFoundError):
            if S_IMODE(file.stat().st_mode) != OWNER_ONLY:
                file.chmod(OWNER_ONLY)


def _postgres_schemas(url: str) -> tuple[Any, Any]:
    try:
        postgres = import_module("models.postgres")  # only now: psycopg is an extra
        postgres.check_url(url)
    except ImportError as error:
        message = "DATABASE_URL: PostgreSQL needs psycopg, which requirements-postgres.txt brings"
        raise BadDatabaseURL(message) from error
    except ValueError as error:
        raise BadDatabaseURL(f"DATABASE_URL: {error}") from None
    timeouts = {"reports": _REPORTS_LOCK_TIMEOUT, "access": _ACCESS_LOCK_TIMEOUT}
    reports, access = (postgres.Postgres(url, schema, timeout) for schema, timeout in timeouts.items())
    return reports, access


def close_connections() -> None:
    """Close this thread's connections, before the thread ends or the process forks."""
    for proxy in (reports_db, access_db):
        if proxy.obj is not None:
            proxy.close()


@contextmanager
def read_transaction() -> Iterator[None]:
    """Let all queries of reports inside see one moment: that of the outermost `read_transaction`."""
    if reports_db.in_transaction():
        yield
    else:
        with reports_db.read_transaction():
            reports_db.top_transaction().cache = {}  # for `Import.version`
            yield


def execute_many(query: Any, rows: Iterable[Sequence[Any]]) -> None:
    """Execute a model's query once for each of `rows`, which are its parameters in their order."""
    sql, _ = query.sql()
    with driver_errors:
        query.model._meta.database.connection().cursor().executemany(sql, rows)


def insert_many(table: Any, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows into a model's table. `rows` have the values of the fields `names`."""
    execute_many(table.insert_many([[0] * len(names)], [getattr(table, name) for name in names]).returning(), rows)
