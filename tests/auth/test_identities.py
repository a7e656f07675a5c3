"""Accounts at an OpenID Connect provider, on both databases; tests/web/test_oidc*.py has the rest."""

import pytest
from flask import Flask

from app.auth.oidc import Claims, identities
from app.auth.oidc.identities import (
    IdentityRefused,
    allow_provider,
    consume_state,
    find_identified_user,
    find_identity,
    forbid_provider,
    is_bound,
)
from app.auth.sessions import Sessions
from app.auth.visitor import SignInMethod
from app.web.services import services
from models import Identity, UsedState, timestamp
from tests.auth.conftest import Person
from tests.databases import each_database as database_url
from tests.support import BY

__all__ = ["database_url"]


ISSUER = "https://id.partner.example"


def claims(subject: str = "17", email: str = "Ann@Partner.Example", issuer: str = ISSUER) -> Claims:
    return Claims(issuer, subject, email, has_second_factor=False, authenticated_at=0)


def test_account_is_bound_once_and_forgotten_when_forbidden(person: Person, sessions: Sessions) -> None:
    ann = person()
    with pytest.raises(IdentityRefused, match="not allowed"):
        find_identified_user(BY, claims())
    allow_provider(BY, ann)
    assert find_identified_user(BY, claims()) == ann
    assert find_identified_user(BY, claims(email="")) == ann
    for other in (claims("18"), claims("", "x"), claims(issuer="https://other.example", email="")):
        with pytest.raises(IdentityRefused):
            find_identified_user(BY, other)
    assert (is_bound(ann.id, claims()), is_bound(ann.id, claims("18"))) == (True, False)
    token = sessions.create(ann, method=SignInMethod.PROVIDER)
    assert token
    visitor = sessions.find(token)
    assert visitor
    assert visitor.sign_in_method is SignInMethod.PROVIDER
    forbid_provider(BY, ann)
    assert sessions.find(token) is None
    assert find_identity(ann.id, ISSUER) is None
    assert not Identity.select().exists()


def test_no_session_begins_for_somebody_who_was_just_forbidden(app: Flask, person: Person) -> None:
    ann = person()
    allow_provider(BY, ann)
    ann = find_identified_user(BY, claims())
    forbid_provider(BY, ann)
    for method in (SignInMethod.PROVIDER, SignInMethod.PROVIDER_MFA):
        assert services(app).sessions.create(ann, method=method) is None
        assert services(app).pending_sign_ins.create(ann, method) is None
    assert services(app).sessions.create(ann)


def test_state_is_used_once_and_forgotten_in_time(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [consume_state("a"), consume_state("a"), consume_state("b")] == [True, False, True]
    monkeypatch.setattr(identities, "timestamp", lambda seconds=0: timestamp(seconds + identities.FLOW_SECONDS))
    assert consume_state("c")
    assert [state.state_hash for state in UsedState.select()] == ["c"]
