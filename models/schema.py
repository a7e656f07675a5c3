"""Bringing the databases to today's schema."""

from pathlib import Path
from typing import Any

from playhouse.migrations import Runner

from models.database import access, database

_MIGRATIONS = Path(__file__).parent / "migrations"


class Unfit(Exception):
    """A database isn't one of this version's; the message says why, and what to do."""


def migrate() -> list[str]:
    """Apply the migrations that the databases lack, to each all or none, and return their names.

    Of several that are at it at once, one does it and the others find it done. Raises Unfit for a newer database.
    """
    applied = []
    for each, runner in _runners():
        with each.migrating():
            _refuse_newer(runner)
            applied += runner.up()
    return applied


def check() -> None:
    """Raises Unfit when a database lacks a migration, or has one that this version doesn't know."""
    for _, runner in _runners():
        _refuse_newer(runner)
    missing = lacking()
    if missing:
        raise Unfit(f"the database lacks {', '.join(missing)}; run: flask migrate")


def lacking() -> list[str]:
    """The names of migrations that the databases lack."""
    return [each.name for _, runner in _runners() for each in runner.status() if not each.applied]


def _refuse_newer(runner: Any) -> None:
    unknown = [each.name for each in runner.status() if each.path is None]
    if unknown:
        raise Unfit(
            f"the database is newer than this version of Partner Reports, which doesn't know {', '.join(unknown)}; "
            "run the version that it was last used with, or a newer one"
        )


def _runners() -> list[tuple[Any, Any]]:
    return [
        (database.obj, Runner(database.obj, str(_MIGRATIONS / "reports"))),
        (access.obj, Runner(access.obj, str(_MIGRATIONS / "access"))),
    ]
