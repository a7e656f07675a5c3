"""Requests with a token: what they open, how wrong ones are refused, and the pages where people add and revoke them."""

import json
import re
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth.permissions import ROLES
from app.auth.tokens import RequestRate, Tokens
from app.reports import REPORTS
from app.web.rules import RULES
from app.web.services import services
from models import AccessToken, AuditEvent, Session, User, timestamp, today
from tests.support import OURS, add_token, csv_rows, program, replace_services, signed_in
from tests.web.parties import ALPHA, PARTIES, load_parties
from tests.web.routes import routes

SUBSCRIPTIONS, USAGE = "customer-subscriptions", "/reports/customer-usage"
HTML = {"Accept": "text/html"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(token: str, user: str = "anything") -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{token}".encode()).decode()}


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.parametrize("credentials", [bearer, basic])
def test_token_reads_what_its_owner_reads(app: Flask, client: FlaskClient, slug: str, credentials: object) -> None:
    token = add_token(app)
    assert callable(credentials)
    for ending in ("", ".csv", "/count", "/summary", "/print"):
        path = f"/reports/{slug}{ending}"
        answer = app.test_client().get(path, headers=credentials(token))
        assert answer.status_code == 200
        assert answer.data
        assert "Set-Cookie" not in answer.headers
        if ending == ".csv":
            assert answer.data == client.get(path).data
    assert csv_rows(app.test_client().get(f"/reports/{slug}.csv", headers=credentials(token)).data)[1:]


@pytest.mark.usefixtures("edge_cases")
def test_scheme_is_read_in_any_case(app: Flask) -> None:
    token = add_token(app)
    for sent in (f"bearer {token}", f"BEARER {token}", basic(token)["Authorization"].replace("Basic", "basic")):
        assert app.test_client().get(USAGE, headers={"Authorization": sent}).status_code == 200


WRONG = [
    {"Authorization": "Bearer prt_wrong"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer é"},
    {"Authorization": "Bearer a.b.c"},
    basic("prt_wrong"),
    basic("correct horse battery", "ann@partner.example"),
    {"Authorization": "Basic !!!"},
    {"Authorization": "Basic \xff"},
    {"Authorization": "Digest username=x"},
    {"Authorization": "prt_wrong"},
]


@pytest.mark.parametrize("sent", WRONG)
def test_wrong_credentials_are_a_401_with_challenges(stranger: FlaskClient, sent: dict[str, str]) -> None:
    for path in (USAGE, f"{USAGE}.csv", "/users", "/nothing"):
        answer = stranger.get(path, headers=sent)
        assert answer.status_code == 401
        schemes = [each.partition(" ")[0] for each in answer.headers.getlist("WWW-Authenticate")]
        assert schemes == ["Bearer", "Basic"]
        assert "Set-Cookie" not in answer.headers
        assert "wrong" not in answer.text


def test_browsers_are_not_asked_for_a_password_of_their_own(stranger: FlaskClient) -> None:
    for headers in ({"HX-Request": "true"}, {"Sec-Fetch-Mode": "cors"}, {**HTML, "Sec-Fetch-Mode": "cors"}):
        answer = stranger.get(USAGE, headers=headers)
        assert answer.status_code == 401
        assert not any(each.startswith("Basic") for each in answer.headers.getlist("WWW-Authenticate"))


def test_credentials_for_a_proxy_do_not_disturb_a_session(client: FlaskClient, stranger: FlaskClient) -> None:
    for sent in ({"Authorization": "Bearer a.b.c"}, basic("of the proxy"), {"Authorization": "Basic !!!"}):
        assert client.get("/account", headers=sent).status_code == 200
        assert stranger.get("/login", headers=sent).status_code == 200
        assert stranger.get("/healthz", headers=sent).status_code == 200
    assert stranger.get(USAGE, headers={**basic("of the proxy"), **HTML}).status_code == 303


def test_wrong_token_goes_before_a_session(client: FlaskClient) -> None:
    assert client.get("/account", headers=bearer("prt_wrong")).status_code == 401


def test_token_in_an_address_opens_nothing(app: Flask, stranger: FlaskClient) -> None:
    token = add_token(app)
    for key in ("token", "access_token", "password"):
        assert stranger.get(USAGE, query_string={key: token}).status_code == 401
        assert stranger.post("/login", data={key: token}, headers=OURS).status_code == 400


def test_each_route_is_open_to_tokens_or_a_403(app: Flask) -> None:
    client = program(app, add_token(app))
    refused = 0
    for endpoint, method, path in routes(app):
        if RULES[endpoint].token or RULES[endpoint].anonymous or method == "OPTIONS":
            continue
        for headers in ({}, HTML, OURS):
            answer = client.open(path, method=method, headers=headers)
            assert answer.status_code == 403, path
            assert "Set-Cookie" not in answer.headers
        refused += 1
    assert refused > 40
    assert Session.select().count() == 1, "no sign-in, no sign-out"
    assert AccessToken.select().count() == 1


def test_only_a_sole_token_needs_no_origin(app: Flask, client: FlaskClient) -> None:
    """No route of a token is unsafe but imports; so the refusals must differ."""
    token = add_token(app)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    cases = [
        (app.test_client(), bearer(token), False),
        (app.test_client(), {**bearer(token), **foreign}, False),
        (app.test_client(), basic(token), False),
        (app.test_client(), {**basic(token), **foreign}, True),
        (client, bearer(token), True),
        (client, {**bearer(token), **foreign}, True),
    ]
    for sender, headers, is_forged in cases:
        answer = sender.post("/logout", headers=headers)
        assert answer.status_code == 403
        assert ("doesn't come from a page" in answer.text) is is_forged
    assert client.get(USAGE).status_code == 200


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("reseller", [None, ALPHA.reseller])
def test_pages_with_a_token_are_those_with_a_session(
    app: Flask, tmp_path: Path, role: str, reseller: str | None
) -> None:
    """tests/trials/test_scope.py asks for everything that could show others' rows."""
    load_parties(tmp_path, *PARTIES)
    client, person = program(app, add_token(app, role, reseller)), signed_in(app, role, reseller)
    AccessToken.update(may_import=True).execute()  # one that only reads has no link to imports
    for endpoint, method, path in routes(app):
        if RULES[endpoint].token and method == "GET" and not path.endswith(".xlsx"):
            assert read(client, path) == read(person, path), path


def read(client: FlaskClient, path: str) -> tuple[int, str]:
    """The whole response: an export that isn't read keeps its place."""
    answer = client.get(path)
    return answer.status_code, re.sub("[0-9a-f]{16}", "ID", answer.text)


def test_token_follows_its_owner(app: Flask) -> None:
    client = program(app, add_token(app))
    assert read(client, f"{USAGE}.csv")[0] == 200
    costs = f"/reports/{SUBSCRIPTIONS}.csv?columns=cost"
    assert read(client, costs)[0] == 200
    User.update(may_see_costs=False).execute()
    assert read(client, costs)[0] == 403
    User.update(role="viewer").execute()
    assert read(client, f"{USAGE}.csv")[0] == 403
    assert client.get(USAGE).status_code == 200
    User.update(temporary_until=timestamp(3600)).execute()
    answer = client.get(USAGE, headers=HTML)
    assert (answer.status_code, "Choose a password of your own" in answer.text) == (403, True)
    User.update(temporary_until=None, disabled=True).execute()
    assert client.get(USAGE).status_code == 401


def test_events_name_the_token(app: Flask) -> None:
    client = program(app, add_token(app))
    assert client.get(f"{USAGE}.csv").data
    client.get("/users")
    details = {
        (event.event, event.outcome): json.loads(event.details)
        for event in AuditEvent.select().where(AuditEvent.who == "admin@partner.example")
    }
    for event in (("export", "begun"), ("export", "done"), ("request", "refused"), ("token used", "done")):
        assert details[event]["token"] == "Script"


def test_wrong_tokens_are_throttled_by_address_and_right_ones_work(app: Flask, stranger: FlaskClient) -> None:
    right = add_token(app)
    statuses = [stranger.get(USAGE, headers=bearer(f"prt_{number}")).status_code for number in range(50)]
    assert statuses == [401] * 49 + [429]
    refused = stranger.get(USAGE, headers=bearer("prt_50"))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert stranger.get(USAGE, headers=bearer(right)).status_code == 200, "nobody guesses 256 bits"
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert stranger.get(USAGE, headers=bearer("prt_51"), environ_base=elsewhere).status_code == 401
    events = AuditEvent.select().where(AuditEvent.event == "token").order_by(AuditEvent.id)
    assert [(event.outcome, event.who, event.address) for event in events] == [
        ("failed", "", "127.0.0.1"),
        ("refused", "", "127.0.0.1"),
        ("failed", "", "203.0.113.9"),
    ]
    assert "prt_" not in "".join(str(event.details) + event.about for event in AuditEvent.select())


def test_same_wrong_token_is_refused_after_ten_times(app: Flask, stranger: FlaskClient) -> None:
    token = add_token(app)
    AccessToken.update(last_day=today() - timedelta(1)).execute()
    assert [stranger.get(USAGE, headers=bearer(token)).status_code for _ in range(11)] == [401] * 10 + [429]
    event = AuditEvent.get(AuditEvent.event == "token")
    assert (event.who, json.loads(event.details)["why"]) == ("admin@partner.example", "the token's last day is over")
    assert stranger.get(USAGE, headers=bearer("prt_another")).status_code == 401


def test_rate(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    token = add_token(app)
    replace_services(app, tokens=Tokens(services(app).tokens.key, RequestRate(3)))
    client = program(app, token)
    statuses = [client.get(USAGE) for _ in range(5)]
    assert [answer.status_code for answer in statuses][-1] == 429
    assert 1 <= int(statuses[-1].headers["Retry-After"]) <= 60
    assert signed_in(app).get(USAGE).status_code == 200


# ------------------------------------------------------------------ pages


def submit(client: FlaskClient, path: str, **form: str) -> TestResponse:
    return client.post(path, data=form, headers={**OURS, **HTML})


def test_account_page_lists_and_revokes_tokens(app: Flask, client: FlaskClient) -> None:
    token = add_token(app, name="Mine & <yours>")
    page = client.get("/account").text
    assert "Mine &amp; &lt;yours&gt;" in page
    assert "never used" in page
    assert token not in page
    program(app, token).get(USAGE, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert "from <bdi>203.0.113.9</bdi>" in client.get("/account").text
    (path,) = re.findall(r'formaction="(/account/tokens/\d+/revoke)"', page)
    assert submit(signed_in(app, "viewer"), path).status_code == 404
    answer = submit(client, path)
    assert (answer.status_code, answer.location) == (303, "/account?done=token")
    page = client.get(answer.location).text
    assert "is not valid any more" in page
    assert "Mine &amp;" not in page
    assert program(app, token).get(USAGE).status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"name": "", "last_day": "2099-01-01"}, "Enter a name"),
        ({"name": "x" * 81, "last_day": ""}, "at most 80"),
        ({"name": "A", "last_day": "tomorrow"}, "“tomorrow” is not a date such as"),
        ({"name": "A", "last_day": "2099-01-01"}, "“2099-01-01” is not a day from today to"),
        ({"name": "A"}, "Enter a day such as"),
    ],
)
def test_invalid_form(client: FlaskClient, form: dict[str, str], error: str) -> None:
    answer = submit(client, "/account/tokens", **form)
    assert (answer.status_code, error in answer.text) == (400, True)
    assert not AccessToken.select().exists()


