"""Audit events: append-only rows, and lines in the log."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from peewee import DatabaseError

from models import AuditEvent, access_db, audit
from tests.databases import is_server, on_both
from tests.databases import sqlite_first as database_url

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("app")


BLANK = dict.fromkeys(("at", "who", "event", "outcome", "about", "details", "address", "request"), "")
CHANGES = [
    AuditEvent.update(who="somebody else").execute,
    AuditEvent.delete().execute,
    lambda: AuditEvent.truncate_table() if is_server(access_db) else AuditEvent.replace(id=1, **BLANK).execute(),
]


def times(number: int, **others: object) -> Callable[[], object]:
    """A change of the event's count and of what else is named."""
    details = json.dumps({"rows": 3, "times": number})
    return AuditEvent.update({"details": details, **others}).execute


REWRITTEN = [
    times(2, about="else"), times(2, id=77), times(2, at="2020-01-01 00:00:00"), times(2, request="r"), times(1),
    times(0), AuditEvent.update(details='{"rows": 4, "times": 2}').execute, AuditEvent.update(details="{}").execute,
]  # fmt: skip


@on_both
@pytest.mark.parametrize("change", [*CHANGES, *REWRITTEN])
def test_events_are_append_only(change: Callable[[], object]) -> None:
    audit.record("export", who="ann@partner.example", rows=3)
    with pytest.raises(DatabaseError, match="append-only"):
        change()
    assert (AuditEvent.get().who, AuditEvent.get().details) == ("ann@partner.example", '{"rows": 3}')


@on_both
def test_count_of_an_event_only_grows() -> None:
    audit.record("export", who="ann@partner.example", rows=3)
    times(5)()
    for number in (5, 4, 1):
        with pytest.raises(DatabaseError, match="append-only"):
            times(number)()
    times(6)()
    assert json.loads(AuditEvent.get().details) == {"rows": 3, "times": 6}


def test_refusals_of_a_person_are_one_event_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(at: str, who: str, about: str) -> None:
        monkeypatch.setattr(audit, "timestamp", lambda: f"2026-11-22 {at}")
        audit.record_counted("request", "refused", match="person", who=who, about=about, why="no")

    audit.record("request", who="ann")
    for at, who in (("10:00:00", "ann"), ("10:00:30", "ann"), ("10:00:59", "bob"), ("10:00:59", "ann")):
        refuse(at, who, f"{who} {at}")
    refuse("10:01:00", "ann", "later")
    events = AuditEvent.select().where(AuditEvent.outcome == "refused").order_by(AuditEvent.id)
    assert [(event.who, event.about, json.loads(event.details)) for event in events] == [
        ("ann", "ann 10:00:00", {"why": "no", "times": 3}),
        ("bob", "bob 10:00:59", {"why": "no"}),
        ("ann", "later", {"why": "no"}),
    ]


def test_texts_have_at_most_300_characters(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "audit"):
        audit.record("view", who="w" * 300, about="a" * 301, address="b" * 9000, request="r" * 9000, query="é" * 9000)
    event = AuditEvent.get()
    assert (event.who, event.about) == ("w" * 300, "a" * 299 + "…")
    assert {len(event.address), len(event.request), len(json.loads(event.details)["query"])} == {300}
    assert len(caplog.messages[0]) < 4000


@on_both
def test_old_events_are_archived_before_they_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_BLOCK_ROWS", 2)
    for number in range(5):
        monkeypatch.setattr(audit, "timestamp", lambda: f"2025-01-0{number + 1} 00:00:00")  # noqa: B023 - called at once
        audit.record("import", who="olga", about=f"é{number}", rows=number)
    monkeypatch.undo()
    file = tmp_path / "archive.jsonl"
    assert audit.archive_events("2025-01-04 00:00:00", file, who="root") == 3
    assert file.stat().st_mode & 0o777 == 0o600
    archived = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(event["at"], event["who"], event["about"], event["details"]) for event in archived] == [
        (f"2025-01-0{number + 1} 00:00:00", "olga", f"é{number}", {"rows": number}) for number in range(3)
    ]
    left = list(AuditEvent.select().order_by(AuditEvent.id))
    assert [event.about for event in left] == ["é3", "é4", str(file)]
    assert (left[-1].event, left[-1].who) == ("audit archive", "root")
    assert json.loads(left[-1].details) == {"events": 3, "before": "2025-01-04 00:00:00"}
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEvent.delete().execute()


def test_nothing_is_removed_where_no_archive_can_be_made(tmp_path: Path) -> None:
    audit.record("import")
    for target in (tmp_path / "there", tmp_path / "link", tmp_path / "no" / "folder"):
        (tmp_path / "there").write_text("precious")
        if not (tmp_path / "link").is_symlink():
            (tmp_path / "link").symlink_to(tmp_path / "there")
        with pytest.raises(OSError, match=r"exist|such file"):
            audit.archive_events("2999-01-01 00:00:00", target)
    assert (tmp_path / "there").read_text() == "precious"
    assert AuditEvent.select().count() == 1
    assert audit.archive_events("2000-01-01 00:00:00", tmp_path / "new") == 0
    assert not (tmp_path / "new").exists()


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
