"""Bringing a database to today's schema."""

from pathlib import Path

from playhouse.migrations import Runner

from models.database import database

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate() -> list[str]:
    """Apply the migrations that the database lacks, each in a transaction of its own, and return their names."""
    applied: list[str] = _runner().up()
    return applied


def lacking() -> list[str]:
    """The names of migrations that the database lacks."""
    return [migration.name for migration in _runner().status() if not migration.applied]


def _runner() -> Runner:
    return Runner(database.obj, str(_MIGRATIONS))
