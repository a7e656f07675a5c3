"""Sessions: created, found, expired and ended."""

from dataclasses import replace
from threading import Event, Thread

import pytest
from flask.testing import FlaskClient

from app.auth.sessions import Sessions, end_session, end_user_sessions
from models import Session, User, access_db, reports_db, timestamp
from tests.auth.conftest import Person
from tests.databases import is_server, locked, on_both, stored
from tests.databases import sqlite_first as database_url

__all__ = ["database_url"]

HOUR = 3600


@on_both
def test_token_finds_its_user(person: Person, sessions: Sessions) -> None:
    user = person()
    visitor = sessions.find(sessions.create(user))
    assert visitor
    assert (visitor.id, visitor.email, visitor.role, visitor.reseller) == (
        user.id,
        "ann@partner.example",
        "admin",
        None,
    )


@pytest.mark.parametrize("forged", ["", "x", "0" * 43, "\0", "' OR 1=1 --", "é", "a" * 10_000])
def test_other_tokens_find_nobody(person: Person, sessions: Sessions, forged: str) -> None:
    token = sessions.create(person())
    assert sessions.find(forged) is None
    assert sessions.find(token[:-1]) is None
    assert sessions.find(Session.get().token_hash) is None, "the stored digest is no token"


def test_tokens_are_random_and_not_stored(person: Person, sessions: Sessions) -> None:
    user = person()
    tokens = {sessions.create(user) for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 43 for token in tokens)
    content = stored(access_db)
    assert user.email.encode() in content
    assert not any(token.encode() in content for token in tokens)


@pytest.mark.parametrize(
    ("created", "seen", "is_live"),
    [
        (-11 * HOUR, -7 * HOUR, True), (-11 * HOUR, -8 * HOUR - 1, False), (-12 * HOUR - 1, 0, False),
        (-12 * HOUR + 60, 0, True), (0, 0, True),
    ],
)  # fmt: skip
def test_session_lifetime(person: Person, sessions: Sessions, created: int, seen: int, is_live: bool) -> None:
    token = sessions.create(person())
    Session.update(created_at=timestamp(created), seen_at=timestamp(seen)).execute()
    assert bool(sessions.find(token)) is is_live


def test_session_lifetime_follows_settings(person: Person, sessions: Sessions) -> None:
    short = replace(sessions, idle_hours=1, max_hours=2)
    token = short.create(person())
    Session.update(seen_at=timestamp(-HOUR - 1)).execute()
    assert short.find(token) is None
    assert sessions.find(token)


def test_another_key_ends_all_sessions(person: Person, sessions: Sessions) -> None:
    token = sessions.create(person())
    assert replace(sessions, key="k" * 40).find(token) is None


@on_both
def test_end_one_or_all_sessions(person: Person, sessions: Sessions) -> None:
    ann, eve = person(), person("eve@partner.example")
    first, second, third, other = [sessions.create(user) for user in (ann, ann, ann, eve)]
    visitor = sessions.find(first)
    assert visitor
    end_session(visitor.session)
    assert [bool(sessions.find(token)) for token in (first, second, third, other)] == [False, True, True, True]
    end_user_sessions(ann.id)
    assert [bool(sessions.find(token)) for token in (second, third, other)] == [False, False, True]


def test_changed_role_applies_to_live_sessions(person: Person, sessions: Sessions) -> None:
    token = sessions.create(person())
    User.update(role="viewer", reseller="North").execute()
    visitor = sessions.find(token)
    assert visitor
    assert (visitor.role, visitor.reseller) == ("viewer", "North")


def test_disabled_user_has_no_session(person: Person, sessions: Sessions) -> None:
    token = sessions.create(person())
    User.update(disabled=True).execute()
    assert sessions.find(token) is None


@on_both
def test_seen_at_is_updated_once_a_minute(person: Person, sessions: Sessions) -> None:
    token = sessions.create(person())
    for seen, is_updated in ((-30, False), (-61, True)):
        Session.update(seen_at=timestamp(seen)).execute()
        before = Session.get().seen_at
        sessions.find(token)
        assert (Session.get().seen_at > before) is is_updated


@on_both
def test_expired_sessions_are_deleted(person: Person, sessions: Sessions) -> None:
    user = person()
    sessions.create(user)
    Session.update(created_at=timestamp(-13 * HOUR)).execute()
    sessions.create(user)
    assert Session.select().count() == 1


@on_both
def test_page_does_not_wait_for_a_locked_database(client: FlaskClient) -> None:
    Session.update(seen_at=timestamp(-3600)).execute()
    writing, answered = Event(), Event()

    def write_for_a_while() -> None:
        with locked(access_db, "session"):
            writing.set()
            answered.wait(1)  # a page that waited for the lock would write now

    writer = Thread(target=write_for_a_while)
    writer.start()
    writing.wait()
    status = client.get("/reports/customer-usage").status_code
    seen = str(Session.get().seen_at)
    answered.set()
    writer.join()
    assert status == 200
    assert seen < timestamp(-3000)
    waits = "SHOW lock_timeout" if is_server(access_db) else "PRAGMA busy_timeout"
    assert str(access_db.execute_sql(waits).fetchone()[0]) in ("1000", "1s"), "other writes still wait"


@on_both
def test_import_does_not_block_sign_in(person: Person, sessions: Sessions) -> None:
    user = person()
    with reports_db.write_transaction():
        assert sessions.find(sessions.create(user))
