"""Backups put back: into the databases that are in use, whose readers go on, and see the other rows from then on.

Files aren't exchanged: a process that has one open would go on with it, and with a log beside it that belongs to
another. SQLite writes all pages of a backup into the live file, as one transaction.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from peewee import DatabaseError

from models import audit
from models.accounts import Attempt, Session
from models.audit import BEGUN, DONE, AuditEvent
from models.kept import PARTS, PRIVATE, BadBackup, copies, copy_pages, live_files, need_room, opened
from models.sqlite import Sqlite

_PATIENCE = 250
"""Milliseconds that a step waits for another to finish writing."""

_KEPT = """
INSERT INTO audit_event (at, who, event, outcome, about, details, address, request)
SELECT at, who, event, outcome, about, details, address, request FROM live.audit_event
WHERE (at, who, event, outcome, about, details, address, request) NOT IN (
    SELECT at, who, event, outcome, about, details, address, request FROM main.audit_event
) ORDER BY id"""
"""What the trail that is in use has beyond the backup's."""


def let_in_again(file: Path) -> list[str]:
    """The emails of those who are disabled now, and weren't when the backup was made."""
    with opened(copies(file)["access"]) as kept, opened(live_files()["access"]) as live:
        disabled = {email for (email,) in live.execute_sql("SELECT email FROM user WHERE disabled")}
        return [
            email for (email,) in kept.execute_sql("SELECT email FROM user WHERE NOT disabled") if email in disabled
        ]


def restore(file: Path, by: dict[str, str], **details: Any) -> None:
    """Put both databases of a verified backup in the place of those that are in use.

    Everybody is signed out. The trail loses nothing: it has the backup's events, those since, and who did this. While
    it runs nobody can sign in. The reports come first and at once behind them the users, each in one transaction; if
    it is killed between the two it has to be run again. Raises BadBackup or DatabaseError, and then nothing has
    changed.
    """
    live, copy = live_files(), copies(file)
    for part, each in live.items():
        need_room(each.parent, [copy[part]])
        PARTS[part].make(PRIVATE)
    with suppress(DatabaseError):  # there may be no trail yet, or one that can't be written
        audit.record("restore", BEGUN, about=str(file), **details, **by)
    with opened(copy["access"]) as kept, opened(":memory:") as users:
        copy_pages(kept, users)
        users.execute_sql("ATTACH ? AS live", (str(live["access"]),))

        def reports_first() -> None:
            """The live database of users is locked by now: what its trail has is all that it has."""
            if AuditEvent._meta.table_name in users.get_tables(schema="live"):
                users.execute_sql(_KEPT)
            with opened(copy["reports"]) as reports:
                _replace(live["reports"], reports)
            with users.bind_ctx([AuditEvent, Session, Attempt]):
                Session.delete().execute()
                Attempt.delete().execute()
                audit.record("restore", DONE, about=str(file), **details, **by)

        _replace(live["access"], users, reports_first)


def _replace(file: Path, source: Any, meanwhile: Callable[[], None] | None = None) -> None:
    """Write all pages of another database into this one, in one transaction; `meanwhile` is done while it is open."""
    live, waiting = Sqlite(str(file), _PATIENCE, thread_safe=False), [meanwhile] if meanwhile else []

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
        raise BadBackup(
            f"{file} is too damaged to be written into. Stop the server, move it away with {file.name}-wal and "
            f"{file.name}-shm, restore again, and start the server"
        ) from error
