"""Sign-in through an OpenID Connect provider: who and what is refused, and a provider that fails."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth import oidc, throttle, users
from app.auth.oidc import provider as provider_module
from app.auth.oidc.identities import allow_provider, forbid_provider
from models import AuditEvent, Identity, User, audit
from tests.openid import (
    CLIENT_ID,
    CLIENT_SECRET,
    Claims,
    FakeProvider,
    leave_unsigned,
    sign,
    sign_with_other_key,
    sign_with_public_key,
)
from tests.serving import free_port
from tests.support import BY, OURS
from tests.web.provider_visits import (
    ANN,
    HTML,
    NOW,
    PASSWORD,
    USAGE,
    ann,
    app,
    create,
    details,
    is_signed_in,
    last_event,
    provider,
    sign_in,
    visit_provider,
)

__all__ = ["ann", "app", "provider"]


@pytest.fixture
def each_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Record each failure as an event of its own."""
    monkeypatch.setattr(audit, "record_counted", audit.record)
    monkeypatch.setattr(throttle, "MAX_PER_ADDRESS", 1000)
    monkeypatch.setattr(throttle, "MAX_PER_SITE", 1000)


# Claims of an ID token, and why it is refused.
BAD_CLAIMS: list[tuple[Claims, str]] = [
    ({"iss": "https://evil.example"}, "invalid_claim"),
    ({"iss": None}, "missing_claim"),
    ({"aud": "another client"}, "invalid_claim"),
    ({"aud": [CLIENT_ID, "another client"]}, "missing_claim"),
    ({"aud": [CLIENT_ID, "another client"], "azp": "another client"}, "invalid_claim"),
    ({"aud": None}, "missing_claim"),
    ({"nonce": "another"}, "invalid_claim"),
    ({"nonce": None}, "missing_claim"),
    ({"exp": NOW - 600}, "expired_token"),
    ({"exp": None}, "missing_claim"),
    ({"exp": "soon"}, "invalid_claim"),
    ({"iat": NOW + 3600}, "invalid_claim"),
    ({"iat": None}, "missing_claim"),
    ({"sub": None}, "missing_claim"),
    ({"sub": ""}, "sub"),
    ({"sub": 17}, "invalid_claim"),
    ({"sub": "x" * 256}, "sub"),
    ({"sub": "17\0"}, "sub"),
    ({"sub": "é"}, "sub"),
    ({"amr": "mfa"}, "invalid_claim"),
]

# Ways to sign one that aren't the provider's.
BAD_SIGNATURES = [
    (leave_unsigned, "ID token refused: unsupported_algorithm"),
    (sign_with_public_key, "ID token refused: unsupported_algorithm"),
    (sign_with_other_key, "ID token refused: bad_signature"),
    (lambda claims: "x.y", "ID token refused: decode_error"),
    (lambda claims: "é", "ID token refused: decode_error"),
    (lambda claims: 7, "no ID token"),
    (lambda claims: None, "no ID token"),
]


def test_tokens_that_are_not_for_us_are_refused(
    app: Flask, each_failure: None, provider: FakeProvider, ann: User
) -> None:
    for provider.id_token, why in BAD_CLAIMS:
        refuse(app, f"ID token refused: {why}")
    provider.id_token = {}
    for provider.sign, why in BAD_SIGNATURES:
        refuse(app, why)
    provider.sign = sign
    client = app.test_client()
    sign_in(client)
    assert is_signed_in(client)


def refuse(app: Flask, why: str) -> None:
    """Expect that the sign-in fails, and that the page says so."""
    client = app.test_client()
    answer = sign_in(client, USAGE)
    assert (answer.status_code, details(last_event())["why"]) == (502, why)
    assert "has refused this sign-in" in answer.text
    assert f'name="next" value="{USAGE}"' in answer.text
    assert not is_signed_in(client)
    assert not Identity.select().exists()


STRANGERS: list[tuple[Claims, str]] = [
    ({"email": "eve@partner.example"}, "no such account"),
    ({"email_verified": False}, "no verified email"),
    ({"email_verified": "true"}, "no verified email"),
    ({"email_verified": None}, "no verified email"),
    ({"email": ""}, "no verified email"),
    ({"email": ["ann@partner.example"]}, "no such account"),
    ({"email": "bob@partner.example"}, "not allowed through the provider"),
    ({"email": "vi\u212a@partner.example"}, "no such account"),
]


