"""The second factor in the browser: sign-in by code, by recovery code, by a remembered browser; set-up and removal."""

import json
import re

import pytest
import segno
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.auth import users
from app.auth.throttle import count_attempt
from app.web.services import services
from models import AuditEvent, PendingSignIn, RememberedBrowser, SecondFactor, Session, User, access_db, timestamp
from tests.authenticator import SEED, Clock, clock, code, next_code, set_up
from tests.support import BY, OURS

__all__ = ["clock"]

ANN, PASSWORD = "ann@partner.example", "correct horse battery"
HTML = {"Accept": "text/html"}
USAGE = "/reports/customer-usage"


@pytest.fixture
def ann(app: Flask) -> User:
    users.add_user(BY, ANN, "admin", None, PASSWORD)
    return User.get(email=ANN)


@pytest.fixture
def codes(app: Flask, ann: User, clock: Clock) -> list[str]:
    """ANN's recovery codes: she has a second factor."""
    return set_up(app, ann, clock)


def send(client: FlaskClient, path: str, **form: str) -> TestResponse:
    return client.post(path, data=form, headers={**OURS, **HTML}, buffered=True)


def enter_password(client: FlaskClient, password: str = PASSWORD, next_url: str = "") -> TestResponse:
    return send(client, "/login", email=ANN, password=password, next=next_url)


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/reports").status_code == 200


def last_event(event: str) -> AuditEvent:
    found: AuditEvent = AuditEvent.select().where(AuditEvent.event == event).order_by(AuditEvent.id.desc()).get()
    return found


@pytest.mark.usefixtures("codes")
def test_code_follows_the_password(app: Flask, stranger: FlaskClient, ann: User, clock: Clock) -> None:
    view = f"{USAGE}?sort=-used"
    answer = enter_password(stranger, next_url=view)
    assert answer.location == f"/login/code?next={USAGE}%3Fsort%3D-used"
    assert not stranger.get_cookie("session")
    page = stranger.get(answer.location).text
    assert 'inputmode="numeric" autocomplete="one-time-code"' in page
    assert f'name="next" value="{view}"' in page
    event = last_event("sign-in")
    assert (event.outcome, event.who) == ("begun", ANN)
    answer = send(stranger, "/login/code", code=next_code(app, ann, clock), next=view)
    assert (answer.status_code, answer.location) == (303, view)
    assert is_signed_in(stranger)
    assert not stranger.get_cookie("sign-in")
    assert not PendingSignIn.select().exists()
    assert json.loads(last_event("sign-in").details) == {"second_factor": "code"}


@pytest.mark.usefixtures("codes")
def test_code_is_in_vain_when_the_sign_in_was_ended_meanwhile(
    app: Flask, stranger: FlaskClient, ann: User, clock: Clock
) -> None:
    enter_password(stranger)
    ended = "CREATE TRIGGER ended AFTER UPDATE ON second_factor BEGIN DELETE FROM pending_sign_in; END"
    access_db.execute_sql(ended)  # as an admin's "sign out everywhere" at the moment at which the code is found right
    answer = send(stranger, "/login/code", code=next_code(app, ann, clock))
    assert answer.location == "/login?late=1&next=%2F"
    assert not is_signed_in(stranger)
    assert not Session.select().exists()


@pytest.mark.usefixtures("codes")
def test_half_a_sign_in_opens_nothing(app: Flask, stranger: FlaskClient) -> None:
    enter_password(stranger)
    token = stranger.get_cookie("sign-in")
    assert token
    forger = app.test_client()
    for name in ("session", "browser", "sign-in"):
        forger.set_cookie(name, token.value)
    for client in (stranger, forger):
        for path in ("/reports", f"{USAGE}.csv", "/account", "/account/factor", "/account/confirm", "/users"):
            assert client.get(path).status_code == 401, path
        assert client.post("/logout", headers=OURS).status_code == 401
    assert not Session.select().exists()


