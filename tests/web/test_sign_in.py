"""Sign in, sign out, change the own password."""

import json
import re
from dataclasses import replace
from queue import Queue
from threading import Thread
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth import users
from app.auth.passwords import MAX_WAITING, hashing_turn
from app.auth.throttle import count_attempt
from app.web.services import services
from models import Attempt, AuditEvent, Session, User, close_connections, timestamp
from tests.support import BY, OURS, replace_services, signed_in

ANN, PASSWORD = "ann@partner.example", "correct horse battery"
HTML = {"Accept": "text/html"}
FORM = "application/x-www-form-urlencoded"


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
    """Name, value and attributes of the session's cookie, which an answer sets first."""
    line = answer.headers.getlist("Set-Cookie")[0]
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


def test_long_fields_are_refused_unrepeated(client: FlaskClient, stranger: FlaskClient) -> None:
    """A form of 64 kB whose every character is escaped as five must not come back."""
    long = "'" * 60_000
    eve = User.get(email=ANN)
    forms = [
        (client, "/users", "email", {"role": "viewer", "audience": "partner"}),
        (client, "/users", "role", {"email": "x@y.example", "audience": "partner"}),
        (client, "/users", "audience", {"email": "x@y.example", "role": "viewer"}),
        (client, f"/users/{eve.id}", "reseller", {"role": "viewer", "audience": "reseller"}),
        (client, "/account", "current", {"password": "four other unrelated words"}),
        (client, "/account", "password", {"current": PASSWORD}),
        (stranger, "/login", "email", {"password": PASSWORD}),
        (stranger, "/login", "password", {"email": ANN}),
    ]
    for browser, path, field, others in forms:
        shown = len(browser.get(path, headers=HTML).data)
        body = f"{urlencode(others)}&{field}={long}"
        answer = browser.post(path, data=body, headers={**OURS, **HTML}, content_type=FORM)
        assert answer.status_code == 400, (path, field)
        assert f'id="{field}-error"' in answer.text, (path, field)
        assert "60000 characters" in answer.text
        assert len(answer.data) < shown + 1000
    assert not Attempt.select().exists()
    assert User.select().count() == 2
    body = f"email={ANN}&password=wrong&next=/reports/customer-usage?q={long}"
    answer = stranger.post("/login", data=body, headers={**OURS, **HTML}, content_type=FORM)
    assert answer.status_code == 401
    assert 'name="next" value="/"' in answer.text


def test_longest_fields_are_accepted(stranger: FlaskClient) -> None:
    email, password = f"{'a' * 242}@x.example", ("Seven violins, 3 mossy lanterns and an omelet; " * 3)[:128]
    assert (len(email), len(password)) == (252, 128)
    users.add_user(BY, email, "viewer", None, password)
    assert sign_in(stranger, email, password).status_code == 303


def test_browser_that_signed_in_before_is_not_delayed(app: Flask, stranger: FlaskClient) -> None:
    answer = sign_in(stranger)
    line = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("known-browser="))
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=7776000"} <= set(line.split("; "))
    stranger.post("/logout", headers=OURS)
    for number in range(20):
        count_attempt(ANN, f"203.0.113.{number}")
    Attempt.update(at=timestamp(60)).execute()
    answer = sign_in(app.test_client())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "Try again in 1 second, or in a browser in which you have signed in before" in answer.text
    assert AuditEvent.select().where(AuditEvent.outcome == "refused", AuditEvent.who == ANN).count() == 1
    assert sign_in(stranger).status_code == 303
    Attempt.delete().execute()
    secure = sign_in(stranger, base_url="https://localhost").headers.getlist("Set-Cookie")
    assert {each.partition("=")[0] for each in secure} == {"__Host-session", "__Host-known-browser"}
    assert all("Secure" in each.split("; ") for each in secure)


def test_busy_process_refuses_sign_in_for_a_moment(app: Flask) -> None:
    """An attempt that isn't checked isn't counted."""
    answers: Queue[TestResponse] = Queue()

    def sign_in_once() -> None:
        answers.put(sign_in(app.test_client()))
        close_connections()

    threads = [Thread(target=sign_in_once) for _ in range(8)]
    with hashing_turn():
        for thread in threads:
            thread.start()
        refused = [answers.get() for _ in range(8 - MAX_WAITING)]
    for thread in threads:
        thread.join()
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in refused] == [(503, "2")] * len(refused)
    assert [answers.get().status_code for _ in range(MAX_WAITING)] == [303] * MAX_WAITING
    assert not Attempt.select().exists()


def test_unknown_accounts_leave_few_events(stranger: FlaskClient) -> None:
    for number in range(8):
        sign_in(stranger, f"{number}@x.example", "wrong")
    assert AuditEvent.select().where(AuditEvent.event == "sign-in").count() == 1


def test_password_of_the_partners_name_is_refused(stranger: FlaskClient) -> None:
    app = stranger.application
    names = {"partner_name": "Klíčník s.r.o.", "trusted_hosts": ("reports.klicnik.example",)}
    replace_services(app, settings=replace(services(app).settings, **names))
    sign_in(stranger)
    for password in ("Klicnik-2026-!", "Ann@Klíčník1!"):
        answer = stranger.post("/account", data={"current": PASSWORD, "password": password}, headers=OURS)
        assert answer.status_code == 400
        assert "a word of yours or of this site" in answer.text


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
    form = {"current": "wrong", "password": "four other unrelated words"}
    answers = [stranger.post("/account", data=form, headers=OURS) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "900"


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
