"""Backup and restore of an installation on SQLite, through SQLite's backup API."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cysqlite import SQLITE_OPEN_READWRITE  # type: ignore[attr-defined]
from peewee import SQL, DatabaseError, OperationalError, Table, fn
from playhouse.cysqlite_ext import CySqliteDatabase

from models import audit
from models.access import (
    AccessToken,
    Attempt,
    Delivery,
    DeliveryRun,
    PendingSignIn,
    RememberedBrowser,
    Session,
    TokenNetwork,
    User,
)
from models.audit import BEGUN, DONE, AuditEvent
from models.connections import access_db, reports_db
from models.errors import describe_error, driver_errors
from models.schema import SchemaMismatch, migration_runner, refuse_newer
from models.sqlite import OWNER_ONLY

_LOCK_TIMEOUT = 2  # seconds
# Sessions and tokens that have ended since a backup must not come back, so that none does.
_NOT_RESTORED = (Session, TokenNetwork, AccessToken, PendingSignIn, RememberedBrowser, Attempt)

# Adds the events of the live audit trail that a backup's trail lacks.
_MERGE_TRAIL = """
INSERT INTO audit_event (at, who, event, outcome, about, details, address, request)
SELECT at, who, event, outcome, about, details, address, request FROM live.audit_event
WHERE (at, who, event, outcome, about, details, address, request) NOT IN (
    SELECT at, who, event, outcome, about, details, address, request FROM main.audit_event
) ORDER BY id"""

# Whoever has stopped a delivery since the backup gets it no more. Ids alone might be those of other deliveries.
_KEEP_STOPPED = """
UPDATE delivery_recipient SET stopped_at = recipient.stopped_at
FROM live.delivery_recipient AS recipient
JOIN live.delivery AS delivery ON delivery.id = recipient.delivery_id
JOIN main.delivery AS restored ON restored.id = delivery.id AND restored.created_at = delivery.created_at
WHERE recipient.delivery_id = delivery_recipient.delivery_id AND recipient.user_id = delivery_recipient.user_id
    AND recipient.stopped_at IS NOT NULL AND delivery_recipient.stopped_at IS NULL"""


class BackupError(Exception):
    """A backup can't be made or restored; the message says why, and what would help."""


@dataclass(frozen=True)
class DatabaseContents:
    """The contents of both databases: rows by table, and the times (UTC) of the last event and import, "" for none."""

    last_event: str
    last_import: str
    rows: dict[str, int]


def create_backup(file: Path) -> DatabaseContents:
    """Copy both databases, as they are at one moment, into `file` and FILE.users, and return what these hold.

    Either both are there, whole, checked and on the disk, or `file` isn't. Raises BackupError.
    """
    _require_sqlite()
    if not file.parent.is_dir():
        raise BackupError(f"{file.parent} is not a folder; is its disk mounted?")
    if file.exists():
        raise BackupError(f"{file} is there already; a backup goes into a new file")
    for path in backup_files(file):
        if path.is_symlink():  # whoever may write into the folder could have planted it
            raise BackupError(f"{path} is a link; a backup goes into a new file")
    try:
        with TemporaryDirectory(prefix=f"{file.name}.unfinished-", dir=file.parent) as folder:
            copies = backup_files(Path(folder) / file.name)
            _copy_live(*copies)
            contents = read_backup(copies[0])
            os.sync()
            for copy, target in reversed([*zip(copies, backup_files(file), strict=True)]):
                copy.rename(target)
                os.sync()  # each time, so that no power cut leaves `file` without FILE.users
    except OSError as error:
        raise BackupError(f"{error.filename2 or file} can't be made: {error.strerror}") from error
    except DatabaseError as error:
        raise BackupError(f"{file} can't be made: {describe_error(error)}") from error
    return contents


def read_backup(file: Path) -> DatabaseContents:
    """Return the contents of a backup. Raises BackupError unless it is whole, sound, and known to this version."""
    _require_sqlite()
    paths = backup_files(file)
    if missing := [path for path in paths if not path.is_file()]:
        raise BackupError(f"{missing[0]} isn't there; a backup is {paths[0].name} and {paths[1].name}: bring both")
    with _open(paths[0]) as reports, _open(paths[1]) as users:
        for database, part in ((reports, "reports"), (users, "access")):
            if damage := _find_damage(database):
                raise BackupError(f"{database.database} is damaged ({damage}); take another backup")
            runner = migration_runner(database, part)
            try:
                refuse_newer(runner)
            except SchemaMismatch as error:
                raise BackupError(f"{database.database}: {error}") from error
            if not runner.applied():
                raise BackupError(f"{database.database} is not a backup of Partner Reports")
        return _contents(reports, users)


def live_contents() -> DatabaseContents:
    """Return the contents of the databases in use. Raises DatabaseError where they can't be read."""
    return _contents(reports_db, access_db)