@pytest.mark.usefixtures("codes")
def test_wrong_used_and_late_codes_are_refused(app: Flask, stranger: FlaskClient, ann: User, clock: Clock) -> None:
    enter_password(stranger)
    used = code(app, ann, clock)
    clock.now += 90
    late = code(app, ann, clock, -60)
    for wrong in (used, late, "000000", "12345", "x" * 20):
        answer = send(stranger, "/login/code", code=wrong, next=USAGE)
        assert answer.status_code == 401
        assert "wrong, or was used already" in answer.text
        assert f'name="next" value="{USAGE}"' in answer.text
        assert wrong not in answer.text
    assert send(stranger, "/login/code", recovery_code="aaaa-bbbb").status_code == 401
    assert send(stranger, "/login/code").status_code == 400
    for field in ("code", "recovery_code"):
        answer = send(stranger, "/login/code", **{field: "x" * 5000})
        assert (answer.status_code, "at most" in answer.text, "xxx" in answer.text) == (400, True, False)
    assert not is_signed_in(stranger)
    events = AuditEvent.select().where(AuditEvent.event == "sign-in", AuditEvent.outcome == "failed")
    assert {(event.who, json.loads(event.details)["why"]) for event in events} == {
        (ANN, "wrong code"),
        (ANN, "wrong recovery code"),
    }
    assert used not in repr([event.__data__ for event in events])


@pytest.mark.usefixtures("codes")
def test_password_must_be_entered_in_time(app: Flask, stranger: FlaskClient, ann: User, clock: Clock) -> None:
    for seconds, is_in_time in ((-600, False), (-590, True)):
        enter_password(stranger)
        PendingSignIn.update(created_at=timestamp(seconds)).execute()
        answer = send(stranger, "/login/code", code=next_code(app, ann, clock), next=USAGE)
        assert (answer.location == USAGE) is is_in_time
        if not is_in_time:
            assert "not completed in time" in stranger.get(answer.location).text
    assert "not completed in time" in app.test_client().get("/login/code", follow_redirects=True).text


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("change", [users.disable_user, users.sign_out_user, users.reset_password])
def test_half_a_sign_in_ends_with_the_sessions(
    app: Flask, stranger: FlaskClient, ann: User, clock: Clock, change: object
) -> None:
    users.add_user(BY, "eve@partner.example", "admin", None, PASSWORD)  # so that one admin is left
    enter_password(stranger)
    assert callable(change)
    change(BY, ann)
    answer = send(stranger, "/login/code", code=next_code(app, ann, clock))
    assert answer.location.startswith("/login?")
    assert not is_signed_in(stranger)


@pytest.mark.usefixtures("codes")
def test_codes_are_throttled(app: Flask, stranger: FlaskClient, ann: User, clock: Clock) -> None:
    for _ in range(9):
        count_attempt(f"second factor of {ann.id}", "127.0.0.1")
    enter_password(stranger)
    assert send(stranger, "/login/code", code="000000").status_code == 401
    enter_password(stranger)
    for _ in range(2):
        answer = send(stranger, "/login/code", code=next_code(app, ann, clock))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    refused = AuditEvent.select().where(AuditEvent.event == "sign-in", AuditEvent.outcome == "refused")
    assert [json.loads(event.details)["why"] for event in refused] == ["too many codes"]


def test_recovery_code_replaces_a_lost_phone(app: Flask, stranger: FlaskClient, codes: list[str]) -> None:
    for status in (303, 401):
        enter_password(stranger)
        assert send(stranger, "/login/code", recovery_code=codes[0]).status_code == status
    details = [json.loads(event.details) for event in AuditEvent.select().where(AuditEvent.event == "sign-in")]
    assert {"second_factor": "recovery code", "recovery_codes_left": 9} in details
    assert "9 recovery codes are left" in stranger.get("/account").text
    assert codes[0] not in repr(details)


