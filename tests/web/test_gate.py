"""What every request passes before its route: trusted host, CSRF check, session, permission. Headers."""

from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.web.reports.formats import WORKBOOK
from app.web.rules import RULES
from models import AuditEvent
from tests.support import EVERYWHERE, OURS, signed_in
from tests.web.routes import UNSAFE, routes

HTML = {"Accept": "text/html,*/*;q=0.8"}
FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
MISSING_PATHS = [
    "/nothing",
    "/reports/customer-usage/nothing",
    "/users/x",
    "/reports//open",
    "/.git/config",
]


PATHS = [
    "/", "/reports", "/reports/customer-usage", "/reports/customer-usage?size=1", "/nothing", "/login", "/healthz",
    "/users", "/reports/customer-usage.csv", "/reports/customer-usage.xlsx", "/static/app.css",
    "/static/none", "/reports//open",
]  # fmt: skip


def test_every_route_has_a_rule(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(RULES)


def test_public_routes_ask_nothing_of_a_visitor() -> None:
    for endpoint, rule in RULES.items():
        asks = (rule.permission, rule.token, rule.confirm, rule.before_password, rule.before_factor)
        assert not (rule.public and any(asks)), endpoint
        assert rule.public or not (rule.anonymous or rule.one_click), endpoint


def test_route_without_rule_answers_nobody(app: Flask) -> None:
    app.add_url_rule("/new", "new", lambda: "secret")
    for headers in ({}, HTML):
        answer = signed_in(app).get("/new", headers=headers)
        assert answer.status_code >= 400
        assert "secret" not in answer.text


@pytest.mark.usefixtures("edge_cases")
def test_strangers_are_sent_to_sign_in(app: Flask, stranger: FlaskClient) -> None:
    requests = [(method, path) for endpoint, method, path in routes(app) if not RULES[endpoint].public]
    requests += [(method, path) for path in MISSING_PATHS for method in ("GET", "POST")]
    assert len(requests) > 60
    for method, path in requests:
        answer = stranger.open(path, method=method, headers=OURS)
        mimetype = "application/problem+json" if path.endswith(".json") else "text/plain"
        assert (answer.status_code, answer.mimetype) == (401, mimetype), path
        assert b"Sign in first." in answer.data or not answer.data, path
        by_browser = stranger.open(path, method=method, headers={**OURS, **HTML})
        assert (by_browser.status_code, by_browser.location.partition("?")[0]) == (303, "/login"), path
        by_htmx = stranger.open(path, method=method, headers={**OURS, **FRAGMENT})
        assert by_htmx.status_code == 401
        assert by_htmx.headers["HX-Redirect"].startswith("/login"), path


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_files_redirect_browsers_and_refuse_scripts(stranger: FlaskClient, ending: str) -> None:
    address = f"/reports/customer-usage{ending}?sort=-used"
    navigating = {"Sec-Fetch-Mode": "navigate", "Accept": "*/*"}
    fetching = {"Sec-Fetch-Mode": "cors", "Accept": "text/html"}
    back = "/login?next=/reports/customer-usage%3Fsort%3D-used"
    assert stranger.get(address, headers=navigating).location == back
    assert stranger.get(address, headers=HTML).location == back
    for headers in ({}, fetching, {"Accept": "text/csv"}, {"Accept": "*/*"}):
        answer = stranger.get(address, headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, "text/plain")


def seen_at(address: str) -> dict[str, str]:
    """What htmx sends from a page at this address."""
    return {**FRAGMENT, "HX-Current-URL": address}


@pytest.mark.parametrize(
    ("path", "headers", "next_"),
    [
        ("/reports/customer-usage?q=%C3%A9&sort=-used", HTML, "/reports/customer-usage?q=%C3%A9&sort=-used"),
        ("/reports/customer-usage?q=%ff", HTML, "/reports/customer-usage?q=%ff"),
        ("/", HTML, None),
        ("/nothing", HTML, None),
        ("/reports/customer-usage/rows?node=1", HTML, "/reports/customer-usage?node=1"),
        ("/reports/customer-usage/rows?node=1", seen_at("http://localhost/reports/x?open=2"), "/reports/x?open=2"),
        ("/reports/customer-usage", seen_at("https://evil.example/reports"), None),
        ("/reports/customer-usage", seen_at("http://[::1/%"), None),
        ("/reports/x?q=a", {**HTML, "HX-History-Restore-Request": "true"}, "/reports/x?q=a"),
    ],
)  # fmt: skip
def test_sign_in_returns_to_the_page(
    stranger: FlaskClient, path: str, headers: dict[str, str], next_: str | None
) -> None:
    answer = stranger.get(path, headers=headers)
    sign_in_url = answer.headers.get("HX-Redirect") or answer.location
    form = stranger.get(sign_in_url).text
    assert f'name="next" value="{(next_ or "/").replace("&", "&amp;")}"' in form


def test_late_form_returns_to_its_page(stranger: FlaskClient) -> None:
    headers = {**HTML, **OURS, "Referer": "http://localhost/users/7"}
    assert stranger.post("/users/7", headers=headers).location == "/login?next=/users/7"
    assert stranger.post("/logout", headers={**HTML, **OURS}).location == "/login"


CROSS = [
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, False),
    ({"Sec-Fetch-Site": "nonsense"}, False),
    ({"Sec-Fetch-Site": "", "Origin": "http://localhost"}, False),
    ({"Origin": "http://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": "https://localhost"}, False),
    ({"Origin": "http://localhost:8001"}, False),
    ({"Origin": "http://localhost.evil.example"}, False),
    ({"Referer": "http://localhost/account"}, False),
    ({}, False),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Origin": "http://localhost"}, True),
]


