"""Backups made: both databases of an installation in files, copied while they are in use."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from peewee import SQL, OperationalError, Table, fn
from playhouse.cysqlite_ext import CySqliteDatabase

from models.clock import moment
from models.database import database
from models.disk import digest, made_whole
from models.kept import (
    PARTS,
    PRIVATE,
    Backup,
    BadBackup,
    Part,
    copies,
    copy_pages,
    description,
    live_files,
    need_files,
    need_room,
    opened,
    unsound,
)  # fmt: skip
from models.schema import runner

_SQLITE = ".".join(map(str, CySqliteDatabase.server_version))

_UNREAD = {"journal_mode": "off", "synchronous": "off"}
"""For a file that nobody reads before it is whole, and that we sync."""


def back_up(file: Path) -> Backup:
    """Copy both databases, as they are at one moment, into a new file, and into files beside it.

    The file is there when all of them are whole, checked and on the disk, or not at all. Raises BadBackup, and
    DatabaseError where a database can't be read.
    """
    live = live_files()
    _check(file, list(live.values()))
    try:
        with made_whole(file) as unfinished:
            if file.exists():
                raise BadBackup(f"{file} is there already; a backup goes into a new file")
            backup = _made(live, copies(unfinished))
            _describe(backup, description(unfinished))
    except BlockingIOError:
        raise BadBackup(f"{file}: another backup to there is running") from None
    except OSError as error:
        raise BadBackup(f"{error.filename2 or file} can't be made: {error.strerror}") from error
    except OperationalError as error:
        raise BadBackup(f"{file} can't be made: {error}") from error
    return backup


def present() -> Backup:
    """What a backup would hold that was made now. Raises BadBackup or DatabaseError where that can't be read."""
    need_files(live_files().values())
    parts = {part: Part("", list(runner(each.obj, part).applied()), _rows(each)) for part, each in PARTS.items()}
    return Backup(moment(), _last_import(database), _SQLITE, parts)


def _check(file: Path, live: list[Path]) -> None:
    if not file.parent.is_dir():
        raise BadBackup(f"{file.parent} is not a folder; is its disk mounted?")
    need_files(live)
    need_room(file.parent, [*live, *(each.with_name(f"{each.name}-wal") for each in live)])


def _made(live: dict[str, Path], files: dict[str, Path]) -> Backup:
    with ExitStack() as held:
        made_at = moment()
        still = {part: held.enter_context(_still(file)) for part, file in live.items()}
        parts = {part: _copied(part, each, files[part]) for part, each in still.items()}
        return Backup(made_at, _last_import(still["reports"]), _SQLITE, parts)


def _describe(backup: Backup, file: Path) -> None:
    file.touch(mode=PRIVATE)
    file.write_text(json.dumps(asdict(backup), indent=2) + "\n", "utf-8")


@contextmanager
def _still(file: Path) -> Iterator[Any]:
    """A connection that sees one moment of a database, from now on."""
    with opened(file) as own, own.atomic():
        own.get_tables()
        yield own


def _copied(part: str, source: Any, file: Path) -> Part:
    """Copy a database, and hold the copy against it."""
    file.touch(mode=PRIVATE)
    with opened(file, pragmas=_UNREAD) as copy:
        copy_pages(source, copy)
        copy.pragma("journal_mode", "delete")  # one file, that can be read from where nothing can be written
        if why := unsound(copy):
            raise BadBackup(f"{source.database} is damaged ({why}): nothing can be kept of it as it is")
        rows, migrations = _rows(copy), list(runner(copy, part).applied())
    if rows != _rows(source):
        raise BadBackup(f"{file} holds other rows than {source.database}; try again, on another disk")
    if not migrations:
        raise BadBackup(f"{source.database} is empty; does DATABASE_URL name the right file?")
    return Part(digest(file), sorted(migrations), rows)


def _last_import(reports: Any) -> str:
    load = Table("load").bind(reports)
    return str(load.select(fn.COALESCE(fn.MAX(load.c.loaded_at), "")).scalar())


def _rows(each: Any) -> dict[str, int]:
    """How many rows each table of a database has."""
    return {name: int(Table(name).bind(each).select(fn.COUNT(SQL("*"))).scalar()) for name in each.get_tables()}
