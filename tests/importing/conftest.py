"""Each test here has an empty, migrated database of its own."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from models import database, migrate, open_database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    open_database(f"sqlite:///{path}")
    migrate()
    database.close()
    return path


@pytest.fixture(autouse=True)
def empty(migrated: Path, tmp_path: Path) -> Iterator[None]:
    open_database(f"sqlite:///{copy(migrated, tmp_path / 'reports.db')}")
    yield
    database.close()
