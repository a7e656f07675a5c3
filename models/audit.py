"""The audit trail: who did what, and what was refused. Events are only ever added."""

import json
import logging
from typing import Any

from peewee import DateTimeField, TextField

from models.access import AccessModel
from models.values import timestamp

log = logging.getLogger("audit")

BEGUN, DONE, REFUSED, FAILED = "begun", "done", "refused", "failed"  # outcomes


class AuditEvent(AccessModel):
    """`who` did `event` to `about`. `details` is a JSON object. A command has no `address` and no `request`."""

    at = DateTimeField()
    who = TextField()
    event = TextField()
    outcome = TextField()
    about = TextField()
    details = TextField()
    address = TextField()
    request = TextField()

    class Meta:
        indexes = ((("who", "id"), False),)


def record(event: str, outcome: str = DONE, /, **values: Any) -> None:
    """Add an event to the trail, and a line of JSON to the log. Values that aren't fields become its details.

    Call it inside the `access_db.write_transaction()` of the change itself, so that both happen or neither.
    """
    fields = {name: values.pop(name, "") for name in ("who", "about", "address", "request")}
    fields = {"at": timestamp(), "event": event, "outcome": outcome, **fields}
    AuditEvent.create(**fields, details=json.dumps(values))
    log.info(json.dumps({**fields, **values}))
