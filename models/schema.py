"""Migrations: bring the databases to this version's schema, or tell that they aren't there."""

from pathlib import Path
from typing import Any

from playhouse.migrations import Runner

from models.connections import access_db, reports_db

_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaMismatch(Exception):
    """A database doesn't have this version's schema; the message says why, and what to do."""


def apply_migrations() -> list[str]:
    """Apply all pending migrations, of each database all or none, and return their names. Raises SchemaMismatch."""
    applied: list[str] = []
    for runner in _runners():
        with runner.database.migration():
            refuse_newer(runner)
            applied += runner.up()
    return applied


def check_schema() -> None:
    """Raise SchemaMismatch when a database lacks a migration, or has one that this version doesn't know."""
    for runner in _runners():
        refuse_newer(runner)
    if pending := pending_migrations():
        raise SchemaMismatch(f"the database lacks {', '.join(pending)}; run: flask migrate")


def pending_migrations() -> list[str]:
    """Return the names of the migrations that the databases lack."""
    return [migration.name for runner in _runners() for migration in runner.status() if not migration.applied]


def refuse_newer(runner: Any) -> None:
    """Raise SchemaMismatch when a database has migrations that this version doesn't know."""
    if unknown := [migration.name for migration in runner.status() if migration.path is None]:
        raise SchemaMismatch(
            f"the database is newer than this version of Partner Reports, which doesn't know {', '.join(unknown)}; "
            "run the version that it was last used with, or a newer one"
        )


def migration_runner(database: Any, part: str) -> Any:
    """Return the Peewee runner of a part's migrations, `reports` or `access`, for a database."""
    return Runner(database, str(_MIGRATIONS / part))


def _runners() -> list[Any]:
    return [migration_runner(reports_db.obj, "reports"), migration_runner(access_db.obj, "access")]