def test_others_are_refused(stranger: FlaskClient, each_failure: None, provider: FakeProvider, ann: User) -> None:
    users.add_user(BY, "bob@partner.example", "admin", None, PASSWORD)
    users.add_user(BY, "vik@partner.example", "admin", None, PASSWORD)
    allow_provider(BY, User.get(email="vik@partner.example"))
    own = dict(provider.claims)
    for claims, why in STRANGERS:
        provider.claims = own | claims
        answer = sign_in(stranger)
        assert answer.status_code == 403
        assert "You may not sign in here through" in answer.text
        assert not is_signed_in(stranger)
        who = "bob@partner.example" if "allowed" in why else ""
        assert (last_event().who, details(last_event())["why"]) == (who, why)
    assert User.select().count() == 3
    assert not Identity.select().exists()


def test_disabled_and_forbidden_accounts_are_refused(app: Flask, provider: FakeProvider, ann: User) -> None:
    users.add_user(BY, "eve@partner.example", "admin", None, PASSWORD)  # so that one admin is left
    client = app.test_client()
    sign_in(client)
    users.disable_user(BY, ann)
    assert not is_signed_in(client)
    assert sign_in(client).status_code == 403
    assert (last_event().who, details(last_event())["why"]) == (ANN, "disabled")
    users.enable_user(BY, ann)
    assert sign_in(client).status_code == 303
    forbid_provider(BY, ann)
    assert not is_signed_in(client)
    assert sign_in(client).status_code == 403
    assert not Identity.select().exists()
    allow_provider(BY, ann)
    provider.claims["sub"] = "18"
    assert sign_in(client).status_code == 303, "the account is free for another subject"


def test_account_stays_with_its_subject(app: Flask, provider: FakeProvider, ann: User) -> None:
    sign_in(app.test_client())
    provider.claims["sub"] = "18"
    client = app.test_client()
    assert sign_in(client).status_code == 403
    assert details(last_event())["why"] == "the account is bound to another subject"
    assert not is_signed_in(client)


def test_answer_counts_once_and_in_its_browser(app: Flask, stranger: FlaskClient, ann: User) -> None:
    begun = stranger.get("/login/oidc")
    flow = stranger.get_cookie("provider", path="/login/oidc")
    assert flow
    callback = visit_provider(begun.location)
    other = app.test_client()
    assert other.get(callback).status_code == 400
    other.get("/login/oidc")
    assert other.get(callback).status_code == 400
    assert details(last_event())["why"] == "unknown state"
    assert stranger.get(callback).status_code == 303
    for client in (stranger, other):
        client.set_cookie("provider", flow.value, path="/login/oidc")
        again = client.get(callback)
        assert (again.status_code, "used already" in again.text) == (400, True)
        assert not client.get_cookie("provider", path="/login/oidc")
    assert not is_signed_in(other)


@pytest.mark.parametrize("cookie", ["", "x", "WyJhIl0.aa.bb"])
def test_forged_flow_is_refused(stranger: FlaskClient, ann: User, cookie: str) -> None:
    stranger.set_cookie("provider", cookie, path="/login/oidc")
    for query in ("", "?state=", "?state=a&code=b", "?state=%ff"):
        assert stranger.get(f"/login/oidc/callback{query}").status_code == 400


@pytest.mark.parametrize("path", ["/login/oidc", "/login/oidc/sign-out"])
def test_provider_that_is_down(
    app: Flask, stranger: FlaskClient, provider: FakeProvider, ann: User, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    provider.issuer = f"http://127.0.0.1:{free_port()}"
    client = create(provider, monkeypatch).test_client()
    answer = client.get(path, headers=HTML)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "be reached just now. Try again in a moment, or use your password." in answer.text
    assert client.get(path).status_code == 503
    client.post("/login", data={"email": ANN, "password": PASSWORD}, headers=OURS)
    assert is_signed_in(client)


def test_provider_that_went_down_is_asked_again(
    app: Flask, stranger: FlaskClient, provider: FakeProvider, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(provider_module, "monotonic", lambda: now[0])
    provider.metadata["token_endpoint"] = f"http://127.0.0.1:{free_port()}/token"
    assert sign_in(stranger).status_code == 503
    assert stranger.get("/login/oidc").status_code == 303, "what is remembered needs no answer"
    asked = len(provider.requests)
    del provider.metadata["token_endpoint"]
    assert sign_in(stranger).status_code == 503, "nobody waits for it again within seconds"
    now[0] += 11
    assert sign_in(stranger).status_code == 503, "its metadata is remembered for an hour"
    assert provider.requests[asked:] == ["/authorize", "/authorize"]
    now[0] += 3600
    assert sign_in(stranger).status_code == 303


def test_slow_provider_leaves_threads_for_pages(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_module, "_TURN_SECONDS", 0.01)
    client = provider_module.Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET)
    secrets = oidc.FlowSecrets("state", "nonce", "verifier" * 6)
    arrived, release = Barrier(3), Event()
    provider.pause = lambda: (arrived.wait(30), release.wait(30))
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.authorization_url, secrets, "http://localhost/") for _ in range(2)]
        arrived.wait(30)
        try:
            with pytest.raises(oidc.ProviderUnavailable):
                client.authorization_url(secrets, "http://localhost/")
        finally:
            release.set()
        assert all("state=state" in future.result() for future in waiting)