def users_reenabled_by(file: Path) -> list[str]:
    """Return the emails of those who are disabled now, but not in the backup."""
    with _open(backup_files(file)[1]) as backup:
        enabled = {email for (email,) in backup.execute_sql("SELECT email FROM user WHERE NOT disabled")}
    return [user.email for user in User.select(User.email).where(User.disabled) if user.email in enabled]


def restore_backup(file: Path, actor: dict[str, str], skip_mails: Callable[[], None]) -> None:
    """Replace both databases by a backup that `read_backup` has accepted. The server must not be running.

    This ends all sessions and tokens, forgets remembered browsers, keeps the events of both audit trails, and lets
    people who have stopped a delivery stay out. Each database is replaced in one transaction, the reports first: a
    restore that is killed in between has to be run again. Raises BackupError or DatabaseError.

    `skip_mails` is called while the tables of deliveries are those of the backup, before they replace the live ones.
    """
    for live in (reports_db, access_db):
        live.create_file()
        _refuse_if_in_use(live)
    with suppress(DatabaseError):  # there may be no trail yet
        audit.record("restore", BEGUN, about=str(file), **actor)
    reports, users = map(_open, backup_files(file))
    with reports as source, users as backup, _open(":memory:") as restored:
        backup.backup(restored)
        restored.attach(access_db.database, "live")
        has_deliveries = restored.table_exists(Delivery)  # a backup of an older version doesn't have all tables
        live_tables = restored.get_tables(schema="live")
        if AuditEvent._meta.table_name in live_tables:
            restored.execute_sql(_MERGE_TRAIL)
        if has_deliveries and Delivery._meta.table_name in live_tables:
            restored.execute_sql(_KEEP_STOPPED)
        restored.detach("live")
        with restored.bind_ctx([AuditEvent, Delivery, DeliveryRun, *_NOT_RESTORED]):
            if has_deliveries:
                skip_mails()
            for table in _NOT_RESTORED:
                if restored.table_exists(table):
                    table.delete().execute()
            audit.record("restore", DONE, about=str(file), **actor)
        source.backup(reports_db.obj)
        try:
            with driver_errors:
                restored.backup(access_db.obj)
        except DatabaseError as error:
            raise BackupError(f"The reports are restored, but not the users ({error}); restore again") from error
    os.sync()


def backup_files(file: Path) -> tuple[Path, Path]:
    """Return the files of a backup: the reports, and the users."""
    return file, file.with_name(f"{file.name}.users")


def _require_sqlite() -> None:
    if not isinstance(reports_db.obj, CySqliteDatabase):
        raise BackupError(
            "This is for SQLite. PostgreSQL makes its backups with pg_dump, and restores them with pg_restore; "
            "docs/backup.md says how"
        )


@contextmanager
def _open(path: Path | str) -> Iterator[Any]:
    """Open a file as it is: without our pragmas, which would put a backup into WAL mode."""
    database = CySqliteDatabase(str(path), timeout=_LOCK_TIMEOUT, thread_safe=False, flags=SQLITE_OPEN_READWRITE)
    with driver_errors, database.connection_context():
        yield database


def _copy_live(reports: Path, users: Path) -> None:
    with reports_db.read_transaction(), access_db.read_transaction(), driver_errors:
        for live in (reports_db, access_db):
            live.get_tables()  # the first read fixes the moment that a transaction sees
        for live, path in ((reports_db, reports), (access_db, users)):
            path.touch(OWNER_ONLY, exist_ok=False)
            with _open(path) as copy:
                live.backup(copy)
                copy.pragma("journal_mode", "delete")  # a backup is one file, readable where nothing can be written
                if damage := _find_damage(copy):
                    why = f"{live.database} is damaged ({damage}) and can't be backed up; restore an earlier backup"
                    raise BackupError(why)


def _find_damage(database: Any) -> str:
    """Return what SQLite finds wrong with a database, "" for nothing."""
    try:
        (found,) = database.execute_sql("PRAGMA quick_check(1)").fetchone()
    except (DatabaseError, UnicodeDecodeError) as error:
        return str(error) or type(error).__name__
    return "" if found == "ok" else str(found)


def _refuse_if_in_use(live: Any) -> None:
    """Raise BackupError while another process has a database open: only a sole connection can leave WAL mode."""
    live.close()
    try:
        with _open(live.database) as database:
            database.execute_sql("PRAGMA journal_mode = delete").fetchall()
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        raise BackupError(f"{live.database} is in use; stop the server, restore, and start it again") from error


def _contents(reports: Any, users: Any) -> DatabaseContents:
    tables = [Table(name).bind(database) for database in (reports, users) for name in database.get_tables()]
    rows = {table.__name__: int(table.select(fn.COUNT(SQL("*"))).scalar()) for table in tables}
    event, load = Table("audit_event").bind(users), Table("load").bind(reports)
    last_event = event.select(fn.COALESCE(fn.MAX(event.c.at), "")).scalar()
    last_import = load.select(fn.COALESCE(fn.MAX(load.c.loaded_at), "")).scalar()
    return DatabaseContents(str(last_event), str(last_import), rows)
