"""Sign in, sign out, change the own password."""

import json
import re

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth import users
from app.auth.throttle import count_attempt
from models import Attempt, AuditEvent, Session, User, timestamp
from tests.support import BY, OURS, signed_in

ANN, PASSWORD = "ann@partner.example", "correct horse battery"
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def ann(app: Flask) -> None:
    users.add_user(BY, ANN, "admin", None, PASSWORD)


def sign_in(
    client: FlaskClient,
    email: str = ANN,
    password: str = PASSWORD,
    next_url: str = "",
    base_url: str = "http://localhost",
) -> TestResponse:
    form = {"email": email, "password": password, "next": next_url}
    return client.post("/login", data=form, headers={**OURS, **HTML}, base_url=base_url)


def fail_before(times: int) -> None:
    """Count failed attempts at ANN's account, without the time that requests take."""
    for _ in range(times):
        count_attempt(ANN, "127.0.0.1")


def cookie(answer: TestResponse) -> tuple[str, str, set[str]]:
    """Name, value and attributes of the cookie that an answer sets."""
    (line,) = answer.headers.getlist("Set-Cookie")
    pair, *attributes = line.split("; ")
    name, _, value = pair.partition("=")
    return name, value, set(attributes)


def test_sign_in_redirects_to_next(stranger: FlaskClient) -> None:
    answer = sign_in(stranger, next_url="/reports/customer-usage?sort=-used")
    assert (answer.status_code, answer.location) == (303, "/reports/customer-usage?sort=-used")
    assert stranger.get(answer.location).status_code == 200


def test_wrong_unknown_and_disabled_look_the_same(stranger: FlaskClient) -> None:
    users.add_user(BY, "off@partner.example", "viewer", None, PASSWORD)
    users.disable_user(BY, User.get(email="off@partner.example"))
    answers = {
        sign_in(stranger, email, password).text.replace(email, "EMAIL")
        for email, password in ((ANN, "wrong"), ("who@partner.example", "wrong"), ("off@partner.example", PASSWORD))
    }
    (text,) = {re.sub("[0-9a-f]{16}", "REQUEST", answer) for answer in answers}
    assert "The email or the password is wrong." in text
    assert 'value="EMAIL"' in text
    statuses = {sign_in(stranger, email, "wrong").status_code for email in (ANN, "who@partner.example")}
    assert statuses == {401}


def test_sign_in_verifies_one_hash(stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    verified = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, password_hash: str, password: str) -> bool:
        verified.append(password)
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for email in (ANN, "who@partner.example", "no email at all"):
        sign_in(stranger, email, "wrong")
    assert verified == ["wrong"] * 3


def test_missing_fields_are_no_attempt(stranger: FlaskClient) -> None:
    for email, password, fields in (("", "", {"email", "password"}), (ANN, "", {"password"}), ("", "x", {"email"})):
        answer = sign_in(stranger, email, password, "/account")
        assert answer.status_code == 400
        assert set(re.findall(r'id="(\w+)-error"', answer.text)) == fields
        assert all(f'aria-describedby="{key}-error"' in answer.text for key in fields)
        assert 'name="next" value="/account"' in answer.text
    assert not Attempt.select().exists()


def test_form_keeps_email_but_not_password(stranger: FlaskClient) -> None:
    answer = sign_in(stranger, '"><script>alert(1)</script>@x', "a secret that nobody sees")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;@x" in answer.text
    assert "<script>alert" not in answer.text
    assert "a secret that nobody sees" not in answer.text


NEXT = [
    ("/reports/customer-usage?sort=-used&q=%C3%A9", True), ("/account", True), ("/users", True),
    ("//evil.example/reports", False),
    ("https://evil.example/", False), ("//evil.example", False), ("/\\evil.example", False), ("\\/evil.example", False),
    ("///evil.example", False), ("/\t/evil.example", False), ("/\n//evil.example", False), ("http:evil.example", False),
    ("javascript:alert(1)", False), ("evil.example", False), ("@evil.example", False), (" //evil.example", False),
    ("/reports\r\nSet-Cookie: x=1", False), ("/nothing/here", False), ("/login", False), ("/login?next=/login", False),
    ("/logout", False), ("/%5cevil.example", False), ("/.//evil.example", False), ("/reports/..//evil.example", False),
    ("／／evil.example", False), ("", False), ("/users/1/disable", False), ("http://localhost/account", False),
]  # fmt: skip


@pytest.mark.parametrize(("next_url", "is_valid"), NEXT)
def test_next_must_be_a_page_of_this_site(stranger: FlaskClient, next_url: str, is_valid: bool) -> None:
    expected = next_url if is_valid else "/"
    shown = stranger.get("/login", query_string={"next": next_url}, headers=HTML).text
    assert f'name="next" value="{expected.replace("&", "&amp;")}"' in shown
    assert sign_in(stranger, next_url=next_url).location == expected