BAD_METADATA: list[Claims] = [
    {"issuer": "https://evil.example"},
    {"issuer": None},
    {"token_endpoint": None},
    {"token_endpoint": "ftp://x"},
    {"authorization_endpoint": 7},
    {"end_session_endpoint": "javascript:alert(1)"},
]


def test_metadata_that_is_wrong(stranger: FlaskClient, provider: FakeProvider) -> None:
    for provider.metadata in BAD_METADATA:
        for path in ("/login/oidc", "/login/oidc/sign-out"):
            assert stranger.get(path, headers=HTML).status_code == 503, provider.metadata


# Answers of the token endpoint, our status, and why.
BAD_ANSWERS = [
    ((500, "{}"), 503, "not the answer of a provider (HTTPError)"),
    ((200, "<html>"), 503, "not the answer of a provider (ValueError)"),
    ((429, "slow down"), 503, "not the answer of a provider (HTTPError)"),
    ((400, '{"error": "invalid_client"}'), 502, "refused by the provider: invalid_client"),
    ((400, '{"error": "<b>Ann\'s secret"}'), 502, "refused by the provider: unknown"),
    ((200, "{}"), 502, "no ID token"),
    ((200, "[]"), 503, "not the answer of a provider (ValueError)"),
]


def test_token_endpoint_that_fails(
    stranger: FlaskClient, each_failure: None, provider: FakeProvider, ann: User
) -> None:
    for provider.token_answer, status, why in BAD_ANSWERS:
        assert sign_in(stranger).status_code == status
        assert details(last_event())["why"] == why
    provider.token_answer = None
    assert sign_in(stranger).status_code == 303, "it doesn't stop the next sign-in"


def test_provider_that_refuses(stranger: FlaskClient, each_failure: None, provider: FakeProvider, ann: User) -> None:
    for error, why in (("access_denied", "access_denied"), ("<b>Boo</b>", "unknown")):
        provider.error = error
        answer = sign_in(stranger)
        assert (answer.status_code, "has not signed you in" in answer.text) == (401, True)
        assert "Boo" not in answer.text
        assert details(last_event())["why"] == f"{why} at the provider"
    assert "/token" not in provider.requests


def test_answer_of_another_issuer(stranger: FlaskClient, provider: FakeProvider, ann: User) -> None:
    begun = stranger.get("/login/oidc")
    assert stranger.get(f"{visit_provider(begun.location)}&iss=https%3A%2F%2Fevil.example").status_code == 502
    assert "/token" not in provider.requests


def test_failures_are_folded_and_limited(
    app: Flask, provider: FakeProvider, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "timestamp", lambda: "2026-11-22 12:00:30")
    monkeypatch.setattr(throttle, "MAX_PER_ADDRESS", 3)
    for _ in range(3):
        assert sign_in(app.test_client()).status_code == 303, "successes don't count"
    provider.error = "access_denied"
    assert [sign_in(app.test_client()).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    (event,) = AuditEvent.select().where(AuditEvent.outcome == "failed")
    assert details(event) == {"why": "access_denied at the provider", "by": "provider", "times": 3}
    assert AuditEvent.select().where(AuditEvent.outcome == "refused").count() == 1
    for _ in range(3):
        assert app.test_client().get("/login/oidc/callback?state=x&code=y").status_code == 400
    assert AuditEvent.select().where(AuditEvent.outcome == "failed").count() == 1, "forged answers aren't recorded"


def test_nothing_secret_is_logged(
    stranger: FlaskClient, provider: FakeProvider, ann: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    begun = stranger.get("/login/oidc")
    callback = visit_provider(begun.location)
    stranger.get(callback).close()
    stranger.get(callback).close()
    texts = repr([vars(record) for record in caplog.records if record.name in ("request", "audit")])
    assert "/login/oidc/callback" in texts
    assert "code=…&state=…" in texts
    trail = repr([event.__data__ for event in AuditEvent.select()])
    for _, value in parse_qsl(urlsplit(callback).query):
        assert value not in texts + trail
    assert "an access token" not in texts + trail
    assert CLIENT_SECRET not in texts + trail
