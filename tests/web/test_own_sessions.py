"""One's own sessions: listed and ended on the account page; and the password or a code again before grave changes."""

import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth import users
from app.web.rules import RULES
from app.web.services import services
from app.web.user_agent import browser_name
from models import AuditEvent, SecondFactor, Session, User, timestamp
from tests.authenticator import Clock, clock, next_code, set_up
from tests.support import BY, OURS, signed_in
from tests.web.routes import UNSAFE, routes

__all__ = ["clock"]

ANN, PASSWORD = "ann@partner.example", "correct horse battery"
HTML = {"Accept": "text/html"}
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.fixture
def ann(app: Flask) -> User:
    users.add_user(BY, ANN, "admin", None, PASSWORD)
    return User.get(email=ANN)


def send(client: FlaskClient, path: str, **form: str) -> TestResponse:
    return client.post(path, data=form, headers={**OURS, **HTML})


def sign_in(app: Flask, user_agent: str = FIREFOX, address: str = "198.51.100.7") -> FlaskClient:
    client = app.test_client()
    headers = {**OURS, "User-Agent": user_agent}
    form = {"email": ANN, "password": PASSWORD}
    assert client.post("/login", data=form, headers=headers, environ_base={"REMOTE_ADDR": address}).status_code == 303
    return client


def number_of(browser: str) -> int:
    return int(Session.get(Session.browser == browser).id)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        (CHROME, "Chrome on Linux"),
        (CHROME.replace("X11; Linux x86_64", "Linux; Android 15") + " EdgA/140.0", "Edge on Android"),
        (CHROME.replace("X11; Linux x86_64", "Macintosh; Intel Mac OS X 10_15_7") + " OPR/120", "Opera on macOS"),
        (PHONE.replace("Version/18.5", "CriOS/140.0").replace("iPhone; CPU iPhone", "iPad; CPU"), "Chrome on iPad"),
        ("curl/8.5.0", "Another program"),
        ("", "Another program"),
        ("<script>Firefox/1", "Firefox"),
        ("x (Windows)", "Another browser on Windows"),
    ],
)
def test_browser_name(header: str, name: str) -> None:
    assert browser_name(header) == name


@pytest.mark.usefixtures("ann")
def test_account_page_lists_live_sessions(app: Flask) -> None:
    client = sign_in(app)
    sign_in(app, PHONE, "203.0.113.9")
    sign_in(app, CHROME)
    signed_in(app, "viewer")
    Session.update(seen_at=timestamp(-9 * 3600)).where(Session.browser == "Chrome on Linux").execute()
    page = client.get("/account").text
    item = r"<li><p>(.*?), <bdi>(.*?)</bdi><br>\s*<small>.*</small></p>\s*(This session)?"
    listed = re.findall(item, page.replace('<span class="badge good">', ""))
    assert set(listed) == {
        ("Firefox on Windows", "198.51.100.7", "This session"),
        ("Safari on iPhone", "203.0.113.9", ""),
    }
    assert f'formaction="/account/sessions/{number_of("Safari on iPhone")}/end"' in page


