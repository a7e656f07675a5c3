"""What every test stands on: an empty database in a file of its own, and the nasty set loaded into one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from app import create_app
from app.table import counting
from models import access, database, migrate
from tests.support import NASTY, load, signed_in


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application on an empty, migrated database."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/reports.db")
    monkeypatch.setenv("SECRET_KEY", "only for tests, and long enough for any")
    application = create_app()
    application.testing = False  # errors must reach visitors as pages, never as tracebacks
    migrate()
    yield application
    database.close()
    access.close()


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


@pytest.fixture(params=["found first", "walked"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which the engine finds chosen rows: as if they were few, and as if they were many."""
    monkeypatch.setattr(counting, "FEW", counting.FEW if request.param == "found first" else -1)


@pytest.fixture
def nasty(app: Flask) -> None:
    """The small set with everything that has ever gone wrong in a table or a CSV."""
    for file in sorted(NASTY.glob("*.csv")):
        load(file.stem, file)
