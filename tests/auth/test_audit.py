"""Audit events: append-only rows, and lines in the log."""

import json
import logging
from collections.abc import Callable

import pytest
from peewee import DatabaseError

from models import AuditEvent, access_db, audit
from tests.databases import each_database as database_url
from tests.databases import is_server

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("app")


BLANK = dict.fromkeys(("at", "who", "event", "outcome", "about", "details", "address", "request"), "")
CHANGES = [
    AuditEvent.update(who="somebody else").execute,
    AuditEvent.delete().execute,
    lambda: AuditEvent.truncate_table() if is_server(access_db) else AuditEvent.replace(id=1, **BLANK).execute(),
]


@pytest.mark.parametrize("change", CHANGES)
def test_events_are_append_only(change: Callable[[], object]) -> None:
    audit.record("export", who="ann@partner.example", rows=3)
    with pytest.raises(DatabaseError, match="append-only"):
        change()
    assert AuditEvent.get().who == "ann@partner.example"


def test_event_is_logged_as_json(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "audit"):
        audit.record("export", "failed", who="ann@partner.example", about="a\nb\x1b[31m \u202e", address="::1", rows=3)
    (line,) = caplog.messages
    assert line.isascii()
    assert line.isprintable(), "no line breaks and no terminal escapes"
    logged = json.loads(line)
    assert logged | {"at": ""} == {
        "at": "", "event": "export", "outcome": "failed", "who": "ann@partner.example", "about": "a\nb\x1b[31m \u202e",
        "address": "::1", "request": "", "rows": 3,
    }  # fmt: skip
    event = AuditEvent.get()
    assert (str(event.at), event.about, json.loads(event.details)) == (logged["at"], logged["about"], {"rows": 3})
