"""Backup and restore of an installation's SQLite databases."""

import fcntl
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from shutil import disk_usage, rmtree
from typing import Any

from peewee import SQL, DatabaseError, OperationalError, Table, fn
from playhouse.cysqlite_ext import CySqliteDatabase

from models import audit
from models.access import Attempt, Session
from models.audit import BEGUN, DONE, AuditEvent
from models.clock import timestamp
from models.connections import access_db, reports_db
from models.errors import driver_errors
from models.schema import migration_runner
from models.sqlite import Sqlite


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    with _opened(path) as handle:
        os.fsync(handle)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_files(file: Path) -> Iterator[Path]:
    """Where to make a file, and what belongs beside it: a folder of another name, for its owner alone.

    When all is there it is moved to where it belongs, the file last, so that it is never there without the rest;
    otherwise all of it goes. What a process left in the folder that was killed is cleared away by the next. Raises
    BlockingIOError while another process makes the same file.
    """
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.mkdir(mode=0o700, exist_ok=True)
    with _opened(unfinished) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            for left in unfinished.iterdir():
                left.unlink()
            yield unfinished / file.name
            made = sorted(unfinished.iterdir(), key=lambda each: each.name == file.name)
            for each in made:
                sync(each)
            for each in made:
                each.rename(file.with_name(each.name))
                sync(file.parent)  # each time: a machine that stops may else keep the last of them alone
        finally:
            rmtree(unfinished, ignore_errors=True)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


PARTS = {"reports": reports_db, "access": access_db}
"""What a backup has a file of, under the name of its migrations."""

OWNER_ONLY = 0o600

_MB = 1_000_000
_ATTEMPTS = 2
"""Seconds, in steps of a quarter, after which a copy gives up that another process keeps from writing."""


class BackupError(Exception):
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


def backup_files(file: Path) -> dict[str, Path]:
    """A backup's file of each database."""
    return {"reports": file, "access": file.with_name(f"{file.name}.users")}


def manifest_path(file: Path) -> Path:
    """Where a backup says what it has."""
    return file.with_name(f"{file.name}.json")


def read_backup(file: Path) -> Backup:
    """What a backup says of itself. Raises BadBackup when it isn't there whole, or not as `back_up` writes it."""
    live_files()
    whole = [*backup_files(file).values(), manifest_path(file)]
    if missing := [each for each in whole if not each.is_file()]:
        names = ", ".join(each.name for each in whole)
        raise BackupError(f"{missing[0]} isn't there; flask backup makes {names}: bring them together, or take another")
    try:
        told = json.loads(manifest_path(file).read_text("utf-8"))
        said = told.pop("parts")
        return Backup(**told, parts={part: Part(**said[part]) for part in PARTS})
    except OSError as error:
        raise BackupError(f"{manifest_path(file)} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{manifest_path(file)} doesn't say what flask backup writes there; take another") from error


def verify_backup(backed_up: Path, backup: Backup) -> None:
    """Raises BadBackup unless both files are what was written then, sound, and known to this version."""
    for part, file in backup_files(backed_up).items():
        if sha256_of(file) != backup.parts[part].sha256:
            raise BackupError(f"{file} isn't what was written when the backup was made; take another")
        with open_file(file) as own:
            if why := find_corruption(own):
                raise BackupError(f"{file} is damaged ({why}); take another")
            newer = [each.name for each in migration_runner(own, part).status() if each.path is None]
        if newer:
            raise BackupError(
                f"{file} is newer than this version of Partner Reports, which doesn't know {', '.join(newer)}; "
                "restore it with the version that made it, or a newer one"
            )


def live_files() -> dict[str, Path]:
    """The files that are in use. Raises BadBackup where the databases are a server's, which has tools of its own."""
    if not isinstance(reports_db.obj, CySqliteDatabase):
        raise BackupError(
            "This is for SQLite. PostgreSQL makes its backups with pg_dump, and restores them with pg_restore; "
            "docs/backup.md says how"
        )
    return {part: Path(each.database) for part, each in PARTS.items()}


def need_files(files: Iterable[Path]) -> None:
    """Raises BadBackup for a file that isn't there."""
    missing = [file for file in files if not file.exists()]
    if missing:
        raise BackupError(f"{missing[0]} isn't there; does DATABASE_URL name the right file?")


