"""What viewers and admins of one reseller see, and which requests are refused."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.permissions import PARTNER_PERMISSIONS, Permission
from app.reports import REPORTS
from app.table.definitions import permitted_report
from app.web.rules import RULES
from models import AuditEvent, CustomerUsage, Reseller
from tests.support import OURS, signed_in, table_rows
from tests.web.routes import routes

pytestmark = pytest.mark.usefixtures("edge_cases")

USAGE = "/reports/customer-usage"
HTML = {"Accept": "text/html"}


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return signed_in(app, "viewer")


@pytest.mark.parametrize("slug", REPORTS)
def test_viewer_sees_the_same_rows(client: FlaskClient, viewer: FlaskClient, slug: str) -> None:
    queries = ["", "sort=-customer", "q=twin", "size=25&before=end", "reseller=-"]
    for query in queries:
        rows = table_rows(viewer.get(f"/reports/{slug}?{query}").text)
        assert rows == table_rows(client.get(f"/reports/{slug}?{query}").text)
        assert rows


@pytest.mark.parametrize("slug", REPORTS)
def test_viewer_page_offers_no_admin_controls(client: FlaskClient, viewer: FlaskClient, slug: str) -> None:
    text = viewer.get(f"/reports/{slug}").text
    assert not any(word in text for word in (".csv", ".xlsx", "Export"))
    assert "expander" not in text
    assert not re.search(r'/rows\?|name="toggle"|name="open"', text)
    if slug == "customer-usage":
        assert "ertificate" not in text.partition("<main")[2]
        assert ">Product<" not in text
    page = client.get(f"/reports/{slug}").text
    assert "Export" in page
    assert ("expander" in page) is (slug == "customer-usage")


def test_viewer_can_follow_every_link(viewer: FlaskClient) -> None:
    for slug in REPORTS:
        offered = set(re.findall(rf'href="(/reports/{slug}[^"]*)"', viewer.get(f"/reports/{slug}").text))
        columns = permitted_report(REPORTS[slug], frozenset({Permission.VIEW_COSTS})).columns_by_key
        offered |= {f"/reports/{slug}?columns={key}&amp;sort={key}" for key in columns}
        offered |= {f"/reports/{slug}?move={key}:up" for key in columns}
        for address in offered:
            assert viewer.get(address.replace("&amp;", "&"), headers=HTML).status_code in (200, 303), address


@pytest.mark.parametrize(
    "query",
    [
        "columns=certificate_type", "columns=customer&columns=product", "certificate_type=SSL", "product=DV+Single",
        "product=nothing+like+it", "open=1", "open=999999", "toggle=1", "toggle=1.1", "columns=product&sort=product",
    ],
)  # fmt: skip
def test_viewer_asking_for_details_is_refused(viewer: FlaskClient, query: str) -> None:
    for headers in ({}, HTML, {**HTML, "HX-Request": "true", "HX-Request-Type": "partial"}):
        answer = viewer.get(f"{USAGE}?{query}", headers=headers)
        assert answer.status_code == 403
        assert "for admins" in answer.text
        assert "viewer" in answer.text
        assert not table_rows(answer.text)
    event = AuditEvent.get(AuditEvent.event == "request")
    assert (event.outcome, event.who, event.about) == ("refused", "viewer@partner.example", f"GET {USAGE}")


@pytest.mark.parametrize(
    "path",
    [
        *(f"/reports/{slug}.{ending}" for slug in REPORTS for ending in ("csv", "xlsx")),
        f"{USAGE}/rows?node=1",
        f"{USAGE}/rows?node=x",
    ],
)
def test_viewer_cannot_export_or_expand(viewer: FlaskClient, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = viewer.open(path, method=method)
        assert answer.status_code == 403
        assert "Content-Disposition" not in answer.headers
    assert "for admins" in viewer.get(path).text


def test_viewer_sort_by_hidden_column_is_default_sort(viewer: FlaskClient) -> None:
    assert table_rows(viewer.get(f"{USAGE}?sort=product").text) == table_rows(viewer.get(USAGE).text)


def test_viewer_cannot_use_an_admins_cursor(client: FlaskClient, viewer: FlaskClient) -> None:
    inside = client.get(f"{USAGE}?columns=certificate_type&size=25&before=end").text
    assert table_rows(inside)
    for cursor in ("1-1-00000000-1-00000000-00000000", "2-1-00000000-1-00000000-00000000"):
        assert viewer.get(f"{USAGE}?after={cursor}").status_code == 400


@pytest.mark.parametrize(
    ("role", "reseller"), [("viewer", None), ("viewer", "Zebra Resale"), ("admin", "Zebra Resale")]
)
def test_users_and_audit_need_a_partner_admin(app: Flask, role: str, reseller: str | None) -> None:
    for_partners = {endpoint for endpoint, rule in RULES.items() if rule.permission in PARTNER_PERMISSIONS}
    requests = [(method, path) for endpoint, method, path in routes(app) if endpoint in for_partners]
    assert {path for _, path in requests} >= {"/users", "/audit"}
    client = signed_in(app, role, reseller)
    page = client.get("/reports").text
    assert "/users" not in page
    assert "/audit" not in page
    for method, path in requests:
        assert client.open(path, method=method, headers=OURS).status_code == 403, path


def test_reseller_admin_has_admin_controls(app: Flask) -> None:
    client = signed_in(app, "admin", "Zebra Resale")
    assert "Export" in client.get(USAGE).text
    assert client.get(f"{USAGE}.csv").status_code == 200
    own = CustomerUsage.select().join(Reseller).where(Reseller.name == "Zebra Resale", CustomerUsage.parts > 0).get()
    assert table_rows(client.get(f"{USAGE}/rows?node={own.customer_id}").text)
