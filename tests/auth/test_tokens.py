"""Tokens: added, found, counted, ended; they follow their owner's account."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.auth import users
from app.auth.oidc import identities
from app.auth.tokens import (
    MAX_PER_PERSON,
    PREFIX,
    RateExceeded,
    RequestRate,
    Tokens,
    count_tokens,
    latest_last_day,
    list_tokens,
    revoke_token,
)
from app.auth.visitor import SignInMethod, Visitor
from app.validation import ValidationError
from app.web.services import services
from models import AccessToken, AuditEvent, TokenNetwork, User, access_db, timestamp, today
from tests.auth.conftest import Person
from tests.databases import on_both, stored
from tests.databases import sqlite_first as database_url
from tests.file_faults import locked
from tests.support import BY

__all__ = ["database_url"]

FROM = {"who": "", "address": "198.51.100.7", "request": "0123456789abcdef"}


@pytest.fixture
def tokens(app: Flask) -> Tokens:
    found: Tokens = services(app).tokens
    return found


def visitor_of(user: User, method: SignInMethod = SignInMethod.PASSWORD) -> Visitor:
    return Visitor(user.id, user.email, user.role, user.reseller, False, "", sign_in_method=method)


def add(tokens: Tokens, user: User, name: str = "Script", days: int = 30, **visitor: Any) -> str:
    return tokens.add(BY, visitor_of(user, **visitor), name, today() + timedelta(days))


@on_both
def test_token_acts_as_its_owner(person: Person, tokens: Tokens) -> None:
    user = person(reseller=None)
    token = add(tokens, user)
    assert token.startswith(PREFIX)
    found = tokens.find(token, FROM)
    assert found
    assert (found.id, found.email, found.role, found.reseller) == (user.id, user.email, "admin", None)
    assert found.token
    assert found.token.name == "Script"
    assert not found.recently_confirmed
    User.update(role="viewer", reseller="North").execute()
    for changed in (tokens.find(token, FROM), tokens.reload_visitor(found)):
        assert changed
        assert (changed.role, changed.reseller) == ("viewer", "North")


def test_token_is_random_and_not_stored(person: Person, tokens: Tokens) -> None:
    user = person()
    made = {add(tokens, user, f"Script {number}") for number in range(10)}
    assert len(made) == 10
    content = stored(access_db)
    assert b"Script 3" in content
    assert not any(token.removeprefix(PREFIX).encode() in content for token in made)
    assert not any(token[-20:] in str(event.details) for event in AuditEvent.select() for token in made)


@pytest.mark.parametrize("forged", ["", "prt_", "x", "\0", "' OR 1=1 --", "é", "prt_" + "a" * 10_000])
def test_other_texts_find_nobody(person: Person, tokens: Tokens, forged: str) -> None:
    token = add(tokens, person())
    assert tokens.find(forged, FROM) is None
    assert tokens.find(token[:-1], FROM) is None
    assert tokens.find(AccessToken.get().token_hash, FROM) is None
    assert replace(tokens, key="k" * 40).find(token, FROM) is None


def test_token_works_until_its_last_day_is_over(person: Person, tokens: Tokens) -> None:
    token = add(tokens, person(), days=0)
    found = tokens.find(token, FROM)
    assert found
    AccessToken.update(last_day=today() - timedelta(1)).execute()
    assert tokens.find(token, FROM) is None
    assert tokens.reload_visitor(found) is None
    assert tokens.explain_refusal(token) == ("ann@partner.example", "the token's last day is over")
    assert count_tokens() == {}


@pytest.mark.parametrize(
    ("name", "day", "field"),
    [
        ("", today(), "name"),
        ("a\nb", today(), "name"),
        ("x" * 81, today(), "name"),
        ("Used", today(), "name"),
        ("New", None, "last_day"),
        ("New", today() - timedelta(1), "last_day"),
        ("New", latest_last_day(today()) + timedelta(1), "last_day"),
    ],
)
def test_invalid_tokens_are_refused(person: Person, tokens: Tokens, name: str, day: date | None, field: str) -> None:
    user = person()
    add(tokens, user, "Used")
    with pytest.raises(ValidationError) as caught:
        tokens.add(BY, visitor_of(user), name, day)
    assert list(caught.value.errors) == [field]
    assert AccessToken.select().count() == 1


def test_latest_day_is_a_year_ahead() -> None:
    assert latest_last_day(date(2026, 11, 28)) == date(2027, 11, 28)
    assert latest_last_day(date(2028, 2, 29)) == date(2029, 2, 28)


def test_number_of_tokens_is_limited(person: Person, tokens: Tokens) -> None:
    ann, eve = person(), person("eve@partner.example")
    for number in range(MAX_PER_PERSON):
        add(tokens, ann, str(number))
    with pytest.raises(ValidationError, match="revoke one first"):
        add(tokens, ann, "One more")
    assert add(tokens, eve)
    assert count_tokens() == {ann.id: MAX_PER_PERSON, eve.id: 1}


@on_both
def test_revoke_own_tokens_only(person: Person, tokens: Tokens) -> None:
    ann, eve = person(), person("eve@partner.example")
    token, other = add(tokens, ann), add(tokens, ann, "Other")
    (_, row) = list_tokens(ann.id)
    assert row.name == "Script"
    assert not revoke_token(BY, eve, row.id)
    assert tokens.find(token, FROM)
    assert revoke_token(BY, ann, row.id)
    assert tokens.find(token, FROM) is None
    assert tokens.explain_refusal(token) is None
    assert tokens.find(other, FROM)
    event = AuditEvent.get(AuditEvent.event == "token revoked")
    assert (event.about, event.details) == (ann.email, '{"token": "Script"}')


def test_tokens_end_with_the_account(person: Person, tokens: Tokens) -> None:
    person()
    eve = person("eve@partner.example")
    token = add(tokens, eve)
    User.update(disabled=True).where(User.id == eve.id).execute()
    assert tokens.find(token, FROM) is None, "however it came about"
    assert tokens.explain_refusal(token) == (eve.email, "disabled")
    User.update(disabled=False).where(User.id == eve.id).execute()
    users.disable_user(BY, eve)
    users.enable_user(BY, eve)
    assert tokens.find(token, FROM) is None


@pytest.mark.parametrize(
    ("end", "method"),
    [(users.disable_user, SignInMethod.PASSWORD), (identities.forbid_provider, SignInMethod.PROVIDER)],
)
def test_no_token_is_added_once_the_account_may_not_sign_in(
    person: Person, tokens: Tokens, end: Callable[..., None], method: SignInMethod
) -> None:
    person()
    eve = person("eve@partner.example")
    identities.allow_provider(BY, eve)
    end(BY, eve)
    with pytest.raises(ValidationError, match="signed out"):
        add(tokens, eve, method=method)
    assert not AccessToken.select().exists()


def test_tokens_wait_for_a_new_password(person: Person, tokens: Tokens) -> None:
    eve = person()
    identities.allow_provider(BY, eve)
    local, provider = add(tokens, eve), add(tokens, eve, "Through", method=SignInMethod.PROVIDER)
    users.reset_password(BY, eve)
    found = [tokens.find(token, FROM) for token in (local, provider)]
    assert [visitor and visitor.must_change_password for visitor in found] == [True, False]


def test_forbidding_the_provider_ends_tokens_that_came_from_there(person: Person, tokens: Tokens) -> None:
    eve = person()
    identities.allow_provider(BY, eve)
    local, provider = add(tokens, eve), add(tokens, eve, "Through", method=SignInMethod.PROVIDER)
    identities.forbid_provider(BY, eve)
    assert [bool(tokens.find(token, FROM)) for token in (local, provider)] == [True, False]


@on_both
def test_use_is_noted_once_a_minute(person: Person, tokens: Tokens) -> None:
    token = add(tokens, person())
    assert AccessToken.get().used_at is None
    tokens.find(token, FROM)
    assert AccessToken.get().address == "198.51.100.7"
    for seconds, is_updated in ((-30, False), (-61, True)):
        AccessToken.update(used_at=timestamp(seconds)).execute()
        before = AccessToken.get().used_at
        tokens.find(token, FROM)
        assert (AccessToken.get().used_at > before) is is_updated


@on_both
def test_each_new_network_is_recorded_once(person: Person, tokens: Tokens) -> None:
    token = add(tokens, person())
    for address in ("198.51.100.7", "2001:db8::1", "198.51.100.7", "2001:db8::2", "198.51.100.8", ""):
        tokens.find(token, {**FROM, "address": address})
    events = AuditEvent.select().where(AuditEvent.event == "token used").order_by(AuditEvent.id)
    assert [event.address for event in events] == ["198.51.100.7", "2001:db8::1", "198.51.100.8", ""]
    assert {(event.who, event.about, event.details) for event in events} == {
        ("ann@partner.example", "ann@partner.example", '{"token": "Script"}')
    }
    assert TokenNetwork.select().count() == 4
    revoke_token(BY, User.get(), AccessToken.get().id)
    assert not TokenNetwork.select().exists()


def find_often(processes: list[Tokens], token: str, times: int) -> None:
    for number in range(times):
        processes[number % 2].find(token, FROM)


@pytest.fixture
def frozen_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.auth.tokens.timestamp", lambda *_: "2026-11-24 13:00:00")


@on_both
@pytest.mark.usefixtures("frozen_minute")
def test_rate_is_shared_by_processes(person: Person, tokens: Tokens) -> None:
    """Two processes have a counter each and the database in common."""
    ann = person()
    token, other = add(tokens, ann), add(tokens, ann, "Other")
    processes = [replace(tokens, rate=RequestRate(60)) for _ in range(2)]
    find_often(processes, token, 60)
    with pytest.raises(RateExceeded) as caught:
        find_often(processes, token, 20)
    assert 0 < caught.value.wait <= 60
    assert processes[0].find(other, FROM), "each token has a count of its own"
    AccessToken.update(minute="2026-11-24 12:58").execute()
    assert replace(tokens, rate=RequestRate(60)).find(token, FROM), "in another minute"


@pytest.mark.usefixtures("frozen_minute")
@pytest.mark.parametrize("database_url", ["SQLite"], indirect=True)
def test_rate_counts_while_the_database_is_locked(person: Person, tokens: Tokens, tmp_path: Path) -> None:
    token, process = add(tokens, person()), replace(tokens, rate=RequestRate(25))
    with locked(tmp_path / "access.db"):
        find_often([process, process], token, 13)
    find_often([process, process], token, 12)
    with pytest.raises(RateExceeded):
        process.find(token, FROM)
    assert AccessToken.get().requests == 24  # all but the 25th, which waits for the next ten
