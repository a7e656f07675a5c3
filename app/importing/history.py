"""The history of imports: their numbers, their list, and for how long it is known what they changed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event, Thread
from typing import Any

from peewee import fn

from models import (
    DATABASE_ERRORS,
    ChangedRow,
    Import,
    ImportJob,
    access_db,
    close_connections,
    reports_db,
    timestamp,
)

_DISCARDED_ROWS = 20_000  # that one transaction removes
_MESSAGE_CHARS = 1000  # of an exception's message that are stored

APPLYING, APPLIED, FAILED = "applying", "applied", "failed"  # states of an ImportJob
HEARTBEAT = 1  # seconds between two heartbeats of a job


def data_version() -> str:
    """Return the name of the version of all data, "" before the first import."""
    last = Import.last()
    return last.name if last else ""


def add_job(**fields: Any) -> ImportJob:
    """Add an ImportJob, whose id is the number of its import.

    It is above all numbers that either database knows: the reports may have imports of jobs that a new or an older
    users' database doesn't have, and a number that they have already says that a file is applied.
    """
    with access_db.write_transaction():
        known = ImportJob.select(fn.MAX(ImportJob.id)).scalar() or 0, Import.select(fn.MAX(Import.number)).scalar() or 0
        job: ImportJob = ImportJob.create(id=max(known) + 1, **fields)
        return job


@contextmanager
def numbered_import(who: str, file: str, **fields: Any) -> Iterator[int]:
    """Add an ImportJob with `fields` for an import that starts now, and yield its number.

    The job is being applied until the block ends. An exception inside, such as FileRejected, marks it as failed.
    """
    now = timestamp()
    job = add_job(who=who, file=file, state=APPLYING, created_at=now, seen_at=now, **fields)
    try:
        with heartbeats(partial(record_heartbeat, job.id), HEARTBEAT):
            yield job.id
    except BaseException as error:
        _end(job, FAILED, str(error)[:_MESSAGE_CHARS] or type(error).__name__)
        raise
    _end(job, APPLIED)


def _end(job: ImportJob, state: str, message: str = "") -> None:
    with suppress(*DATABASE_ERRORS):  # the reports tell whether it is applied, and the caller gets the first error
        ImportJob.update(state=state, message=message).where(ImportJob.id == job.id).execute()


def record_heartbeat(number: int) -> None:
    """Record that a job is being worked on. Without that it counts as interrupted."""
    ImportJob.update(seen_at=timestamp()).where(ImportJob.id == number).execute()


@contextmanager
def heartbeats(record: Callable[[], object], seconds: float) -> Iterator[None]:
    """Let a thread call `record` every so many seconds, until the block ends."""
    stop = Event()

    def beat() -> None:
        while not stop.wait(seconds):
            with suppress(*DATABASE_ERRORS):  # locked, or full: it tries again the next time
                record()
        close_connections()

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def newest_imports(limit: int) -> list[tuple[Import, str]]:
    """Return the newest imports, each with "undone by 7", "undoes 5", "can be undone", or ""."""
    undos = Import.select(Import.undoes, Import.number).where(Import.undoes.is_null(False))
    undone_by = dict(reports_db.execute(undos))
    newest = Import.select().order_by(Import.id.desc()).limit(limit)
    return [(import_, _undo_state(import_, undone_by.get(import_.number))) for import_ in newest]


def _undo_state(import_: Import, undone_by: int | None) -> str:
    if undone_by is not None:
        return f"undone by {undone_by}"
    if import_.undoes is not None:
        return f"undoes {import_.undoes}"
    return "can be undone" if import_.can_be_undone else ""


def discard_history(days: int, max_changes: int = 10_000_000) -> int:
    """Remove the history of imports that are older than `days`, and of the oldest ones beyond `max_changes` rows.

    Returns the number of changed rows that were removed. An import loses all of them or none. Without, it can't be
    undone.
    """
    since, kept, gone = timestamp(-days * 24 * 60 * 60), 0, 0
    # A former call may have been ended half-way.
    has_rows = fn.EXISTS(ChangedRow.select().where(ChangedRow.number == Import.number))
    query = Import.select().where(Import.number.is_null(False), Import.changed_rows > 0, ~Import.discarded | has_rows)
    for import_ in list(query.order_by(Import.id.desc()).namedtuples()):
        kept += import_.changed_rows
        if str(import_.loaded_at) < since or kept > max_changes:
            gone += _discard(import_)
    return gone


def _discard(import_: Any) -> int:
    """Remove the history of an import. It counts as discarded from the first transaction on."""
    if not import_.discarded:
        with reports_db.write_transaction():
            Import.update(discarded=True).where(Import.id == import_.id).execute()
    gone = 0
    while True:
        with reports_db.write_transaction():
            ids = ChangedRow.select(ChangedRow.id).where(ChangedRow.number == import_.number).limit(_DISCARDED_ROWS)
            removed: int = ChangedRow.delete().where(ChangedRow.id.in_(ids)).execute()
        gone += removed
        if removed < _DISCARDED_ROWS:
            return gone
