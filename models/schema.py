"""Bringing the databases to today's schema."""

from pathlib import Path
from typing import Any

from playhouse.migrations import Runner

from models.connections import access_db, reports_db

_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaMismatch(Exception):
    """A database isn't one of this version's; the message says why, and what to do."""


def migrate() -> list[str]:
    """Apply the migrations that the databases lack, to each all or none, and return their names.

    Of several that are at it at once, one does it and the others find it done. Raises Unfit for a newer database.
    """
    applied = []
    for each in _runners():
        with each.database.migration():
            _refuse_newer(each)
            applied += each.up()
    return applied


def check() -> None:
    """Raises Unfit when a database lacks a migration, or has one that this version doesn't know."""
    for each in _runners():
        _refuse_newer(each)
    missing = pending_migrations()
    if missing:
        raise SchemaMismatch(f"the database lacks {', '.join(missing)}; run: flask migrate")


def pending_migrations() -> list[str]:
    """The names of migrations that the databases lack."""
    return [migration.name for each in _runners() for migration in each.status() if not migration.applied]


def _refuse_newer(each: Any) -> None:
    unknown = [migration.name for migration in each.status() if migration.path is None]
    if unknown:
        raise SchemaMismatch(
            f"the database is newer than this version of Partner Reports, which doesn't know {', '.join(unknown)}; "
            "run the version that it was last used with, or a newer one"
        )


def migration_runner(of: Any, part: str) -> Any:
    """What applies the migrations of a part, `reports` or `access`, to a database."""
    return Runner(of, str(_MIGRATIONS / part))


def _runners() -> list[Any]:
    return [migration_runner(reports_db.obj, "reports"), migration_runner(access_db.obj, "access")]
