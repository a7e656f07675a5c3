"""The Users pages: add, change, disable, end sessions."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth import users
from models import AuditEvent, Session, User
from tests.support import BY, OURS, signed_in

pytestmark = pytest.mark.usefixtures("edge_cases")

NEW = {"email": "eve@partner.example", "role": "viewer", "audience": "partner", "reseller": ""}
ADMIN = "admin@partner.example"


def send(client: FlaskClient, path: str, **form: Any) -> TestResponse:
    return client.post(path, data=form, headers={**OURS, "Accept": "text/html"})


def errors(answer: TestResponse) -> set[str]:
    return set(re.findall(r'class="error" id="(\w+)-error"', answer.text))


def secret(answer: TestResponse) -> str:
    return re.findall(r'class="secret">([^<]+)<', answer.text)[0]


@pytest.fixture
def eve(client: FlaskClient) -> User:
    users.add_user(BY, "eve@partner.example", "viewer", None, "correct horse battery")
    return User.get(email="eve@partner.example")


def test_add_user_shows_password_once(client: FlaskClient, stranger: FlaskClient) -> None:
    answer = send(client, "/users", **NEW | {"role": "admin", "audience": "reseller", "reseller": "Zebra Resale"})
    eve = User.get(email="eve@partner.example")
    assert answer.status_code == 200
    assert (eve.role, eve.reseller, bool(eve.temporary_until)) == ("admin", "Zebra Resale", True)
    password = secret(answer)
    assert password not in client.get(f"/users/{eve.id}").text
    assert send(stranger, "/login", email="eve@partner.example", password=password).status_code == 303
    event = AuditEvent.get(AuditEvent.event == "user added", AuditEvent.who == ADMIN)
    assert (event.who, event.about) == (ADMIN, "eve@partner.example")
    assert password not in repr(event.__data__)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"email": ""}, {"email"}),
        ({"email": "eve"}, {"email"}),
        ({"email": ADMIN.upper()}, {"email"}),
        ({"role": ""}, {"role"}),
        ({"role": "boss"}, {"role"}),
        ({"audience": ""}, {"audience"}),
        ({"audience": "everything"}, {"audience"}),
        ({"audience": "reseller"}, {"reseller"}),
        ({"audience": "reseller", "reseller": "Zebra"}, {"reseller"}),
        ({"audience": "reseller", "reseller": "-"}, {"reseller"}),
        ({"email": "eve", "role": "boss", "audience": "reseller", "reseller": "Zebra"}, {"email", "role", "reseller"}),
        ({"email": "eve", "role": "", "audience": ""}, {"email", "role", "audience"}),
        ({"audience": "partner", "reseller": "Zebra Resale"}, {"reseller"}),
    ],
)
def test_errors_stand_beside_fields_and_input_stays(
    client: FlaskClient, change: dict[str, str], fields: set[str]
) -> None:
    form = NEW | change
    answer = send(client, "/users", **form)
    assert answer.status_code == 400
    assert errors(answer) == fields
    assert f'value="{form["email"]}" autocomplete' in answer.text
    assert f'name="reseller" value="{form["reseller"]}"' in answer.text
    checked = set(re.findall(r'value="(\w+)" required checked', answer.text))
    assert checked == {form["role"], form["audience"]} & {"admin", "viewer", "partner", "reseller"}
    assert User.select().count() == 1


def test_missing_reach_adds_no_partner_admin(client: FlaskClient) -> None:
    for form in (
        {"email": "x@y.example", "role": "admin"},
        {"email": "x@y.example", "role": "admin", "audience": "reseller"},
    ):
        assert send(client, "/users", **form).status_code == 400
    assert User.select().count() == 1


def test_change_role_and_reseller(client: FlaskClient, eve: User) -> None:
    answer = send(client, f"/users/{eve.id}", role="admin", audience="reseller", reseller="Zebra Resale")
    assert answer.status_code == 303
    assert "Saved" in client.get(answer.location).text
    changed = User.get_by_id(eve.id)
    assert (changed.role, changed.reseller) == ("admin", "Zebra Resale")
    assert send(client, f"/users/{eve.id}", role="boss", audience="partner").status_code == 400
    assert User.get_by_id(eve.id).role == "admin"


def test_disable_and_enable_user(app: Flask, client: FlaskClient, eve: User) -> None:
    browser = app.test_client()
    assert send(browser, "/login", email=eve.email, password="correct horse battery").status_code == 303
    answer = send(client, f"/users/{eve.id}/disable")
    assert "can&#39;t sign in" in client.get(answer.location).text
    assert browser.get("/reports").status_code == 401
    assert send(browser, "/login", email=eve.email, password="correct horse battery").status_code == 401
    send(client, f"/users/{eve.id}/enable")
    assert send(browser, "/login", email=eve.email, password="correct horse battery").status_code == 303


def test_end_sessions_and_replace_password(app: Flask, client: FlaskClient, eve: User) -> None:
    browser = app.test_client()
    send(browser, "/login", email=eve.email, password="correct horse battery")
    assert "1 session, last seen" in client.get(f"/users/{eve.id}").text
    send(client, f"/users/{eve.id}/end")
    assert browser.get("/reports").status_code == 401
    replaced = secret(send(client, f"/users/{eve.id}/password"))
    assert send(browser, "/login", email=eve.email, password="correct horse battery").status_code == 401
    assert send(browser, "/login", email=eve.email, password=replaced).status_code == 303


def test_last_admin_cannot_be_disabled_or_demoted(client: FlaskClient) -> None:
    ann = User.get(email=ADMIN)
    assert 'value="admin" required checked' in send(client, f"/users/{ann.id}/disable").text, "the form says what holds"
    for path, form in (
        (f"/users/{ann.id}/disable", {}),
        (f"/users/{ann.id}", {"role": "viewer", "audience": "partner"}),
        (f"/users/{ann.id}", {"role": "admin", "audience": "reseller", "reseller": "Zebra Resale"}),
    ):
        answer = send(client, path, **form)
        assert answer.status_code == 400
        assert "last enabled admin" in answer.text
    assert client.get("/users").status_code == 200
    assert Session.select().exists()


@pytest.mark.parametrize("path", ["/users/999", "/users/999/disable", "/users/0", "/users/1/harm"])
def test_unknown_user_is_404(client: FlaskClient, path: str) -> None:
    assert send(client, path, role="admin", audience="partner").status_code == 404


def test_too_large_user_id_is_404(client: FlaskClient) -> None:
    assert client.get("/users/99999999999999999999").status_code == 404


def test_demoting_oneself_redirects_to_account(client: FlaskClient, eve: User) -> None:
    users.change_user(BY, eve, "admin", None, may_see_costs=True)
    answer = send(client, f"/users/{User.get(email=ADMIN).id}", role="viewer", audience="partner")
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Viewer" in client.get(answer.location).text
    assert client.get("/users").status_code == 403


def test_users_page_lists_roles_and_states(app: Flask, client: FlaskClient, eve: User) -> None:
    signed_in(app, "viewer", "Zebra Resale")
    users.disable_user(BY, eve)
    text = client.get("/users").text
    for word in (ADMIN, "viewer@Zebra Resale.example", "Zebra Resale", "All customers", "Disabled", "Active", "Viewer"):
        assert word in text


@pytest.mark.parametrize(
    ("form", "sentences"),
    [
        ({"role": "admin", "audience": ""}, ["Choose whose customers this person sees."]),
        (
            {"role": "king", "audience": "reseller", "reseller": "No One"},
            ["“king” is not a role; choose admin or viewer.", "“No One” is not the name of a reseller."],
        ),
    ],
)
def test_errors_are_sentences_with_one_period(client: FlaskClient, form: dict[str, str], sentences: list[str]) -> None:
    page = send(client, f"/users/{User.get().id}", **form)
    (alert,) = re.findall(r'role="alert">(.*?)</p>', page.text)
    assert (page.status_code, alert) == (400, " ".join(["Nothing was changed.", *sentences]))