def test_adding_asks_for_the_password_again(client: FlaskClient) -> None:
    Session.update(confirmed_at=timestamp(-15 * 60)).execute()
    answer = submit(client, "/account/tokens", name="A", last_day=str(today()))
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/account/confirm")
    assert not AccessToken.select().exists()
    assert "/account/confirm?next=/account" in client.get("/account").text


def test_admins_see_and_revoke_all(app: Flask, client: FlaskClient) -> None:
    token = add_token(app, "viewer")
    viewer = User.get(User.role == "viewer")
    assert '<td class="number">1</td>' in client.get("/users").text
    page = client.get(f"/users/{viewer.id}").text
    (path,) = re.findall(rf'formaction="(/users/{viewer.id}/tokens/\d+/revoke)"', page)
    assert submit(signed_in(app, "admin", "North"), path).status_code == 403
    assert (
        submit(client, path.replace(f"/users/{viewer.id}/", f"/users/{User.get(User.role == 'admin').id}/")).status_code
        == 404
    )
    assert "is not valid any more" in client.get(submit(client, path).location).text
    assert program(app, token).get(USAGE).status_code == 401
    event = AuditEvent.get(AuditEvent.event == "token revoked")
    assert (event.who, event.about) == ("admin@partner.example", "viewer@partner.example")
