"""Bringing the databases to today's schema."""

from pathlib import Path
from typing import Any

from playhouse.migrations import Runner

from models.database import access, database

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate() -> list[str]:
    """Apply the migrations that the databases lack, each in a transaction of its own, and return their names."""
    for each in (database, access):
        each.prepare()
    return [name for runner in _runners() for name in runner.up()]


def lacking() -> list[str]:
    """The names of migrations that the databases lack."""
    return [migration.name for runner in _runners() for migration in runner.status() if not migration.applied]


def _runners() -> list[Any]:
    return [
        Runner(database.obj, str(_MIGRATIONS / "reports")),
        Runner(access.obj, str(_MIGRATIONS / "access")),
    ]