@pytest.mark.usefixtures("ann")
def test_address_is_that_of_the_last_use(app: Flask) -> None:
    client = sign_in(app)
    Session.update(seen_at=timestamp(-120)).execute()
    client.get("/reports", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert Session.get().address == "203.0.113.9"


@pytest.mark.usefixtures("ann")
def test_end_one_session(app: Flask) -> None:
    client, phone, other = sign_in(app), sign_in(app, PHONE), sign_in(app, CHROME)
    answer = send(client, f"/account/sessions/{number_of('Safari on iPhone')}/end")
    assert "That session is ended" in client.get(answer.location).text
    assert [each.get("/reports").status_code for each in (client, phone, other)] == [200, 401, 200]
    event = AuditEvent.get(AuditEvent.event == "session ended")
    assert (event.who, event.about, json.loads(event.details)) == (ANN, ANN, {"browser": "Safari on iPhone"})
    send(client, f"/account/sessions/{number_of('Firefox on Windows')}/end")
    assert client.get("/reports").status_code == 401, "it was this one"


@pytest.mark.usefixtures("ann")
def test_end_all_other_sessions(app: Flask) -> None:
    client, phone, viewer = sign_in(app), sign_in(app, PHONE), signed_in(app, "viewer")
    answer = send(client, "/account/sessions/others/end")
    assert "signed in here alone" in client.get(answer.location).text
    assert [each.get("/reports").status_code for each in (client, phone, viewer)] == [200, 401, 200]
    assert "End all others" not in client.get("/account").text


@pytest.mark.usefixtures("ann")
def test_sessions_that_were_used_before_the_last_ten_are_folded(app: Flask) -> None:
    client = sign_in(app)
    for _ in range(11):
        services(app).sessions.create(User.get(email=ANN))
    shown, _, folded = client.get("/account").text.partition("<summary>2 more</summary>")
    assert (shown.count('/end">End<'), folded.count('/end">End<')) == (9, 2)


@pytest.mark.usefixtures("ann")
def test_others_sessions_cannot_be_ended(app: Flask) -> None:
    client, viewer = sign_in(app), signed_in(app, "viewer")
    before = Session.select().count()
    for number in (number_of(""), 999_999):
        answer = send(client, f"/account/sessions/{number}/end")
        assert (answer.status_code, f"no session “{number}”" in answer.text) == (404, True)
    assert Session.select().count() == before
    assert viewer.get("/reports").status_code == 200


def age_confirmation(seconds: int = 15 * 60) -> None:
    Session.update(confirmed_at=timestamp(-seconds)).execute()


@pytest.fixture
def eve(app: Flask) -> User:
    users.add_user(BY, "eve@partner.example", "viewer", None, PASSWORD)
    return User.get(email="eve@partner.example")


@pytest.mark.usefixtures("ann")
def test_late_changes_need_a_confirmation(app: Flask, eve: User) -> None:
    client = sign_in(app)
    age_confirmation()
    rights, hashed = (eve.role, eve.reseller), eve.password_hash
    asked = {
        path: client.open(path, method=method, headers={**OURS, **HTML})
        for endpoint, method, path in routes(app)
        if RULES[endpoint].confirm and method in UNSAFE | {"GET"}
    }
    assert set(asked) >= {"/users", f"/users/{eve.id}", f"/users/{eve.id}/password", f"/users/{eve.id}/factor"}
    for path, answer in asked.items():
        assert answer.status_code == 303, path
        assert answer.location.startswith("/account/confirm"), path
    eve = User.get_by_id(eve.id)
    assert ((eve.role, eve.reseller), eve.password_hash) == (rights, hashed)
    script = client.post(f"/users/{eve.id}/disable", headers=OURS)
    assert (script.status_code, script.mimetype) == (403, "text/plain")
    for path in ("/account", "/reports"):
        assert client.get(path).status_code == 200, path
    for path in ("/users", f"/users/{eve.id}", "/account"):
        page = client.get(path).text
        assert f'href="/account/confirm?next={path}' in page, "before a form is filled in"
        assert 'class="form-stack" disabled' in page, "what is typed would be lost"
        assert 'class="form-stack" disabled' not in sign_in(app).get(path).text


@pytest.mark.usefixtures("ann")
def test_confirm_with_the_password_and_go_on(app: Flask, eve: User) -> None:
    client, page = sign_in(app), f"/users/{eve.id}"
    age_confirmation()
    before = client.get_cookie("session")
    answer = client.post(f"{page}/disable", headers={**OURS, **HTML, "Referer": f"http://localhost{page}"})
    assert answer.location == f"/account/confirm?next={page}"
    form = client.get(answer.location).text
    assert f'name="next" value="{page}"' in form
    assert 'autocomplete="one-time-code"' not in form, "no second factor"
    for password, status in (("", 400), ("wrong", 401)):
        wrong = send(client, "/account/confirm", password=password, next=page)
        assert wrong.status_code == status
        assert f'name="next" value="{page}"' in wrong.text
    assert send(client, page, role="admin", audience="partner").location.startswith("/account/confirm")
    answer = send(client, "/account/confirm", password=PASSWORD, next=page)
    assert (answer.status_code, answer.location) == (303, page)
    assert send(client, f"{page}/disable").location == f"{page}?done=disable"
    after = client.get_cookie("session")
    assert before
    assert after
    assert before.value != after.value
    stale = app.test_client()
    stale.set_cookie("session", before.value)
    assert stale.get("/reports").status_code == 401
    events = AuditEvent.select().where(AuditEvent.event == "confirmation").order_by(AuditEvent.id)
    assert [(event.who, event.outcome) for event in events] == [(ANN, "failed"), (ANN, "done")]
    assert client.get("/account/confirm?next=/users").location == "/users", "Back leads on"


def test_confirm_with_a_code(app: Flask, ann: User, clock: Clock) -> None:
    client = sign_in(app)
    codes = set_up(app, ann, clock)
    Session.delete().execute()
    for form in ({"code": next_code(app, ann, clock)}, {"recovery_code": codes[0]}, {"password": PASSWORD}):
        client.set_cookie("session", services(app).sessions.create(ann))
        age_confirmation()
        assert 'autocomplete="one-time-code"' in client.get("/account/confirm").text
        assert send(client, "/account/confirm", code="000000").status_code == 401
        assert client.post("/account/factor/codes", headers=OURS).status_code == 403
        assert send(client, "/account/confirm", **form, next="/account").location == "/account"
        assert client.get("/account/confirm").status_code == 303
    assert SecondFactor.select().exists()


@pytest.mark.usefixtures("ann")
def test_confirmation_is_throttled(app: Flask) -> None:
    client = sign_in(app)
    age_confirmation()
    statuses = [send(client, "/account/confirm", password="wrong").status_code for _ in range(10)]
    assert statuses == [401] * 10
    answer = send(client, "/account/confirm", password=PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")


@pytest.mark.usefixtures("ann")
def test_confirmation_lasts_15_minutes_and_not_over_the_session(app: Flask) -> None:
    client = sign_in(app)
    for seconds, status in ((14 * 60, 400), (15 * 60, 403)):
        age_confirmation(seconds)
        assert client.post("/users", headers=OURS).status_code == status
    created = timestamp(-3600)
    Session.update(created_at=created).execute()
    send(client, "/account/confirm", password=PASSWORD)
    assert str(Session.get().created_at) == created, "a confirmation doesn't make the session longer"


def test_sessions_from_before_an_update_are_asked(client: FlaskClient) -> None:
    Session.update(confirmed_at=None, browser="", address="").execute()
    assert client.post("/users", headers=OURS).status_code == 403
    assert "Some browser" in client.get("/account").text


def test_confirmation_never_leads_elsewhere(client: FlaskClient) -> None:
    age_confirmation()
    page = client.get("/account/confirm", query_string={"next": "//evil.example"}).text
    assert 'name="next" value="/"' in page
    assert "evil" not in page
