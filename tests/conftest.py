"""Fixtures of all tests: an empty or a filled database of their own, the application, and clients of it.

`make test` leaves tests with the mark `slow_trial` to `make trials`, and its random tests always roll the same.
"""

import gc
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache

from app import create_app
from app.auth import passwords
from app.table import counts
from models import Import, close_connections, sqlite
from tests.databases import each_database, load_edge_cases, loaded, migrated, postgres, sqlite_file
from tests.strategies import TRIALS
from tests.support import signed_in

database_url = sqlite_file  # folders whose tests run on PostgreSQL too override it in their conftest

CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
DUMMY_HASH = CHEAP_HASHER.hash("nobody's password")

__all__ = ["database_url", "each_database", "loaded", "migrated", "postgres", "sqlite_file"]


# Without bounds of time, which a busy machine breaks. Fixtures of a test fill the database for all of its examples.
_HEALTH = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("tests", deadline=None, suppress_health_check=_HEALTH, derandomize=True)
settings.register_profile(TRIALS, deadline=None, suppress_health_check=_HEALTH, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trials", action="store_true", help="run slow tests too, with full numbers and random examples")
    parser.addoption("--all-pairs", action="store_true", help="try all pairs of steps at all latencies, in two hours")
    parser.addoption("--seed", type=int, help="repeat the trials that had this seed")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile(TRIALS if config.getoption("trials") else "tests")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("trials"):
        slow = [item for item in items if item.get_closest_marker("slow_trial")]
        items[:] = [item for item in items if item not in slow]
        config.hook.pytest_deselected(items=slow)


def pytest_collection_finish() -> None:
    """Leave out of garbage collection what lives until the end: modules, and thousands of tests."""
    gc.freeze()


@pytest.fixture(scope="session")
def bytecode_cache(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Compiled templates. Without it each test would compile those that it renders, which takes 50 ms."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def cheap_hasher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with argon2's least memory and time. test_passwords.py, which has no `app`, tests the real parameters."""
    monkeypatch.setattr(passwords, "_hasher", CHEAP_HASHER)
    monkeypatch.setattr(passwords, "_DUMMY_HASH", DUMMY_HASH)


@pytest.fixture
def app(
    database_url: str, bytecode_cache: FileSystemBytecodeCache, cheap_hasher: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The application on an empty, migrated database."""
    monkeypatch.setitem(sqlite._PRAGMAS, "synchronous", "off")  # waiting for the disk takes 10 ms at each end of a test
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "only for tests, and long enough for any")
    application = create_app()
    application.jinja_env.bytecode_cache = bytecode_cache
    application.testing = False  # errors must reach visitors as pages, never as tracebacks
    yield application
    close_connections()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An admin of the whole partner, signed in."""
    return signed_in(app)


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """Somebody who is not signed in."""
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture(params=["few matches", "index scan", "scan over budget"])
def query_plan(request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The strategy that finds the rows of a filtered page. A budget of scanned rows exists on SQLite alone."""
    if request.param != "few matches":
        monkeypatch.setattr(counts, "SORT_LIMIT", -1)
    if request.param == "scan over budget":
        if not database_url.startswith("sqlite:"):
            pytest.skip("only SQLite has a budget")
        monkeypatch.setattr(sqlite, "_INSTRUCTIONS_PER_CHECK", 1)


@pytest.fixture
def edge_cases(app: Flask) -> None:
    """The small set of tests/edge_cases: everything that has ever gone wrong in a table or a CSV."""
    if not Import.select().exists():  # a module has a `database_url` of its own, which is no copy of `loaded`
        load_edge_cases()
