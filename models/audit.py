"""The audit trail: who did what, and what was refused. Events are only ever added, and archived after a time."""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

from peewee import DateTimeField, TextField

from models.access import AccessModel
from models.connections import access_db
from models.values import shorten, timestamp

log = logging.getLogger("audit")

# The author of a change and their address: the fields `who`, `address` and `request` of its event.
AuditActor = Mapping[str, str]

BEGUN, DONE, REFUSED, FAILED = "begun", "done", "refused", "failed"  # outcomes
MAX_TEXT_LENGTH = 300  # characters of a text of an event: people write addresses of any length into the trail
_BLOCK_ROWS = 1000  # that an archive reads at a time


class AuditEvent(AccessModel):
    """`who` did `event` to `about`. `details` is a JSON object. A command has no `address` and no `request`.

    Triggers of the database refuse all changes, but for a growing number `times` in the details.
    """

    at = DateTimeField()
    who = TextField()
    event = TextField()
    outcome = TextField()
    about = TextField()
    details = TextField()
    address = TextField()
    request = TextField()

    class Meta:
        indexes = ((("who", "id"), False), (("who", "at"), False))


def record(event: str, outcome: str = DONE, /, **values: Any) -> None:
    """Add an event to the trail, and a line of JSON to the log. Values that aren't fields become its details.

    Call it inside the `access_db.write_transaction()` of the change itself, so that both happen or neither.
    """
    values = {name: _shorten(value) for name, value in values.items()}
    fields = {name: values.pop(name, "") for name in ("who", "about", "address", "request")}
    fields = {"at": timestamp(), "event": event, "outcome": outcome, **fields}
    AuditEvent.create(**fields, details=json.dumps(values))
    log.info(json.dumps({**fields, **values}))


def record_counted(event: str, outcome: str = DONE, /, *, match: Literal["person", "details"], **values: Any) -> None:
    """Add an event, or count it in the row of the first one of the same minute: `times` in its details.

    With `match="person"`, all events of a person with this name and outcome are counted in one row. With "details",
    only those about the same thing, with the same details.
    """
    values = {name: _shorten(value) for name, value in values.items()}
    details = {name: value for name, value in values.items() if name not in AuditEvent._meta.fields}
    with access_db.write_transaction():
        events = _same_minute(event, outcome, values)
        if match == "details":
            same_about = events.where(AuditEvent.about == values["about"])
            events = [row for row in same_about if json.loads(row.details) | {"times": 0} == details | {"times": 0}]
        first = next(iter(events), None)
        if first is None:
            record(event, outcome, **values)
        else:
            _count(first)


def _same_minute(event: str, outcome: str, values: Mapping[str, Any]) -> Any:
    minute = f"{timestamp()[:-3]}:00"
    same = (AuditEvent.who == values["who"]) & (AuditEvent.at >= minute)
    query = AuditEvent.select().where(same, AuditEvent.event == event, AuditEvent.outcome == outcome)
    return query.order_by(AuditEvent.id)


def _count(event: AuditEvent) -> None:
    details = json.loads(str(event.details))
    details["times"] = details.get("times", 1) + 1
    AuditEvent.update(details=json.dumps(details)).where(AuditEvent.id == event.id).execute()


def archive_events(before: str, file: Path, **actor: str) -> int:
    """Move the events from before a time into a new file, a line of JSON for each, and return how many these are.

    They are removed when the file is whole and on the disk; a run that is killed before leaves both. Without such
    events there is no file. Raises OSError where the file can't be made or is there already.
    """
    old = AuditEvent.select().where(AuditEvent.at < before)
    if not old.exists():
        return 0
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
        try:
            number, last = _write_events(old, out)
        except BaseException:
            file.unlink()
            raise
    with access_db.write_transaction(), access_db.trigger_disabled(AuditEvent, "audit_event_delete"):
        AuditEvent.delete().where(AuditEvent.at < before, AuditEvent.id <= last).execute()
        record("audit archive", about=str(file), events=number, before=before, **actor)
    return number


def _write_events(events: Any, out: IO[str]) -> tuple[int, int]:
    """Write events to the disk, the oldest first, and return their number and the id of the last one."""
    names, number, last = [field.name for field in AuditEvent._meta.sorted_fields], 0, 0
    with access_db.snapshot() as snapshot:
        for columns in snapshot.columns(events.order_by(AuditEvent.id), _BLOCK_ROWS):
            for row in zip(*columns, strict=True):
                event = dict(zip(names, row, strict=True))
                out.write(f"{json.dumps(event | {'details': json.loads(event['details'])})}\n")
                number, last = number + 1, event["id"]
    out.flush()
    os.fsync(out.fileno())
    return number, last


def _shorten(value: Any) -> Any:
    return shorten(value, MAX_TEXT_LENGTH) if isinstance(value, str) else value
