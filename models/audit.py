"""The audit trail: what was done, by whom, and what was refused. Events are added, never changed or taken away."""

import json
import logging
from typing import Any

from peewee import DateTimeField, TextField

from models.access import AccessRecord
from models.clock import timestamp

log = logging.getLogger("audit")

BEGUN, DONE, REFUSED, FAILED = "begun", "done", "refused", "failed"


class AuditEvent(AccessRecord):
    """`who` did `event` to `about`. `details` is a JSON object; a command has no `address` and no `request`."""

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


def record(event: str, outcome: str = DONE, /, **told: Any) -> None:
    """Add an event to the trail and a line of JSON to the log. What isn't a field of the event becomes its details.

    Call it inside the `writing(access)` of what is told, so that both happen or neither.
    """
    texts = {name: told.pop(name, "") for name in ("who", "about", "address", "request")}
    written = {"at": timestamp(), "event": event, "outcome": outcome, **texts}
    AuditEvent.create(**written, details=json.dumps(told))
    log.info(json.dumps({**written, **told}))
