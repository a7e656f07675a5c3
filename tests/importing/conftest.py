"""Each test has an empty, migrated database of its own, on SQLite, and on PostgreSQL where it says so, or in trials."""

from collections.abc import Iterator

import pytest

from models import close_connections, open_database
from tests.databases import sqlite_first as database_url

__all__ = ["database_url"]


@pytest.fixture(autouse=True)
def empty(database_url: str) -> Iterator[None]:
    open_database(database_url)
    yield
    close_connections()
