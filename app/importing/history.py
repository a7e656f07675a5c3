"""The history of imports: their numbers, their list, and for how long it is known what they changed."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN

from models import DATABASE_ERRORS, ChangedRow, Import, ImportJob, reports_db, timestamp

_DISCARDED_ROWS = 20_000  # that one transaction removes

_MESSAGE_CHARS = 1000  # of what is kept of an exception

APPLIED, FAILED = "applied", "failed"  # states of an ImportJob


def last_import() -> str:
    """A name of the last import, which no other ever has; "" before the first."""
    return (Import.last() or ("", ""))[0]


@contextmanager
def numbered(who: str, file: str, **fields: Any) -> Iterator[int]:
    """Give the number of an import that starts now, and that of an ImportJob with `fields`.

    An exception inside, such as FileRejected, marks the job as failed.
    """
    now = timestamp()
    job = ImportJob.create(who=who, file=file, state=APPLIED, created_at=now, seen_at=now, **fields)
    try:
        yield job.id
    except BaseException as error:
        message = str(error)[:_MESSAGE_CHARS] or type(error).__name__
        with suppress(*DATABASE_ERRORS):  # whoever called must hear of the first error
            ImportJob.update(state=FAILED, message=message).where(ImportJob.id == job.id).execute()
        raise


@dataclass(frozen=True)
class ListedImport:
    """An import as the list of imports shows it.

    `number` is None for imports whose history isn't kept. `undone_by` and `undoes` are numbers of other imports.
    """

    number: int | None
    loaded_at: datetime
    who: str
    report: str
    file: str
    added: int
    updated: int
    unchanged: int
    removed: int
    cancelled: int
    changed_rows: int
    discarded: bool
    undoes: int | None
    undone_by: int | None

    @property
    def can_be_undone(self) -> bool:
        """Whether it can be undone, unless something newer has changed the same rows."""
        settled = self.number is None or self.undoes is not None or self.undone_by is not None
        return not settled and not self.discarded and self.changed_rows > 0

    @property
    def state(self) -> str:
        """In words: "undone by 7", "undoes 5", "can be undone", or ""."""
        if self.undone_by is not None:
            return f"undone by {self.undone_by}"
        if self.undoes is not None:
            return f"undoes {self.undoes}"
        return "can be undone" if self.can_be_undone else ""


def import_list() -> Any:
    """The query of all imports as ListedImport, the newest first. The caller limits it: `.paginate(page, 50)`."""
    undo = Import.alias()
    names = [name for name in ListedImport.__dataclass_fields__ if name != "undone_by"]
    query = Import.select(*(getattr(Import, name) for name in names), undo.number.alias("undone_by"))
    query = query.join(undo, JOIN.LEFT_OUTER, on=(undo.undoes == Import.number))
    return query.order_by(Import.id.desc()).objects(ListedImport)


def discard_history(days: int, max_changes: int = 10_000_000) -> int:
    """Remove what imports kept that are older than so many days, or are the oldest beyond so many changed rows.

    Returns the number of changed rows that are gone. An import loses all or nothing, and can't be undone without.
    """
    since, kept, gone = timestamp(-days * 86_400), 0, 0
    query = Import.select().where(Import.number.is_null(False), Import.changed_rows > 0)
    for each in list(query.order_by(Import.id.desc())):
        kept += each.changed_rows
        if str(each.loaded_at) < since or kept > max_changes:
            gone += _discard(each)
    return gone


def _discard(each: Import) -> int:
    """Remove what an import kept. It counts as gone from the first transaction on."""
    if not each.discarded:
        with reports_db.write_transaction():
            Import.update(discarded=True).where(Import.id == each.id).execute()
    gone = 0
    while True:
        with reports_db.write_transaction():
            ids = ChangedRow.select(ChangedRow.id).where(ChangedRow.number == each.number).limit(_DISCARDED_ROWS)
            removed: int = ChangedRow.delete().where(ChangedRow.id.in_(ids)).execute()
        gone += removed
        if removed < _DISCARDED_ROWS:
            return gone
