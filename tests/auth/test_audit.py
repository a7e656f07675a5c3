"""The trail only grows, and tells no secrets."""

import json
import logging
from collections.abc import Callable

import pytest
from peewee import DatabaseError

from models import AuditEvent, access_db, audit
from tests.databases import is_server

pytestmark = pytest.mark.usefixtures("app")


BLANK = dict.fromkeys(("at", "who", "event", "outcome", "about", "details", "address", "request"), "")
HARM = [
    AuditEvent.update(who="somebody else").execute,
    AuditEvent.delete().execute,
    lambda: AuditEvent.truncate_table() if is_server(access_db) else AuditEvent.replace(id=1, **BLANK).execute(),
]


@pytest.mark.parametrize("harm", HARM)
def test_events_are_never_changed_or_taken_away(harm: Callable[[], object]) -> None:
    audit.record("export", who="ann@partner.example", rows=3)
    with pytest.raises(DatabaseError, match="append-only"):
        harm()
    assert AuditEvent.get().who == "ann@partner.example"


def test_an_event_is_also_a_line_of_json_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "audit"):
        audit.record("export", "failed", who="ann@partner.example", about="a\nb\x1b[31m \u202e", address="::1", rows=3)
    (line,) = caplog.messages
    assert line.isascii()
    assert line.isprintable(), "a line stays one, and steers no terminal"
    told = json.loads(line)
    assert told | {"at": ""} == {
        "at": "", "event": "export", "outcome": "failed", "who": "ann@partner.example", "about": "a\nb\x1b[31m \u202e",
        "address": "::1", "request": "", "rows": 3,
    }  # fmt: skip
    kept = AuditEvent.get()
    assert (str(kept.at), kept.about, json.loads(kept.details)) == (told["at"], told["about"], {"rows": 3})
