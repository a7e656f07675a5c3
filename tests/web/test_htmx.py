"""What a fragment tells htmx: fields that show something else, the address for the history, whose page it is."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.web.reports.htmx import history_headers
from models import User
from tests.support import OURS, signed_in, table_rows, view_of
from tests.web.forms import Pairs, corrections, filled_in, sent_by_form

USAGE, TRANSACTIONS = "/reports/customer-usage", "/reports/customer-transactions"
FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}


def fragment(client: FlaskClient, path: str, pairs: Pairs) -> str:
    response = client.get(path, query_string=MultiDict(pairs), headers=FRAGMENT)
    assert response.status_code == 200
    return response.text


# ------------------------------------------------------------------ the fragment


@pytest.mark.usefixtures("edge_cases")
def test_fragment_has_no_part_of_the_form(client: FlaskClient) -> None:
    text = fragment(client, TRANSACTIONS, sent_by_form(client.get(TRANSACTIONS).text))
    assert not re.search(r'<form|<select|type="(search|text|date|radio|checkbox)"|formaction', text)
    assert not re.search("<tr[^>]* id=", text), "htmx would move rows with an id instead of changing them"
    targets = re.findall(r'hx-target="#([^"]+)"', text)
    assert set(targets) == {"period-label", "filter-count", "group-label", "report-links", "view-bar", "live"}
    assert len(re.findall(r'id="results"', text)) == 1


@pytest.mark.parametrize(
    ("pairs", "corrected"),
    [
        ({}, {}),
        ({"q": " twin  a "}, {"q": (" twin  a ", "twin a")}),
        ({"customer": " c-1"}, {"customer": (" c-1", "C-1")}),
        ({"q": "<&'\""}, {}),
        ({"q": " <&'\" "}, {"q": (" <&'\" ", "<&'\"")}),
        ({"period": "today", "from_": "2026-01-01", "to_": "2026-01-02", "was": "days"},
         {"from": ("2026-01-01", ""), "to": ("2026-01-02", "")}),
        ({"period": "today", "from_": "2026-01-01", "was": "today"}, {"period": ("today", "")}),
        ({"action": "Renew", "product": "DV Single", "sort": "cost", "size": "25"}, {}),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("edge_cases")
def test_fields_are_corrected_that_show_something_else(
    client: FlaskClient, pairs: dict[str, str], corrected: dict[str, tuple[str, str]]
) -> None:
    form = sent_by_form(client.get(TRANSACTIONS).text)
    text = fragment(client, TRANSACTIONS, filled_in(form, **pairs))
    assert corrections(text) == corrected
    state = text.partition('<div id="state" hidden>')[2].partition("</div>")[0]
    assert state.count("<data") == len(corrected)


@pytest.mark.usefixtures("edge_cases")
def test_whole_page_corrects_nothing(client: FlaskClient) -> None:
    assert "<data" not in client.get(f"{TRANSACTIONS}?q=a").text


@pytest.mark.parametrize(
    ("columns", "command", "is_stale"),
    [
        (["customer", "used"], [], False),
        (["used", "customer"], [], True),  # Customer is fixed
        ([], [], True),  # without a column the default ones return
        (["customer", "used"], [("move", "used:up")], False),
        (["customer", "used", "reseller"], [("move", "used:down")], True),
        (["customer", "used"], [("reset", "columns")], True),
    ],
)
@pytest.mark.usefixtures("edge_cases")
def test_chooser_is_replaced_when_it_shows_other_columns(
    client: FlaskClient, columns: list[str], command: Pairs, is_stale: bool
) -> None:
    text = fragment(client, USAGE, [("q", ""), *(("columns", key) for key in columns), *command])
    assert ('hx-target="#column-list"' in text) is is_stale
    boxes = re.findall(r'name="columns" value="(\w+)"(?: data-default)?(?: checked)?>', text)
    assert (set(columns) <= set(boxes)) is is_stale or not columns


@pytest.mark.usefixtures("edge_cases")
def test_toolbar_says_what_is_set(client: FlaskClient) -> None:
    for query, label, count in (
        ([], "Date: Any time", ""),
        ([("period", "this-quarter")], "Date: This quarter", ""),
        ([("period", "next-30-days"), ("action", "Renew")], "Date: Next 30 days", "1"),
        ([("from", "2026-01-01"), ("q", "a"), ("reseller", "-")], "Date: from 2026-01-01", "1"),
        ([("to", "2026-01-01")], "Date: to 2026-01-01", ""),
        ([("from", "2026-01-01"), ("to", "2026-01-31")], "Date: 2026-01-01 – 2026-01-31", ""),
    ):
        page, part = client.get(TRANSACTIONS, query_string=MultiDict(query)).text, fragment(client, TRANSACTIONS, query)
        assert f'<span id="period-label">{label}</span>' in page
        assert f'<b id="filter-count">{count}</b>' in page
        assert re.findall(r'hx-target="#period-label"[^>]*>([^<]*)<', part) == [label]
        assert re.findall(r'hx-target="#filter-count"[^>]*>([^<]*)<', part) == [count]


# ------------------------------------------------------------------ what is read after the page


def cells(foot: str) -> list[str]:
    """The texts of the cells of a table's foot."""
    return [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", foot)]


@pytest.mark.usefixtures("edge_cases")
def test_totals_are_the_foot_of_the_table(client: FlaskClient) -> None:
    page = client.get(f"{USAGE}?columns=customer&columns=used&columns=reseller&columns=available&q=a").text
    [address] = re.findall(r'<tfoot id="totals-[^"]+" hx-preserve hx-get="([^"]+)"', page)
    foot = client.get(address.replace("&amp;", "&"), headers=FRAGMENT).text
    used, available = (sum(int(row[at].replace(",", "")) for row in table_rows(page)) for at in (1, 3))
    assert cells(foot) == [f"All {len(table_rows(page))} rows", f"{used:,}", "", f"{available:,}"]
    assert "<h1" not in foot
    assert client.get(f"{USAGE}/totals?sort=price").status_code == 400


@pytest.mark.usefixtures("edge_cases")
def test_totals_of_hidden_columns_stand_behind_the_label(client: FlaskClient) -> None:
    foot = client.get(f"{USAGE}/totals?columns=customer&columns=reseller&columns=used&customer=C-1").text
    assert cells(foot) == [
        "The one row", "Current Inventory 8, Available 5, Over Inventory 5", "8"
    ]  # fmt: skip
    hidden = client.get(f"{USAGE}/totals?columns=customer&customer=C-1").text
    assert cells(hidden) == ["The one row"]


@pytest.mark.usefixtures("edge_cases")
def test_summary_for_htmx_has_only_charts(client: FlaskClient) -> None:
    for slug in ("customer-subscriptions", "customer-transactions", "customer-usage"):
        part = client.get(f"/reports/{slug}/summary", headers=FRAGMENT).text
        assert part
        assert not re.search(r"<h1|<hx-partial|All \d+ rows", part)
        assert re.search(r"<h1>.*All \d+ rows", client.get(f"/reports/{slug}/summary").text, re.DOTALL)


@pytest.mark.usefixtures("edge_cases")
def test_sums_stay_while_only_the_order_changes(client: FlaskClient) -> None:
    def ids(query: str) -> tuple[str, str]:
        [summary] = re.findall(r'id="(summary-[0-9a-f]{8})"', page := client.get(f"{USAGE}?{query}").text)
        [totals] = re.findall(r'id="(totals-[0-9a-f]{8}-[0-9a-f]{8})"', page)
        return summary, totals

    first = ids("q=a")
    for query in ("q=a&sort=-used", "q=a&size=25", "q=a&open=all", "q=a&before=end"):
        assert ids(query) == first
    moved = ids("q=a&columns=customer&columns=used")
    assert moved[1] != first[1], "sums must not stand under another column"
    other = ids("q=tw")
    assert other[0] != first[0]
    assert other[1] != first[1]


# ------------------------------------------------------------------ the history


@pytest.mark.parametrize(
    ("current", "requested", "header"),
    [
        ("", "q=a", "HX-Push-Url"),
        ("q=a", "", "HX-Push-Url"),
        ("q=a", "q=ac", "HX-Replace-Url"),
        ("q=a&sort=used", "q=ac&sort=used", "HX-Replace-Url"),
        ("q=a&open=1", "q=ac&open=1", "HX-Replace-Url"),
        ("q=a", "q=ac&reseller=-", "HX-Push-Url"),
        ("q=a", "q=a&sort=used", "HX-Push-Url"),
        ("q=a", "q=ab&sort=used", "HX-Push-Url"),
        ("q=a&customer=C", "q=b&customer=C-1", "HX-Push-Url"),
        ("customer=C", "customer=C-1", "HX-Replace-Url"),
        ("q=a&customer=C", "q=a&customer=C-1", "HX-Replace-Url"),
        ("", "customer=C", "HX-Push-Url"),
        ("customer=C-1", "", "HX-Push-Url"),
        ("reseller=-", "reseller=North", "HX-Push-Url"),  # chosen, not typed
        ("name=Twin", "name=Twins", "HX-Push-Url"),  # links set it
        ("q=a&size=25", "q=a&size=25", None),
        ("reseller=-&q=a", "q=a&reseller=-", None),  # another order of the same view
        ("size=7", "", "HX-Push-Url"),  # an address with an error is no view
    ],
)
def test_history_pushes_or_replaces_the_address(app: Flask, current: str, requested: str, header: str | None) -> None:
    view = view_of("customer-usage", [tuple(pair.split("=")) for pair in requested.split("&") if pair])
    with app.test_request_context(headers={"HX-Current-URL": f"http://localhost{USAGE}?{current}"}):
        assert history_headers(view) == (
            {header: f"{USAGE}{'?' * bool(requested)}{view.query_string}"} if header else {}
        )


@pytest.mark.parametrize("address", ["", "http://[", "nonsense", "http://localhost/elsewhere?a=b"])
def test_odd_current_address_pushes_a_filtered_view(app: Flask, address: str) -> None:
    view = view_of("customer-usage", [("q", "a")])
    with app.test_request_context(headers={"HX-Current-URL": address}):
        assert history_headers(view) == {"HX-Push-Url": f"{USAGE}?q=a"}


# ------------------------------------------------------------------ whose page it is


def page_of(client: FlaskClient, path: str = USAGE) -> dict[str, str]:
    """The headers that htmx sends with what a page asks for."""
    [tag] = re.findall(r"""hx-headers:inherited='\{"X-Visitor": "([0-9a-f]{8})"\}'""", client.get(path).text)
    return {**FRAGMENT, "X-Visitor": tag, "HX-Current-URL": f"http://localhost{path}"}


@pytest.mark.parametrize(
    "path", [USAGE, f"{USAGE}/rows?node=1", f"{USAGE}/totals", f"{USAGE}/count", "/reports/attention"]
)
@pytest.mark.usefixtures("edge_cases")
def test_page_of_another_visitor_is_loaded_anew(app: Flask, client: FlaskClient, path: str) -> None:
    of_page = page_of(client)
    assert client.get(path, headers=of_page).status_code in (200, 404)
    for other in (signed_in(app, "viewer"), signed_in(app, "admin", "Zebra Resale")):
        answer = other.get(path, headers=of_page)
        assert (answer.status_code, answer.headers["HX-Refresh"]) == (409, "true")
        assert not table_rows(answer.text)
        assert other.get(path, headers=FRAGMENT).status_code != 409, "a script that isn't ours needs no tag"


@pytest.mark.usefixtures("edge_cases")
def test_page_from_before_a_change_of_rights_is_loaded_anew(app: Flask, client: FlaskClient) -> None:
    of_page = page_of(client)
    User.update(role="viewer").execute()
    answer = client.get(USAGE, headers=of_page)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (409, "true")
    assert client.get(USAGE, headers=page_of(client)).status_code == 200


def test_form_of_another_visitor_changes_nothing(app: Flask, client: FlaskClient) -> None:
    of_page = page_of(client, "/users")
    data = {"email": "eve@partner.example", "role": "viewer", "audience": "partner"}
    other = signed_in(app, "admin", "Zebra Resale")
    assert other.post("/users", data=data, headers={**OURS, **of_page}).status_code == 409
    assert not User.select().where(User.email == "eve@partner.example").exists()


def test_signed_out_page_leads_to_the_sign_in(client: FlaskClient, stranger: FlaskClient) -> None:
    answer = stranger.get(f"{USAGE}/totals", headers=page_of(client))
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, f"/login?next={USAGE}")


def test_sign_in_page_has_no_tag(stranger: FlaskClient) -> None:
    assert "X-Visitor" not in stranger.get("/login").text