def need_room(folder: Path, files: Collection[Path]) -> None:
    """Raises BadBackup where a folder's disk hasn't the room for copies of files, those of them that are there."""
    needed, free = sum(file.stat().st_size for file in files if file.exists()), disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"{folder} has {free / _MB:,.1f} MB free, and {needed / _MB:,.1f} MB are needed; make room there"
        )


@contextmanager
def open_file(file: Path | str, **options: Any) -> Iterator[Any]:
    """A file of SQLite as it is, over a connection of its own."""
    own = CySqliteDatabase(str(file), timeout=_ATTEMPTS, thread_safe=False, **options)
    with driver_errors, own.connection_context():
        yield own


def copy_pages(source: Any, to: Any, **how: Any) -> None:
    """Copy all pages of one connection's database into another's. Raises DatabaseError."""
    try:
        with driver_errors:
            source.backup(to, **how)
    except OperationalError as error:
        if "not an error" in str(error):  # which the driver says of whatever isn't a lock
            raise OperationalError("the copy broke off: the disk is full, or fails") from error
        raise


def find_corruption(each: Any) -> str:
    """What SQLite finds wrong with a file, "" when nothing is."""
    found = each.execute_sql("PRAGMA quick_check(1)").fetchone()[0]
    return "" if found == "ok" else str(found)


_SQLITE = ".".join(map(str, CySqliteDatabase.server_version))

_UNREAD = {"journal_mode": "off", "synchronous": "off"}
"""For a file that nobody reads before it is whole, and that we sync."""


def create_backup(file: Path) -> Backup:
    """Copy both databases, as they are at one moment, into a new file, and into files beside it.

    The file is there when all of them are whole, checked and on the disk, or not at all. Raises BadBackup, and
    DatabaseError where a database can't be read.
    """
    live = live_files()
    _check_target(file, list(live.values()))
    try:
        with atomic_files(file) as unfinished:
            if file.exists():
                raise BackupError(f"{file} is there already; a backup goes into a new file")
            backup = _copy_all(live, backup_files(unfinished))
            _write_manifest(backup, manifest_path(unfinished))
    except BlockingIOError:
        raise BackupError(f"{file}: another backup to there is running") from None
    except OSError as error:
        raise BackupError(f"{error.filename2 or file} can't be made: {error.strerror}") from error
    except OperationalError as error:
        raise BackupError(f"{file} can't be made: {error}") from error
    return backup


def describe_current() -> Backup:
    """What a backup would hold that was made now. Raises BadBackup or DatabaseError where that can't be read."""
    need_files(live_files().values())
    parts = {
        part: Part("", list(migration_runner(each.obj, part).applied()), _row_counts(each))
        for part, each in PARTS.items()
    }
    return Backup(timestamp(), _last_import(reports_db), _SQLITE, parts)


def _check_target(file: Path, live: list[Path]) -> None:
    if not file.parent.is_dir():
        raise BackupError(f"{file.parent} is not a folder; is its disk mounted?")
    need_files(live)
    need_room(file.parent, [*live, *(each.with_name(f"{each.name}-wal") for each in live)])


def _copy_all(live: dict[str, Path], files: dict[str, Path]) -> Backup:
    with ExitStack() as held:
        made_at = timestamp()
        still = {part: held.enter_context(_frozen(file)) for part, file in live.items()}
        parts = {part: _copy_part(part, each, files[part]) for part, each in still.items()}
        return Backup(made_at, _last_import(still["reports"]), _SQLITE, parts)


def _write_manifest(backup: Backup, file: Path) -> None:
    file.touch(mode=OWNER_ONLY)
    file.write_text(json.dumps(asdict(backup), indent=2) + "\n", "utf-8")


@contextmanager
def _frozen(file: Path) -> Iterator[Any]:
    """A connection that sees one moment of a database, from now on."""
    with open_file(file) as own, own.atomic():
        own.get_tables()
        yield own


def _copy_part(part: str, source: Any, file: Path) -> Part:
    """Copy a database, and hold the copy against it."""
    file.touch(mode=OWNER_ONLY)
    with open_file(file, pragmas=_UNREAD) as copy:
        copy_pages(source, copy)
        copy.pragma("journal_mode", "delete")  # one file, that can be read from where nothing can be written
        if why := find_corruption(copy):
            raise BackupError(f"{source.database} is damaged ({why}): nothing can be kept of it as it is")
        rows, migrations = _row_counts(copy), list(migration_runner(copy, part).applied())
    if rows != _row_counts(source):
        raise BackupError(f"{file} holds other rows than {source.database}; try again, on another disk")
    if not migrations:
        raise BackupError(f"{source.database} is empty; does DATABASE_URL name the right file?")
    return Part(sha256_of(file), sorted(migrations), rows)