def remember(app: Flask, ann: User, clock: Clock) -> FlaskClient:
    """Return a client that ANN has signed in with and let remember her."""
    browser = app.test_client()
    enter_password(browser)
    answer = send(browser, "/login/code", code=next_code(app, ann, clock), remember="1")
    assert [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("browser=")]
    return browser


@pytest.mark.usefixtures("codes")
def test_remembered_browser_needs_no_code_for_30_days(app: Flask, ann: User, clock: Clock) -> None:
    browser, day = remember(app, ann, clock), 24 * 60 * 60
    cookie = browser.get_cookie("browser")
    assert cookie
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 30 * day)
    assert RememberedBrowser.get().token_hash != cookie.value
    browser.post("/logout", headers=OURS)
    assert enter_password(browser, next_url=USAGE).location == USAGE
    assert json.loads(last_event("sign-in").details) == {"second_factor": "remembered browser"}
    assert enter_password(browser, "wrong").status_code == 401, "the password is asked for in any case"
    for age, location in ((29 * day, "/"), (30 * day, "/login/code")):
        RememberedBrowser.update(created_at=timestamp(-age)).execute()
        assert enter_password(browser).location == location


@pytest.mark.usefixtures("codes")
def test_browser_is_remembered_for_one_user(app: Flask, ann: User, clock: Clock) -> None:
    browser = remember(app, ann, clock)
    users.add_user(BY, "eve@partner.example", "viewer", None, PASSWORD)
    eve = User.get(email="eve@partner.example")
    set_up(app, eve, clock)
    assert send(browser, "/login", email=eve.email, password=PASSWORD).location == "/login/code"


FORGETS = {
    "sign out everywhere": ("/logout", {"everywhere": "1"}),
    "password": ("/account", {"current": PASSWORD, "password": "four other unrelated words"}),
}


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize("path_and_form", FORGETS.values(), ids=FORGETS)
def test_own_change_forgets_browsers(
    app: Flask, ann: User, clock: Clock, path_and_form: tuple[str, dict[str, str]]
) -> None:
    browser, other = remember(app, ann, clock), remember(app, ann, clock)
    path, form = path_and_form
    assert send(other, path, **form).status_code == 303
    for password in (PASSWORD, "four other unrelated words"):
        if (answer := enter_password(browser, password)).status_code == 303:
            assert answer.location == "/login/code"
    assert not is_signed_in(browser)


@pytest.mark.usefixtures("codes")
def test_password_reset_does_not_skip_the_factor(app: Flask, ann: User, clock: Clock) -> None:
    browser = remember(app, ann, clock)
    password = users.reset_password(BY, ann)
    assert enter_password(browser, password).location == "/login/code"
    assert not is_signed_in(browser)
    assert send(browser, "/login/code", code=next_code(app, ann, clock)).status_code == 303
    assert browser.get("/reports", headers=HTML).location == "/account"


def shown_secret(page: str) -> tuple[str, str]:
    """Return the seed and the secret of a set-up page."""
    (seed,), (secret,) = (
        re.findall(r'name="seed" value="(\w+)"', page),
        re.findall(r'class="secret">([A-Z2-7 ]+)<', page),
    )
    return seed, secret


def test_qr_code_holds_the_secret_and_names(app: Flask, stranger: FlaskClient, ann: User, clock: Clock) -> None:
    enter_password(stranger)
    page = stranger.get("/account/factor").text
    address = services(app).second_factors.authenticator(ann.id, ANN, shown_secret(page)[0]).provisioning_uri()
    assert address.startswith("otpauth://totp/Partner%20Reports:ann%40partner.example?secret=")
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", page)
    dark = {(int(x) + step, int(y)) for x, y, length, _ in runs for step in range(int(length))}
    assert all(length == back for _, _, length, back in runs)
    rows = enumerate(segno.make_qr(address, error="m").matrix_iter(border=4))
    assert dark == {(x, y) for y, row in rows for x, is_dark in enumerate(row) if is_dark}


