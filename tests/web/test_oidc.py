"""Sign-in through an OpenID Connect provider: the way there and back, the second factor, confirmation, sign-out."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.auth import users
from app.auth.oidc.identities import allow_provider
from models import Identity, PendingSignIn, Session, User, timestamp
from tests.authenticator import Clock, clock, next_code, set_up
from tests.openid import CLIENT_ID, Claims, FakeProvider
from tests.support import BY, OURS, signed_in
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

__all__ = ["ann", "app", "clock", "provider"]


def test_way_to_the_provider_and_back(stranger: FlaskClient, provider: FakeProvider, ann: User) -> None:
    page = stranger.get(f"/login?{urlencode({'next': USAGE})}").text
    assert f'href="/login/oidc?next=/reports/customer-usage%3Fsort%3D-used">Sign in through {provider.name}<' in page
    begun = stranger.get("/login/oidc", query_string={"next": USAGE})
    cookie = begun.headers["Set-Cookie"]
    assert cookie.startswith("provider=")
    assert set(cookie.split("; ")) > {"Max-Age=600", "HttpOnly", "Path=/login/oidc", "SameSite=Lax"}
    query = dict(parse_qsl(urlsplit(begun.location).query))
    assert query["redirect_uri"] == "http://localhost/login/oidc/callback"
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert "prompt" not in query
    for secret in (query["nonce"], query["code_challenge"]):
        assert len(secret) >= 43
        assert secret not in cookie, "the cookie has the state alone"
    answer = stranger.get(visit_provider(begun.location))
    assert (answer.status_code, answer.location) == (303, USAGE)
    assert is_signed_in(stranger)
    assert not stranger.get_cookie("provider", path="/login/oidc")
    identity = Identity.get()
    assert (identity.user, identity.issuer, identity.subject) == (ann, provider.issuer, "17")
    bound = last_event("provider bound")
    assert (bound.who, bound.about, details(bound)["subject"]) == (ANN, ANN, "17")
    assert (last_event().who, details(last_event())) == (ANN, {"by": "provider"})
    assert stranger.get("/login/oidc?next=/users").location == "/users", "whoever is signed in goes on"


def test_cookie_over_https(stranger: FlaskClient, ann: User) -> None:
    answer = stranger.get("/login/oidc", base_url="https://reports.example")
    assert answer.headers["Set-Cookie"].startswith("__Secure-provider=")
    assert "Secure;" in answer.headers["Set-Cookie"]
    assert urlencode({"redirect_uri": "https://reports.example/login/oidc/callback"}) in answer.location


def test_subject_is_known_after_the_email_has_changed(app: Flask, provider: FakeProvider, ann: User) -> None:
    assert sign_in(app.test_client()).status_code == 303
    provider.claims |= {"email": "other@partner.example", "email_verified": False}
    client = app.test_client()
    assert sign_in(client).status_code == 303
    assert ANN in client.get("/account").text


def test_email_comes_from_userinfo(app: Flask, provider: FakeProvider, ann: User) -> None:
    provider.claims = {"sub": "17"}
    provider.userinfo = {"email": ANN.upper(), "email_verified": True, "sub": "18"}
    refused = sign_in(app.test_client())
    assert (refused.status_code, details(last_event())["why"]) == (502, "details of somebody else")
    del provider.userinfo["sub"]
    assert sign_in(app.test_client()).status_code == 303


def test_client_sends_its_secret_as_the_provider_likes(app: Flask, provider: FakeProvider, ann: User) -> None:
    provider.metadata["token_endpoint_auth_methods_supported"] = ["private_key_jwt", "client_secret_post"]
    assert sign_in(app.test_client()).status_code == 303


def test_second_factor_at_the_provider_counts(
    app: Flask, stranger: FlaskClient, provider: FakeProvider, ann: User, clock: Clock
) -> None:
    set_up(app, ann, clock)
    provider.claims["amr"] = ["pwd", "mfa"]
    assert sign_in(stranger, USAGE).location == USAGE
    assert is_signed_in(stranger)
    assert details(last_event()) == {"by": "provider, second factor"}


def test_without_one_there_ours_is_asked_for(
    app: Flask, stranger: FlaskClient, provider: FakeProvider, ann: User, clock: Clock
) -> None:
    set_up(app, ann, clock)
    provider.claims["amr"] = ["pwd"]
    answer = sign_in(stranger, USAGE)
    assert answer.location.startswith("/login/code?next=/reports/customer-usage")
    assert not is_signed_in(stranger)
    assert PendingSignIn.get().user == ann
    form = {"code": next_code(app, ann, clock), "next": USAGE}
    assert stranger.post("/login/code", data=form, headers=OURS).location == USAGE
    assert details(last_event()) == {"by": "provider", "second_factor": "code"}
    assert Session.get().origin == "provider"


FACTORS: list[tuple[Claims, bool]] = [
    ({"amr": ["otp"]}, True), ({"amr": ["hwk", "pin"]}, True), ({"acr": "urn:two"}, True),
    ({"amr": ["pwd"]}, False), ({"amr": []}, False), ({"acr": "urn:one"}, False), ({"amr": [["mfa"]]}, False),
    ({}, False),
]  # fmt: skip


def test_required_factor_may_be_the_provider_s(
    provider: FakeProvider, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = create(provider, monkeypatch, SECOND_FACTOR="all", OIDC_ACR="urn:two urn:three")
    for provider.id_token, has_factor in FACTORS:
        client = application.test_client()
        assert "acr_values=urn%3Atwo+urn%3Athree" in client.get("/login/oidc").location
        sign_in(client)
        answer = client.get("/reports", headers=HTML)
        expected = (200, None) if has_factor else (303, "/account/factor")
        assert (answer.status_code, answer.location) == expected, provider.id_token


def test_temporary_password_needs_no_change(app: Flask, provider: FakeProvider, stranger: FlaskClient) -> None:
    password = users.add_user(BY, ANN, "viewer", None)
    allow_provider(BY, User.get(email=ANN))
    sign_in(stranger)
    assert is_signed_in(stranger)
    local = app.test_client()
    local.post("/login", data={"email": ANN, "password": password}, headers=OURS)
    assert local.get("/reports", headers=HTML).location == "/account"


def test_sign_out_there_too(stranger: FlaskClient, provider: FakeProvider, ann: User) -> None:
    sign_in(stranger)
    page = stranger.post("/logout", headers=OURS, follow_redirects=True).text
    assert '<a href="/login/oidc/sign-out">Sign out there too</a>' in page
    url = stranger.get("/login/oidc/sign-out").location
    assert url.startswith(f"{provider.issuer}/end?tenant=1&")
    query = {"tenant": "1", "client_id": CLIENT_ID, "post_logout_redirect_uri": "http://localhost/login"}
    assert dict(parse_qsl(urlsplit(url).query)) == query


def test_sign_out_where_the_provider_has_none(stranger: FlaskClient, provider: FakeProvider) -> None:
    provider.metadata["end_session_endpoint"] = None
    answer = stranger.get("/login/oidc/sign-out")
    assert (answer.status_code, "has no page to sign out" in answer.text) == (200, True)


def test_sign_out_of_a_local_session(app: Flask, client: FlaskClient) -> None:
    assert client.post("/logout", headers=OURS).location == "/login"


def test_confirmation_through_the_provider(stranger: FlaskClient, provider: FakeProvider, ann: User) -> None:
    sign_in(stranger)
    assert stranger.get("/account/factor").status_code == 200
    old = stranger.get_cookie("session")
    Session.update(confirmed_at=timestamp(-16 * 60)).execute()
    page = stranger.get("/account/factor", headers=HTML, follow_redirects=True).text
    assert 'href="/account/confirm/oidc?next=/account/factor"' in page
    provider.id_token = {"auth_time": NOW - 3600}
    begun = stranger.get("/account/confirm/oidc?next=/account/factor")
    assert dict(parse_qsl(urlsplit(begun.location).query)).items() >= {"prompt": "login", "max_age": "0"}.items()
    stale = stranger.get(visit_provider(begun.location))
    assert (stale.status_code, "has not asked for your password again" in stale.text) == (403, True)
    for id_token, status in (({"auth_time": None}, 403), ({"sub": "18"}, 403), ({}, 303)):
        assert stranger.get("/account/factor", headers=HTML).status_code == 303
        provider.id_token = id_token
        answer = stranger.get(visit_provider(stranger.get(begun.request.full_path).location))
        assert answer.status_code == status
    assert answer.location == "/account/factor"
    assert stranger.get("/account/factor").status_code == 200
    assert stranger.get_cookie("session") != old
    assert (last_event("confirmation").who, last_event("confirmation").outcome) == (ANN, "done")


def test_confirmation_is_of_the_same_visitor(app: Flask, provider: FakeProvider, ann: User) -> None:
    sign_in(app.test_client())
    bob = signed_in(app, "viewer")
    begun = bob.get("/account/confirm/oidc")
    assert bob.get(visit_provider(begun.location)).status_code == 403
    assert (last_event("confirmation").who, last_event("confirmation").outcome) == ("viewer@partner.example", "failed")
    assert "viewer@partner.example" in bob.get("/account").text
    begun = bob.get("/account/confirm/oidc")
    Session.delete().execute()
    late = bob.get(visit_provider(begun.location))
    assert (late.status_code, "You are not signed in any more" in late.text) == (403, True)
    assert not is_signed_in(bob)


def test_local_sign_in_can_be_closed(provider: FakeProvider, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    vic = "vic@partner.example"
    users.add_user(BY, vic, "viewer", None, PASSWORD)
    for setting, email, status in (("yes", vic, 303), ("admins", ANN, 303), ("admins", vic, 401), ("no", ANN, 403)):
        client = create(provider, monkeypatch, LOCAL_SIGN_IN=setting).test_client()
        assert ('name="password"' in client.get("/login").text) is (setting != "no")
        answer = client.post("/login", data={"email": email, "password": PASSWORD}, headers=OURS)
        assert answer.status_code == status
        assert is_signed_in(client) is (status == 303)
        if status == 401:
            wrong = client.post("/login", data={"email": email, "password": "x"}, headers=OURS)
            assert (wrong.status_code, wrong.text) == (401, answer.text), "a guess doesn't learn that it was right"
        assert sign_in(client.application.test_client()).location == "/reports"


def test_admin_allows_and_forbids(app: Flask, client: FlaskClient, provider: FakeProvider) -> None:
    users.add_user(BY, ANN, "viewer", None, PASSWORD)
    number = User.get(email=ANN).id
    assert "Not allowed" in client.get(f"/users/{number}").text
    assert client.post(f"/users/{number}/allow", headers=OURS).location == f"/users/{number}?done=allow"
    assert (last_event("provider allowed").about, last_event("provider allowed").who) == (ANN, "admin@partner.example")
    assert "Allowed, not used yet" in client.get(f"/users/{number}").text
    ann = app.test_client()
    assert sign_in(ann).status_code == 303
    assert "Allowed, in use since" in client.get(f"/users/{number}").text
    client.post(f"/users/{number}/forbid", headers=OURS)
    assert not is_signed_in(ann)
    assert last_event("provider forbidden").about == ANN


def test_nothing_changes_without_a_provider(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        monkeypatch.delenv(name)
    plain = create_app()
    assert "oidc" not in plain.test_client().get("/login").text
    for path in ("/login/oidc", "/login/oidc/callback", "/login/oidc/sign-out"):
        assert plain.test_client().get(path).status_code == 404
    assert signed_in(plain).get("/account/confirm/oidc").status_code == 404
