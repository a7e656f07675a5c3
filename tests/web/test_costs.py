"""An account without the right to see costs has reports without Cost, on every route and whatever it asks for."""

import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from itertools import product
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth.permissions import Permission
from app.reports import REPORTS
from models import AuditEvent, SavedView, User
from tests.support import OURS, in_trials, load, signed_in, table_rows
from tests.web.parties import SUBSCRIPTIONS, TRANSACTIONS, USAGE
from tests.web.routes import UNSAFE, routes

WITH_COST = ["customer-subscriptions", "customer-transactions"]
HTML = {"Accept": "text/html"}
FRAGMENT = {**HTML, "HX-Request": "true", "HX-Request-Type": "partial"}

# All amounts but two are 0, so that each sum of some rows is 0 or one of these: exact, short as in charts, in cents.
AMOUNTS = ("48151.62", "48,151.62", "48.2k", "4815162", "34274.62", "34,274.62", "34.3k", "3427462")

ROWS = {
    "customer-subscriptions": [
        SUBSCRIPTIONS,
        "Acme,C-1,S-1,North,Plan,2031-01-01,48151.62,2024-01-01,ann,2025-01-01 00:00:00,5",
        "Acme,C-1,S-2,North,Plan,2031-02-01,0.00,2024-01-01,ann,2025-01-01 00:00:00,5",
    ],
    "customer-transactions": [
        TRANSACTIONS,
        "Acme,C-1,S-1,North,DV,T-1,Inventory,2026-11-01 00:00:00,5,34274.62,ann",
        "Acme,C-1,S-1,North,DV,T-2,Renew,2026-10-01 00:00:00,5,0.00,ann",
    ],
    "customer-usage": [USAGE, "Acme,C-1,North,SSL,DV,5,4"],
}
ASKING = ["columns=cost", "columns=customer&columns=cost", "sort=cost", "sort=-cost", "move=cost:up", "q=a&sort=cost"]


@pytest.fixture(autouse=True)
def rows(app: Flask, tmp_path: Path) -> None:
    for slug, lines in ROWS.items():
        path = tmp_path / f"{slug}.csv"
        path.write_text("\n".join(lines), "utf-8")
        load(slug, path)


@pytest.fixture
def without(app: Flask) -> FlaskClient:
    return signed_in(app, costs=False)


def text_of(response: TestResponse) -> str:
    """Return the headers and the body; of a workbook, all that is in it."""
    if not response.data.startswith(b"PK"):
        return f"{response.headers}{response.text}"
    with ZipFile(BytesIO(response.data)) as file:
        return "".join(file.read(name).decode() for name in file.namelist())


def queries(slug: str) -> Iterator[str]:
    """What somebody may ask of a report, right and wrong, without a word about costs."""
    keys = [column.key for column in REPORTS[slug].columns if column.permission != Permission.VIEW_COSTS]
    columns = "&".join(f"columns={key}" for key in keys)
    yield from ("", f"{columns}&sort=-{keys[-1]}", "q=acme&before=end&open=all", "toggle=1&reset=columns", "node=1")
    yield from ("columns=bogus&sort=bogus&size=0&bogus=1&after=x", "move=bogus:up")


def walk(client: FlaskClient, app: Flask) -> Iterator[tuple[str, str]]:
    """Ask every route for everything, as a page and for htmx; yield each address with the response."""
    for endpoint, method, path in routes(app):
        if method != "GET" or endpoint in ("static", "home.health"):
            continue
        slug = next((slug for slug in REPORTS if f"/{slug}" in path), "")
        asked = list(queries(slug)) if slug else ["", "customer=C-1", f"report={WITH_COST[0]}"]
        for query, headers in product(asked, [HTML] if path.endswith((".csv", ".xlsx")) else [HTML, FRAGMENT]):
            response = client.get(f"{path}?{query}", headers=headers)
            assert response.status_code < 500, (path, query)
            yield f"{path}?{query}", text_of(response)


def saved_view(client: FlaskClient, slug: str, query: str) -> SavedView:
    form = {"name": f"View {SavedView.select().count()}", "view": query, "shared": "yes"}
    assert client.post(f"/reports/{slug}/views", data=form, headers=OURS).status_code == 303
    view: SavedView = SavedView.select().order_by(SavedView.id.desc()).get()
    return view


def test_walk_meets_each_amount_with_the_right(app: Flask, client: FlaskClient) -> None:
    met = "".join(text for _, text in walk(client, app))
    assert {amount for amount in AMOUNTS if amount in met} == {*AMOUNTS} - {"48.2k", "4815162", "3427462"}


@pytest.mark.parametrize(("role", "reseller"), [("admin", None), ("viewer", "North")])
def test_no_response_tells_a_cost(app: Flask, client: FlaskClient, role: str, reseller: str | None) -> None:
    saved_view(client, "customer-transactions", "sort=-cost")
    for slug in WITH_COST:
        assert client.get(f"/reports/{slug}.csv?sort=cost").status_code == 200  # for the audit trail
    person, count = signed_in(app, role, reseller, costs=False), 0
    for address, text in walk(person, app):
        assert not [amount for amount in AMOUNTS if amount in text], address
        if not address.startswith(("/users", "/audit", "/reports/views/")):
            assert not re.search(r"\bcosts?\b", text, re.IGNORECASE), address
        count += 1
    assert count > 150