def test_set_up_on_the_account_page(app: Flask, stranger: FlaskClient, ann: User, clock: Clock) -> None:
    other = app.test_client()
    for client in (other, stranger):
        enter_password(client)
    assert 'href="/account/factor"' in stranger.get("/account").text
    page = stranger.get("/account/factor").text
    seed, secret = shown_secret(page)
    totp = services(app).second_factors.authenticator(ann.id, ANN, seed)
    assert secret.replace(" ", "") == totp.secret
    assert 'role="img" aria-label="QR code' in page
    assert "style=" not in page
    wrong = send(stranger, "/account/factor", seed=seed, code="000000")
    assert wrong.status_code == 400
    assert shown_secret(wrong.text) == (seed, secret), "what was scanned stays valid"
    assert not SecondFactor.select().exists()
    done = send(stranger, "/account/factor", seed=seed, code=totp.at(int(clock.now)))
    assert len(re.findall(r'class="secret">[a-z2-7-]{29}<', done.text)) == 10
    assert is_signed_in(stranger)
    assert not is_signed_in(other), "a session that began without the factor ends"
    assert stranger.get("/account/factor").location == "/account"
    assert "10 recovery codes are left" in stranger.get("/account").text
    event = last_event("second factor set up")
    assert (event.who, event.about) == (ANN, ANN)
    assert enter_password(other).location == "/login/code"


@pytest.mark.parametrize("seed", ["", "x", SEED.upper(), SEED + "0", "é" * 32])
def test_forged_seed_is_replaced(app: Flask, stranger: FlaskClient, ann: User, clock: Clock, seed: str) -> None:
    enter_password(stranger)
    forged = services(app).second_factors.authenticator(ann.id, ANN, seed).at(int(clock.now))
    answer = send(stranger, "/account/factor", seed=seed, code=forged)
    assert answer.status_code == 400
    assert shown_secret(answer.text)[0] != seed
    assert not SecondFactor.select().exists()


def test_renew_codes_and_remove(app: Flask, stranger: FlaskClient, ann: User, clock: Clock, codes: list[str]) -> None:
    browser = remember(app, ann, clock)
    answer = send(browser, "/account/factor/codes")
    new = re.findall(r'class="secret">([^<]+)<', answer.text)
    assert len(set(new) - set(codes)) == 10
    enter_password(stranger)
    assert send(stranger, "/login/code", recovery_code=codes[0]).status_code == 401
    assert send(stranger, "/login/code", recovery_code=new[0]).status_code == 303
    answer = send(browser, "/account/factor/remove")
    assert "is removed" in browser.get(answer.location).text
    assert is_signed_in(browser)
    assert not is_signed_in(stranger)
    assert enter_password(stranger).location == "/"
    assert [last_event(name).who for name in ("recovery codes renewed", "second factor removed")] == [ANN, ANN]
    for action in ("codes", "remove"):
        assert send(browser, f"/account/factor/{action}").status_code == 400, "there is none any more"