def is_refused_as_forged(client: FlaskClient, path: str, headers: dict[str, str], method: str = "POST") -> bool:
    answer = client.open(path, method=method, headers=headers)
    return answer.status_code == 403 and "doesn't come from a page of this application" in answer.text


@pytest.mark.parametrize(("headers", "passes"), CROSS)
def test_cross_site_forms_are_refused(client: FlaskClient, headers: dict[str, str], passes: bool) -> None:
    assert is_refused_as_forged(client, "/users", headers) is not passes


@pytest.mark.parametrize(("headers", "passes"), [({"Sec-Fetch-Site": "cross-site"}, False), (OURS, True)])
def test_every_route_refuses_cross_site_forms(app: Flask, headers: dict[str, str], passes: bool) -> None:
    found = [route for route in routes(app) if route.method in UNSAFE and not RULES[route.endpoint].one_click]
    unsafe = [(method, path) for _, method, path in found]
    assert {path for _, path in unsafe} >= {"/login", "/logout", "/account", "/users"}
    for method, path in unsafe:
        assert is_refused_as_forged(signed_in(app), path, headers, method) is not passes, path


def test_forged_request_is_audited(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert client.get("/reports").status_code == 200
    event = AuditEvent.get(AuditEvent.event == "request")
    assert (event.outcome, event.who, event.about) == ("refused", "admin@partner.example", "POST /logout")


def test_security_headers_on_every_response(client: FlaskClient, stranger: FlaskClient) -> None:
    seen = set()
    requests = [("GET", {}), ("GET", HTML), ("GET", FRAGMENT), ("HEAD", {}), ("POST", HTML), ("OPTIONS", {})]
    for visitor, path, (method, headers) in product((client, stranger), PATHS, requests):
        answer = visitor.open(path, method=method, headers=headers)
        seen.add(answer.status_code)
        assert set(answer.headers.keys()) >= EVERYWHERE | {"X-Request-ID"}, (method, path)
        is_file = path == "/static/app.css" and answer.status_code == 200 and method in ("GET", "HEAD")
        assert is_file or answer.headers["Cache-Control"] == "no-store", (method, path)
        assert "Strict-Transport-Security" not in answer.headers
        answer.close()
    assert seen >= {200, 303, 308, 400, 401, 403, 404}
    too_long = stranger.post("/login", data={"email": "x" * 100_000}, headers=OURS)
    assert too_long.status_code == 413
    assert set(too_long.headers.keys()) >= EVERYWHERE


def test_every_response_has_a_content_type(client: FlaskClient, stranger: FlaskClient) -> None:
    for visitor, path, headers in product((client, stranger), PATHS, ({}, HTML, FRAGMENT)):
        answer = visitor.get(path, headers=headers)
        kind = answer.headers["Content-Type"]
        answer.close()  # an export that isn't closed keeps its place
        if path.endswith(".xlsx") and answer.status_code == 200:
            assert kind == WORKBOOK.mimetype
            assert answer.headers["Content-Disposition"].startswith('attachment; filename="customer-usage-')
            continue
        expected = ("text/html", "text/plain") if path != "/static/app.css" else ("text/css",)
        if path.endswith(".csv") and answer.status_code == 200:
            expected = ("text/csv",)
            assert answer.headers["Content-Disposition"].startswith('attachment; filename="customer-usage-')
        assert kind in {f"{each}; charset=utf-8" for each in expected}, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    "path", ["/.git/config", "/instance/access.db", "/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/static/"]
)
def test_only_static_files_are_served(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_hsts_over_https(client: FlaskClient) -> None:
    for path in PATHS:
        answer = client.get(path, base_url="https://localhost")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        answer.close()


def test_request_ids_are_unique_and_on_error_pages(client: FlaskClient) -> None:
    ids = {client.get("/reports").headers["X-Request-ID"] for _ in range(20)}
    assert len(ids) == 20
    for headers in ({}, HTML):
        answer = client.get("/nothing", headers={**headers, "X-Request-ID": "mine"})
        assert answer.headers["X-Request-ID"] in answer.text
        assert "mine" not in answer.text


def test_health_needs_no_sign_in(stranger: FlaskClient) -> None:
    assert stranger.get("/healthz").data == b"ok"


@pytest.mark.parametrize(
    ("trusted", "host", "status"),
    [
        ("reports.partner.example", "reports.partner.example", 200),
        ("reports.partner.example", "reports.partner.example:8443", 200),
        ("reports.partner.example", "evil.example", 400),
        ("reports.partner.example", "partner.example", 400),
        ("reports.partner.example", "reports.partner.example.evil.example", 400),
        ("a.example, b.example", "b.example", 200),
        (".partner.example", "reports.partner.example", 200),
        ("", "anything.example", 200),
    ],
)
def test_untrusted_host_is_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch, trusted: str, host: str, status: int
) -> None:
    monkeypatch.setenv("TRUSTED_HOSTS", trusted)
    client = create_app().test_client()
    for headers in ({}, HTML):
        answer = client.get("/login", headers={**headers, "Host": host})
        assert answer.status_code == status
        assert set(answer.headers.keys()) >= EVERYWHERE
    refused = client.get("/reports/customer-usage", headers={**HTML, "Host": host})
    assert refused.status_code == (303 if status == 200 else 400), "no redirect to an untrusted host"