def test_cookie_attributes(stranger: FlaskClient) -> None:
    name, value, attributes = cookie(sign_in(stranger))
    assert (name, attributes) == ("session", {"HttpOnly", "Path=/", "SameSite=Lax"})
    assert len(value) >= 43
    name, _, attributes = cookie(sign_in(stranger, base_url="https://localhost"))
    assert (name, attributes) == ("__Host-session", {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"})
    assert stranger.get("/reports", base_url="https://localhost").status_code == 200


def test_https_ignores_cookie_without_host_prefix(app: Flask, stranger: FlaskClient) -> None:
    token = cookie(sign_in(app.test_client()))[1]
    answer = stranger.get("/reports", base_url="https://localhost", headers={"Cookie": f"session={token}"})
    assert answer.status_code == 401


def test_sign_in_replaces_session(app: Flask, stranger: FlaskClient) -> None:
    planted = "a" * 43
    stranger.set_cookie("session", planted)
    first = cookie(sign_in(stranger))[1]
    second = cookie(sign_in(stranger))[1]
    assert len({planted, first, second}) == 3
    assert Session.select().count() == 1, "signing in again ends the session that it replaces"
    stranger.set_cookie("session", first)
    assert stranger.get("/reports").status_code == 401


@pytest.mark.parametrize("forged", ["", "x", "a" * 43, "a" * 5000, "%00", "é", "null", "session"])
def test_forged_cookie_is_refused(app: Flask, stranger: FlaskClient, forged: str) -> None:
    sign_in(stranger)
    forger = app.test_client(use_cookies=False)
    for name in ("session", "__Host-session"):
        cookies = f"{name}={forged}".encode().decode("latin1")
        for base_url in ("http://localhost", "https://localhost"):
            assert forger.get("/reports", base_url=base_url, headers={"Cookie": cookies}).status_code == 401


def test_cookie_is_invalid_after_sign_out(stranger: FlaskClient) -> None:
    token = cookie(sign_in(stranger))[1]
    answer = stranger.post("/logout", headers=OURS)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert cookie(answer)[1] == ""
    stranger.set_cookie("session", token)
    assert stranger.get("/reports").status_code == 401
    assert stranger.post("/logout", headers=OURS).status_code == 401


def test_sign_out_here_or_everywhere(app: Flask, stranger: FlaskClient) -> None:
    others = [app.test_client() for _ in range(3)]
    for client in (stranger, *others):
        sign_in(client)
    others[0].post("/logout", headers=OURS)
    assert [client.get("/reports").status_code for client in (stranger, *others)] == [200, 401, 200, 200]
    others[1].post("/logout", data={"everywhere": "1"}, headers=OURS)
    assert [client.get("/reports").status_code for client in (stranger, *others)] == [401] * 4


def test_get_changes_nothing(stranger: FlaskClient) -> None:
    sign_in(stranger)
    for path in ("/logout", "/users/1/disable", "/users/1/password"):
        assert stranger.get(path).status_code in (404, 405)
    assert stranger.get("/reports").status_code == 200


def test_query_string_signs_nobody_in(stranger: FlaskClient) -> None:
    answer = stranger.get("/login", query_string={"email": ANN, "password": PASSWORD})
    assert answer.status_code == 200
    assert PASSWORD not in answer.text
    assert stranger.get("/reports").status_code == 401


def test_11th_failure_is_429(stranger: FlaskClient) -> None:
    fail_before(9)
    statuses = [sign_in(stranger, password="wrong").status_code for _ in range(3)]
    assert statuses == [401] + [429] * 2
    answer = sign_in(stranger)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "Try again in 15 minutes" in answer.text
    elsewhere = stranger.application.test_client()
    form = {"email": ANN, "password": PASSWORD}
    there = elsewhere.post("/login", data=form, headers=OURS, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert there.status_code == 303, "another address is not throttled"


def test_sign_in_events_hold_no_secret(app: Flask, stranger: FlaskClient) -> None:
    sign_in(stranger, "hunter2 typed as the email", "swordfish")
    fail_before(8)
    for _ in range(5):
        sign_in(stranger, password="a wrong password")
    Attempt.delete().execute()
    sign_in(stranger)
    stranger.post("/logout", headers=OURS)
    events = list(AuditEvent.select().where(AuditEvent.who != "the tests").order_by(AuditEvent.id))
    assert [(event.event, event.outcome, event.who) for event in events] == [
        ("sign-in", "failed", ""),
        *[("sign-in", "failed", ANN)] * 2,
        ("sign-in", "refused", ANN),
        ("sign-in", "done", ANN),
        ("sign-out", "done", ANN),
    ]
    assert {event.address for event in events} == {"127.0.0.1"}
    recorded = repr([event.__data__ for event in events])
    assert not any(secret in recorded for secret in ("hunter2", "swordfish", "a wrong password", PASSWORD, "argon2"))


def test_only_the_trail_says_why_sign_in_failed(stranger: FlaskClient) -> None:
    secret = users.add_user(BY, "new@partner.example", "viewer", None)
    users.add_user(BY, "off@partner.example", "viewer", None, PASSWORD)
    users.disable_user(BY, User.get(email="off@partner.example"))
    User.update(temporary_until=timestamp(-1)).where(User.email == "new@partner.example").execute()
    texts = set()
    for email, password in (("off@partner.example", PASSWORD), ("new@partner.example", secret), (ANN, "wrong")):
        texts.add(re.sub("[0-9a-f]{16}", "", sign_in(stranger, email, password).text.replace(email, "")))
    assert len(texts) == 1
    events = AuditEvent.select().where(AuditEvent.event == "sign-in").order_by(AuditEvent.id)
    assert [json.loads(event.details)["why"] for event in events] == [
        "disabled",
        "temporary password expired",
        "wrong password",
    ]


def test_change_password_ends_other_sessions(app: Flask, stranger: FlaskClient) -> None:
    other = app.test_client()
    sign_in(other)
    before = cookie(sign_in(stranger))[1]
    form = {"current": PASSWORD, "password": "four other unrelated words"}
    answer = stranger.post("/account", data=form, headers=OURS)
    assert answer.status_code == 303
    assert cookie(answer)[1] != before
    assert "Your password is changed" in stranger.get(answer.location).text
    assert other.get("/reports").status_code == 401
    assert sign_in(app.test_client()).status_code == 401
    assert sign_in(app.test_client(), password="four other unrelated words").status_code == 303


@pytest.mark.parametrize(
    ("current", "password", "status", "message"),
    [
        ("wrong", "four other unrelated words", 401, "not your present password"),
        ("", "four other unrelated words", 401, "not your present password"),
        (PASSWORD, "short", 400, "at least 12"),
        (PASSWORD, "", 400, "at least 12"),
        (PASSWORD, "passwordpassword", 400, "guesser"),
        (PASSWORD, PASSWORD, 400, "choose another"),
        (PASSWORD, "x" * 129, 400, "at most 128"),
    ],
)
def test_change_password_is_validated(
    stranger: FlaskClient, current: str, password: str, status: int, message: str
) -> None:
    sign_in(stranger)
    answer = stranger.post("/account", data={"current": current, "password": password}, headers=OURS)
    assert answer.status_code == status
    assert message in answer.text
    assert sign_in(stranger).status_code == 303


def test_change_password_is_throttled(stranger: FlaskClient) -> None:
    sign_in(stranger)
    fail_before(9)
    form = {"current": "wrong", "password": "four other unrelated words"}
    statuses = [stranger.post("/account", data=form, headers=OURS).status_code for _ in range(2)]
    assert statuses == [401, 429]


def test_temporary_password_opens_only_the_account_page(app: Flask, stranger: FlaskClient) -> None:
    secret = users.add_user(BY, "new@partner.example", "admin", None)
    sign_in(stranger, "new@partner.example", secret)
    for path in ("/reports", "/reports/customer-usage", "/reports/customer-usage.csv", "/users", "/nothing"):
        assert stranger.get(path).status_code == 403
        assert stranger.get(path, headers=HTML).location == "/account"
    assert "made by somebody else" in stranger.get("/account").text
    same = stranger.post("/account", data={"current": secret, "password": secret}, headers=OURS)
    assert same.status_code == 400
    form = {"current": secret, "password": "four other unrelated words"}
    assert stranger.post("/account", data=form, headers=OURS).status_code == 303
    assert stranger.get("/reports").status_code == 200
    assert sign_in(app.test_client(), "new@partner.example", secret).status_code == 401


def test_temporary_password_expires(stranger: FlaskClient) -> None:
    secret = users.add_user(BY, "new@partner.example", "admin", None)
    User.update(temporary_until=timestamp(-1)).where(User.email == "new@partner.example").execute()
    assert sign_in(stranger, "new@partner.example", secret).status_code == 401


def test_password_fields_suit_password_managers(client: FlaskClient, stranger: FlaskClient) -> None:
    login, account = stranger.get("/login").text, client.get("/account").text
    assert re.findall(r'type="(\w+)" autocomplete="([\w-]+)"', login) == [("password", "current-password")]
    assert re.findall(r'type="(\w+)" autocomplete="([\w-]+)"', account) == [
        ("password", "current-password"),
        ("password", "new-password"),
    ]
    assert all('autocomplete="username"' in text for text in (login, account))
    assert login.count('show-password"') == 1
    assert not re.search("onpaste|maxlength", login + account)


def test_signed_in_user_can_sign_in_as_another(app: Flask) -> None:
    client = signed_in(app, "viewer")
    assert client.get("/login?next=/account").location == "/account", "Back to the sign-in page leads on"
    assert sign_in(client).status_code == 303
    assert ANN in client.get("/account").text