@pytest.fixture
def strict(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application that requires a second factor of admins."""
    monkeypatch.setenv("SECOND_FACTOR", "admins")
    return create_app()


def test_required_factor_is_set_up_first(strict: Flask, ann: User, clock: Clock) -> None:
    client = strict.test_client()
    assert enter_password(client, next_url=USAGE).location == USAGE
    for path in ("/reports", USAGE, f"{USAGE}.csv", "/users", "/account", "/nothing"):
        assert client.get(path).status_code == 403, path
        assert client.get(path, headers=HTML).location == "/account/factor", path
    for path in ("/account", "/users", "/account/sessions/1/end", "/account/factor/codes", "/account/factor/remove"):
        assert client.post(path, headers=OURS).status_code == 403, path
    page = client.get("/account/factor").text
    assert "must have a second factor" in page
    seed, _ = shown_secret(page)
    shown = services(strict).second_factors.authenticator(ann.id, ANN, seed).at(int(clock.now))
    assert send(client, "/account/factor", seed=seed, code=shown).status_code == 200
    assert is_signed_in(client)
    assert "/account/factor/remove" not in client.get("/account").text
    assert send(client, "/account/factor/remove").status_code == 400
    assert SecondFactor.select().exists()


def test_setting_applies_to_live_sessions_of_admins_only(app: Flask, strict: Flask) -> None:
    for role, status in (("admin", 403), ("viewer", 200)):
        users.add_user(BY, f"{role}@partner.example", role, None, PASSWORD)
        client = app.test_client()
        send(client, "/login", email=f"{role}@partner.example", password=PASSWORD)
        token = client.get_cookie("session")
        assert token
        there = strict.test_client()
        there.set_cookie("session", token.value)
        assert there.get("/reports").status_code == status


def test_temporary_password_goes_before_the_factor(strict: Flask, clock: Clock) -> None:
    password = users.add_user(BY, ANN, "admin", None)
    client = strict.test_client()
    enter_password(client, password)
    assert client.get("/reports", headers=HTML).location == "/account"
    assert client.get("/account/factor", headers=HTML).location == "/account"
    assert send(client, "/account", current=password, password="four other unrelated words").status_code == 303
    assert client.get("/reports", headers=HTML).location == "/account/factor"


@pytest.mark.usefixtures("codes")
def test_admin_sees_and_resets_factors(
    app: Flask, client: FlaskClient, stranger: FlaskClient, ann: User, clock: Clock
) -> None:
    """Phone and list are lost: the person asks an admin, who resets the factor."""
    browser = remember(app, ann, clock)
    row = re.search(rf'href="/users/{ann.id}".*?</tr>', client.get("/users").text, re.DOTALL)
    assert row
    assert "<td>On</td>" in row[0]
    assert "On since" in client.get(f"/users/{ann.id}").text
    answer = send(client, f"/users/{ann.id}/factor")
    page = client.get(answer.location).text
    assert "no second factor any more" in page
    assert f"/users/{ann.id}/factor" not in page
    assert not is_signed_in(browser)
    assert enter_password(stranger).location == "/"
    event = last_event("second factor reset")
    assert (event.who, event.about) == ("admin@partner.example", ANN)
    assert send(client, f"/users/{ann.id}/factor").status_code == 400


def test_no_code_reaches_log_or_trail(
    app: Flask, stranger: FlaskClient, ann: User, clock: Clock, codes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    enter_password(stranger)
    typed = ["123456", "abcdefgh", next_code(app, ann, clock)]
    send(stranger, "/login/code", code=typed[0], next=f"/reports?q={typed[1]}")
    send(stranger, "/login/code", recovery_code=typed[1])
    send(stranger, "/login/code", code=typed[2], remember="1")
    page = send(stranger, "/account/factor/codes").text
    users.reset_password(BY, ann)
    tokens = [cookie.value for name in ("session", "browser") if (cookie := stranger.get_cookie(name))]
    texts = [*typed, *codes, *tokens, *re.findall(r'class="secret">([^<]+)<', page)]
    assert len(texts) == 3 + 10 + 2 + 10
    recorded = caplog.text + repr([event.__data__ for event in AuditEvent.select()])
    assert "/login/code" in recorded
    assert not [text for text in texts if text in recorded]


@pytest.mark.usefixtures("codes")
def test_cookies_over_https(app: Flask, stranger: FlaskClient, ann: User, clock: Clock) -> None:
    https = {"base_url": "https://localhost", "headers": OURS}
    answers = [
        stranger.post("/login", data={"email": ANN, "password": PASSWORD}, **https),
        stranger.post("/login/code", data={"code": next_code(app, ann, clock), "remember": "1"}, **https),
    ]
    lines = [line for answer in answers for line in answer.headers.getlist("Set-Cookie")]
    assert [line.partition("=")[0] for line in lines] == [
        "__Host-sign-in", "__Host-session", "__Host-known-browser", "__Host-sign-in", "__Host-browser",
    ]  # fmt: skip
    for line in lines:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(line.split("; "))
    assert "Max-Age=600" in lines[0]