def _last_import(reports: Any) -> str:
    load = Table("load").bind(reports)
    return str(load.select(fn.COALESCE(fn.MAX(load.c.loaded_at), "")).scalar())


def _row_counts(each: Any) -> dict[str, int]:
    """How many rows each table of a database has."""
    return {name: int(Table(name).bind(each).select(fn.COUNT(SQL("*"))).scalar()) for name in each.get_tables()}


_RESTORE_TIMEOUT = 250
"""Milliseconds that a step waits for another to finish writing."""

_COPY_AUDIT_TRAIL = """
INSERT INTO audit_event (at, who, event, outcome, about, details, address, request)
SELECT at, who, event, outcome, about, details, address, request FROM live.audit_event
WHERE (at, who, event, outcome, about, details, address, request) NOT IN (
    SELECT at, who, event, outcome, about, details, address, request FROM main.audit_event
) ORDER BY id"""
"""What the trail that is in use has beyond the backup's."""


def users_reenabled_by(file: Path) -> list[str]:
    """The emails of those who are disabled now, and weren't when the backup was made."""
    with open_file(backup_files(file)["access"]) as kept, open_file(live_files()["access"]) as live:
        disabled = {email for (email,) in live.execute_sql("SELECT email FROM user WHERE disabled")}
        return [
            email for (email,) in kept.execute_sql("SELECT email FROM user WHERE NOT disabled") if email in disabled
        ]


def restore_backup(file: Path, by: dict[str, str], **details: Any) -> None:
    """Put both databases of a verified backup in the place of those that are in use.

    Everybody is signed out. The trail loses nothing: it has the backup's events, those since, and who did this. While
    it runs nobody can sign in. The reports come first and at once behind them the users, each in one transaction; if
    it is killed between the two it has to be run again. Raises BadBackup or DatabaseError, and then nothing has
    changed.
    """
    live, copy = live_files(), backup_files(file)
    for part, each in live.items():
        need_room(each.parent, [copy[part]])
        PARTS[part].make(OWNER_ONLY)
    with suppress(DatabaseError):  # there may be no trail yet, or one that can't be written
        audit.record("restore", BEGUN, about=str(file), **details, **by)
    with open_file(copy["access"]) as kept, open_file(":memory:") as users:
        copy_pages(kept, users)
        users.execute_sql("ATTACH ? AS live", (str(live["access"]),))

        def reports_first() -> None:
            """The live database of users is locked by now: what its trail has is all that it has."""
            if AuditEvent._meta.table_name in users.get_tables(schema="live"):
                users.execute_sql(_COPY_AUDIT_TRAIL)
            with open_file(copy["reports"]) as reports:
                _replace_database(live["reports"], reports)
            with users.bind_ctx([AuditEvent, Session, Attempt]):
                Session.delete().execute()
                Attempt.delete().execute()
                audit.record("restore", DONE, about=str(file), **details, **by)

        _replace_database(live["access"], users, reports_first)


def _replace_database(file: Path, source: Any, meanwhile: Callable[[], None] | None = None) -> None:
    """Write all pages of another database into this one, in one transaction; `meanwhile` is done while it is open."""
    live, waiting = Sqlite(str(file), _RESTORE_TIMEOUT, thread_safe=False), [meanwhile] if meanwhile else []

    def step(_: int, pages: int, __: bool) -> None:
        if pages and waiting:  # the first step that wasn't kept from writing
            waiting.pop()()

    try:
        with live.connection_context():
            live.pragma("synchronous", "full")
            try:
                copy_pages(source, live, pages=1 if meanwhile else None, progress=step)
            finally:
                with suppress(DatabaseError):  # where a reader holds it up, the next one does it
                    live.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except DatabaseError as error:
        if "not a database" not in str(error) and "malformed" not in str(error):
            raise
        raise BackupError(
            f"{file} is too damaged to be written into. Stop the server, move it away with {file.name}-wal and "
            f"{file.name}-shm, restore again, and start the server"
        ) from error
