"""The jobs run on SQLite, and some of them on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.databases import sqlite_first as database_url
from tests.jobs.work import import_jobs

__all__ = ["database_url"]


@pytest.fixture(autouse=True)
def own_folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of uploads for each test, also with PostgreSQL, and a queue that is closed."""
    monkeypatch.chdir(tmp_path)
    yield
    import_jobs(app).queue.storage.close()
