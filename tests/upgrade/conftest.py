"""Upgrades run on both databases, from the first version's schema and rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models import close_connections, open_database
from tests.databases import Server
from tests.upgrade import first


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of the first version."""
    if request.param == "SQLite":
        yield from _opened(f"sqlite:///{tmp_path}/reports.db")
    else:
        server: Server = request.getfixturevalue("postgres")
        with server.copied("template0") as address:
            yield from _opened(address)


def _opened(address: str) -> Iterator[str]:
    open_database(address)
    first.create()
    close_connections()
    yield address
    close_connections()
