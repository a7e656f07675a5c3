"""What a backup is: a file of the reports, one of the users beside it, and one that tells of both."""

import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from typing import Any

from peewee import OperationalError
from playhouse.cysqlite_ext import CySqliteDatabase

from models.database import access, database
from models.disk import digest
from models.schema import runner
from models.trouble import database_errors

PARTS = {"reports": database, "access": access}
"""What a backup has a file of, under the name of its migrations."""

PRIVATE = 0o600

_MB = 1_000_000
_ATTEMPTS = 2
"""Seconds, in steps of a quarter, after which a copy gives up that another process keeps from writing."""


class BadBackup(Exception):
    """A backup that can't be made, or can't be put back; the message says why, and what would help."""


@dataclass(frozen=True)
class Part:
    """One database: the SHA-256 of its file, the migrations that it has, and how many rows each of its tables has."""

    sha256: str
    migrations: list[str]
    rows: dict[str, int]


@dataclass(frozen=True)
class Backup:
    """What a backup holds. `made_at` and `last_import` are in UTC; "" where nothing was imported yet."""

    made_at: str
    last_import: str
    sqlite: str
    parts: dict[str, Part]

    @property
    def rows(self) -> dict[str, int]:
        return {table: number for part in self.parts.values() for table, number in part.rows.items()}


def copies(file: Path) -> dict[str, Path]:
    """A backup's file of each database."""
    return {"reports": file, "access": file.with_name(f"{file.name}.users")}


def description(file: Path) -> Path:
    """Where a backup says what it has."""
    return file.with_name(f"{file.name}.json")


def read_backup(file: Path) -> Backup:
    """What a backup says of itself. Raises BadBackup when it isn't there whole, or not as `back_up` writes it."""
    live_files()
    whole = [*copies(file).values(), description(file)]
    if missing := [each for each in whole if not each.is_file()]:
        names = ", ".join(each.name for each in whole)
        raise BadBackup(f"{missing[0]} isn't there; flask backup makes {names}: bring them together, or take another")
    try:
        told = json.loads(description(file).read_text("utf-8"))
        said = told.pop("parts")
        return Backup(**told, parts={part: Part(**said[part]) for part in PARTS})
    except OSError as error:
        raise BadBackup(f"{description(file)} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadBackup(f"{description(file)} doesn't say what flask backup writes there; take another") from error


def verify(backed_up: Path, backup: Backup) -> None:
    """Raises BadBackup unless both files are what was written then, sound, and known to this version."""
    for part, file in copies(backed_up).items():
        if digest(file) != backup.parts[part].sha256:
            raise BadBackup(f"{file} isn't what was written when the backup was made; take another")
        with opened(file) as own:
            if why := unsound(own):
                raise BadBackup(f"{file} is damaged ({why}); take another")
            newer = [each.name for each in runner(own, part).status() if each.path is None]
        if newer:
            raise BadBackup(
                f"{file} is newer than this version of Partner Reports, which doesn't know {', '.join(newer)}; "
                "restore it with the version that made it, or a newer one"
            )


def live_files() -> dict[str, Path]:
    """The files that are in use. Raises BadBackup where the databases are a server's, which has tools of its own."""
    if not isinstance(database.obj, CySqliteDatabase):
        raise BadBackup(
            "This is for SQLite. PostgreSQL makes its backups with pg_dump, and restores them with pg_restore; "
            "docs/backup.md says how"
        )
    return {part: Path(each.database) for part, each in PARTS.items()}


def need_files(files: Iterable[Path]) -> None:
    """Raises BadBackup for a file that isn't there."""
    missing = [file for file in files if not file.exists()]
    if missing:
        raise BadBackup(f"{missing[0]} isn't there; does DATABASE_URL name the right file?")


def need_room(folder: Path, files: Collection[Path]) -> None:
    """Raises BadBackup where a folder's disk hasn't the room for copies of files, those of them that are there."""
    needed, free = sum(file.stat().st_size for file in files if file.exists()), disk_usage(folder).free
    if free < needed:
        raise BadBackup(
            f"{folder} has {free / _MB:,.1f} MB free, and {needed / _MB:,.1f} MB are needed; make room there"
        )


@contextmanager
def opened(file: Path | str, **options: Any) -> Iterator[Any]:
    """A file of SQLite as it is, over a connection of its own."""
    own = CySqliteDatabase(str(file), timeout=_ATTEMPTS, thread_safe=False, **options)
    with database_errors, own.connection_context():
        yield own


def copy_pages(source: Any, to: Any, **how: Any) -> None:
    """Copy all pages of one connection's database into another's. Raises DatabaseError."""
    try:
        with database_errors:
            source.backup(to, **how)
    except OperationalError as error:
        if "not an error" in str(error):  # which the driver says of whatever isn't a lock
            raise OperationalError("the copy broke off: the disk is full, or fails") from error
        raise


def unsound(each: Any) -> str:
    """What SQLite finds wrong with a file, "" when nothing is."""
    found = each.execute_sql("PRAGMA quick_check(1)").fetchone()[0]
    return "" if found == "ok" else str(found)
