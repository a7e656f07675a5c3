"""What every test stands on: an empty database in a file of its own, and the nasty set loaded into one."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from app import create_app
from app.table import counts
from models import close_connections, sqlite
from tests.databases import in_file, migrated, on_both, postgres
from tests.support import NASTY, load, signed_in

database_url = in_file
"""Where a test finds its database. The folders whose tests run on both kinds say so in their own conftest."""

__all__ = ["database_url", "in_file", "migrated", "on_both", "postgres"]


@pytest.fixture
def app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application on an empty, migrated database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "only for tests, and long enough for any")
    application = create_app()
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


@pytest.fixture(params=["found first", "walked", "walked in vain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the engine finds chosen rows: as few, as many, and as many that lie too far off to be walked to."""
    monkeypatch.setattr(counts, "SORT_LIMIT", counts.SORT_LIMIT if request.param == "found first" else -1)
    if request.param == "walked in vain":
        monkeypatch.setattr(sqlite, "_INSTRUCTIONS_PER_CHECK", 1)


@pytest.fixture
def nasty(app: Flask) -> None:
    """The small set with everything that has ever gone wrong in a table or a CSV."""
    for file in sorted(NASTY.glob("*.csv")):
        load(file.stem, file)