@pytest.mark.parametrize("role", ["admin", *in_trials("viewer")])
def test_no_form_tells_a_cost(app: Flask, role: str) -> None:
    forms = [{}, {"view": "sort=cost"}, {"view": "columns=cost"}, {"view": "", "name": "Mine"}]
    for endpoint, method, path in routes(app):
        if method in UNSAFE and not endpoint.startswith(("oidc.", "users.")):
            for form in forms:
                person = signed_in(app, role, costs=False)  # some forms end the session
                text = text_of(person.open(path, method=method, data=form, headers={**OURS, **HTML}))
                assert not [amount for amount in AMOUNTS if amount in text], (path, form)
    assert not SavedView.select().where(SavedView.query.contains("cost")).exists()


@pytest.mark.parametrize("slug", WITH_COST)
@pytest.mark.parametrize("query", ASKING)
def test_asking_for_costs_is_refused(without: FlaskClient, slug: str, query: str) -> None:
    without_form = [] if "move" in query else ["/count", "/totals"]
    for ending in ["", ".csv", ".xlsx", "/print", *without_form]:
        response = without.get(f"/reports/{slug}{ending}?{query}", headers=HTML)
        assert response.status_code == 403, ending
        assert "costs are for accounts with the right to see them" in unescape(response.text)
        assert not table_rows(response.text)
    assert AuditEvent.get(AuditEvent.event == "request").outcome == "refused"


def test_cost_with_another_fault_is_an_unknown_column(without: FlaskClient) -> None:
    response = without.get("/reports/customer-transactions?columns=cost&sort=bogus", headers=HTML)
    assert response.status_code == 400
    details = re.findall(r"“cost” is not a column of this report; it has ([^<]*)", unescape(response.text))
    assert details
    assert "cost" not in details[0]


def test_viewer_without_costs_is_told_both_reasons(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    column = REPORTS["customer-usage"].columns_by_key["product"]
    monkeypatch.setitem(column.__dict__, "permission", Permission.VIEW_COSTS)
    response = signed_in(app, "viewer", costs=False).get("/reports/customer-usage?columns=product")
    assert response.status_code == 403
    assert "Product as a column: looking inside rows is for admins" in response.text
    assert "Product as a column: costs are for accounts" in response.text


def test_shared_view_opens_without_its_costs(app: Flask, client: FlaskClient, without: FlaskClient) -> None:
    whole = saved_view(client, "customer-transactions", "columns=customer&columns=cost&sort=-cost")
    plain = saved_view(client, "customer-transactions", "sort=date")
    page = without.get("/reports/customer-transactions").text
    assert f'"/reports/views/{whole.id}"' in page
    assert '"/reports/customer-transactions?sort=date"' in page
    assert without.get(f"/reports/views/{plain.id}").location == "/reports/customer-transactions?sort=date"
    told = unescape(without.get(f"/reports/views/{whole.id}").text)
    assert "Cost as a column: costs are for accounts" in told
    assert "Sort by Cost: costs are for accounts" in told
    assert 'href="/reports/customer-transactions?columns=customer"' in told
    assert client.get(f"/reports/views/{whole.id}").status_code == 303


def test_right_holds_from_the_next_request_on(app: Flask, client: FlaskClient, without: FlaskClient) -> None:
    account = User.get(~User.may_see_costs)
    page = without.get("/reports/customer-transactions").text
    tag = re.search(r'"X-Visitor": ?"([0-9a-f]+)"', unescape(page))
    assert tag
    form = {"role": "admin", "audience": "partner", "costs": "yes"}
    assert client.post(f"/users/{account.id}", data=form, headers=OURS).status_code == 303
    assert "34,274.62" in without.get("/reports/customer-transactions").text
    stale = without.get("/reports/customer-transactions/totals", headers={**FRAGMENT, "X-Visitor": tag[1]})
    assert stale.status_code == 409  # the page has no column for the sums
    del form["costs"]
    assert client.post(f"/users/{account.id}", data=form, headers=OURS).status_code == 303
    assert "34,274.62" not in without.get("/reports/customer-transactions").text


def test_users_page_ticks_costs(client: FlaskClient, without: FlaskClient) -> None:
    ticked = re.compile(r'name="costs" value="yes" checked')
    assert ticked.search(client.get("/users").text)
    for account in User.select():
        assert bool(ticked.search(client.get(f"/users/{account.id}").text)) is account.may_see_costs
    form = {"email": "new@partner.example", "role": "viewer", "audience": "partner"}
    wrong = client.post("/users", data={**form, "costs": "maybe"}, headers=OURS)
    assert wrong.status_code == 400
    assert "“maybe”" in wrong.text
    for email, costs, expected in (("a@x.example", "yes", True), ("b@x.example", "", False)):
        assert client.post("/users", data={**form, "email": email, "costs": costs}, headers=OURS).status_code == 200
        assert User.get(User.email == email).may_see_costs is expected