@pytest.mark.parametrize("host", ["localhost", "evil.example", "[::1"])
def test_redirects_ignore_the_host_header(app: Flask, client: FlaskClient, host: str) -> None:
    cookie = client.get_cookie("session")
    headers = {"Host": host, "Cookie": f"session={cookie and cookie.value}"}
    answer = app.test_client(use_cookies=False).get("/reports//open?q=a", headers=headers)
    assert (answer.status_code, answer.location) == (308, "/reports/open?q=a")
    assert host not in answer.text


@pytest.mark.parametrize(
    ("proxies", "address", "secure"), [("0", "127.0.0.1", False), ("1", "2.2.2.2", True), ("2", "1.1.1.1", False)]
)
def test_number_of_trusted_proxies(
    app: Flask, monkeypatch: pytest.MonkeyPatch, proxies: str, address: str, secure: bool
) -> None:
    monkeypatch.setenv("PROXIES", proxies)
    client = create_app().test_client()
    headers = {
        "X-Forwarded-For": "9.9.9.9, 1.1.1.1, 2.2.2.2",
        "X-Forwarded-Proto": "http, https",
        "X-Forwarded-Host": "a.example, b.example",
    }
    form = {"email": "nobody@x.example", "password": "x"}
    answer = client.post("/login", data=form, headers={**OURS, **headers})
    assert AuditEvent.select().order_by(AuditEvent.id.desc()).get().address == address
    assert ("Strict-Transport-Security" in answer.headers) is secure
