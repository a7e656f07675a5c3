"""Grouped views: their page, their form, what a group opens into and leads to, and who may see what."""

import re
from html import unescape
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from app.reports import REPORTS
from app.reports.standard_views import STANDARD_VIEWS, StandardView
from app.table import groups, totals
from models import User
from tests.support import csv_rows, signed_in, table_rows
from tests.web.forms import sent_by_form

pytestmark = pytest.mark.usefixtures("edge_cases")

TRANSACTIONS = "/reports/customer-transactions"
DIMENSIONS = [(slug, key) for slug, report in REPORTS.items() for key in report.dimensions_by_key]


def links(html: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'<a href="([^"]*)"(?: title="Show these rows"|>All rows)', html)]


def every_row(client: FlaskClient, address: str) -> list[list[str]]:
    """The rows of a view's CSV without its heading."""
    path, _, query = address.partition("?")
    response = client.get(f"{path}.csv?{query}")
    assert response.status_code == 200, response.text
    return csv_rows(response.data)[1:]


@pytest.mark.parametrize(("slug", "key"), DIMENSIONS)
def test_page_has_the_groups_of_the_file_and_leads_to_their_rows(client: FlaskClient, slug: str, key: str) -> None:
    address = f"/reports/{slug}?group={key}&size=200"
    html = client.get(address).text
    grouped = every_row(client, address)
    shown = table_rows(html)
    plain = [[cell.replace(",", "") for cell in row[1:]] for row in shown]
    assert plain == [row[1:] for row in grouped[:200]]
    filled = [row for row in grouped[:200] if row[1] != "0"]
    found = links(html)
    assert len(found) == len(filled)
    for link, row in zip(found[:25], filled, strict=False):
        assert len(every_row(client, link)) == int(row[1]), link
    paths = [unescape(path) for path in re.findall(r'name="toggle" value="([^"]*)"', html)][:25]
    opened = client.get(
        f"/reports/{slug}", query_string=[("group", key), ("size", "200"), *(("open", p) for p in paths)]
    )
    assert opened.text.count("Rows of the group</caption>") == len(paths) > 0


def test_group_opens_to_its_first_rows(client: FlaskClient) -> None:
    html = client.get(f"{TRANSACTIONS}?group=action").text
    path = re.search(r'name="toggle" value="([^"]*)"[^>]*>', html)[1]
    assert path == "Cancel"
    opened = client.get(f"{TRANSACTIONS}?group=action&toggle={path}&grouped=action", follow_redirects=True)
    assert opened.request.query_string == b"group=action&open=Cancel"
    assert 'aria-expanded="true"' in opened.text
    rows = table_rows(opened.text)
    assert rows[0][0] == "Cancel"
    inside = rows[1 : 1 + int(rows[0][1])]
    assert {row[6] for row in inside} == {"Cancel"}
    assert len(rows) == len(table_rows(html)) + len(inside)
    lazily = client.get(f"{TRANSACTIONS}/rows?group=action&node=Cancel")
    assert table_rows(lazily.text) == inside
    assert lazily.headers["HX-Replace-Url"] == f"{TRANSACTIONS}?group=action&open=Cancel"
    assert client.get(f"{TRANSACTIONS}/rows?group=action&node=none").status_code == 404


def test_values_of_the_row_above_are_marked(client: FlaskClient) -> None:
    html = client.get(f"{TRANSACTIONS}?group=year&group=action&group=reseller&period=this-and-last-year").text
    marked = [int(number or 0) for number in re.findall(r'<tr(?: class="repeats-(\d)")?><th scope="row">', html)]
    rows = [row[:3] for row in table_rows(html)]
    repeated = [next(i for i in range(3) if row[i] != above[i]) for above, row in pairwise(rows)]
    assert marked[: len(rows)] == [0, *repeated]
    assert {0, 1, 2} == set(marked)


def summary(client: FlaskClient, query: str) -> str:
    response = client.get(f"{TRANSACTIONS}/summary?{query}", headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.text


def test_chart_of_periods_stacks_the_other_dimension(client: FlaskClient) -> None:
    html = summary(client, "group=quarter&group=action&from=2024-01-01&to=2026-12-31")
    assert "<figcaption><span>Cost by quarter and action</span>" in html
    bars = re.findall(r'title="(20\d\d-Q\d): ([^;"]*)', html.partition("</figure>")[0])
    rows = every_row(client, f"{TRANSACTIONS}?group=quarter&from=2024-01-01&to=2026-12-31")
    assert [(name, number.replace(",", "")) for name, number in bars] == [(row[0], row[3]) for row in rows]
    assert 'class="legend" href="' in html
    assert "action=Renew" in html


def test_chart_of_names_has_the_largest(client: FlaskClient) -> None:
    html = summary(client, "group=reseller&group=month")
    assert "<span>Cost by month and reseller</span>" in html
    html = summary(client, "group=reseller&group=user")
    assert "<span>Cost by reseller</span>" in html
    bars = re.findall(r'<tr><th scope="row" dir="auto" title="([^"]*): ([^"]*)"', html.partition("</figure>")[0])
    rows = every_row(client, f"{TRANSACTIONS}?group=reseller")
    largest = sorted(rows, key=lambda row: -float(row[3]))
    names = [(unescape(name).replace("No reseller", ""), number.replace(",", "")) for name, number in bars]
    assert sorted(names) == sorted((row[0], row[3]) for row in largest if float(row[3]))


@pytest.mark.parametrize(("slug", "key"), DIMENSIONS)
def test_every_dimension_has_charts(client: FlaskClient, slug: str, key: str) -> None:
    for group in (
        f"group={key}",
        f"group={key}&group=customer" if key != "customer" else "group=customer&group=reseller",
    ):
        html = client.get(f"/reports/{slug}/summary?{group}").text
        assert html.count("<figure") == len(REPORTS[slug].charts)


def test_groups_of_very_many_rows_come_after_the_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"{TRANSACTIONS}?group=user&action=Renew"
    right = table_rows(client.get(address).text)
    monkeypatch.setattr(groups, "MAX_ROWS_AT_ONCE", 1)
    assert table_rows(client.get(address).text) == right, "they are in memory"
    pending = client.get(f"{TRANSACTIONS}?group=user&action=Cancel").text
    assert "Adding up all rows" in pending
    assert not table_rows(pending)
    [rest] = re.findall(r'hx-get="([^"]+wait=1[^"]*)"', pending)
    fragment = client.get(unescape(rest), headers={"HX-Request": "true"})
    assert fragment.status_code == 200
    assert table_rows(fragment.text) == table_rows(client.get(f"{TRANSACTIONS}?group=user&action=Cancel").text) != []


@pytest.mark.parametrize("hidden", ["", "&columns=used"])
def test_group_says_how_much_some_of_its_rows_are_over(client: FlaskClient, hidden: str) -> None:
    """DV Single is over by 5, and EV Wildcard has 5 left: together they have used no more than they have."""
    html = client.get(f"/reports/customer-usage?group=certificate_type&customer=C-1{hidden}").text
    assert html.count("some over by 5</span>") == 1
    assert "number over" not in html
    html = client.get("/reports/customer-usage?group=product&customer=C-1").text
    assert re.findall('"number over"><span class="badge bad">(over by .)<', html) == ["over by 5"]


def test_print_has_the_groups(client: FlaskClient) -> None:
    printed = client.get(f"{TRANSACTIONS}/print?group=year&group=action").text
    assert table_rows(printed) == table_rows(client.get(f"{TRANSACTIONS}?group=year&group=action").text)
    assert "Grouped by" in printed


def test_form_groups_and_ungroups(client: FlaskClient) -> None:
    html = client.get(f"{TRANSACTIONS}?columns=cost&sort=cost&action=Renew").text
    sent = [pair for pair in sent_by_form(html) if pair[0] != "group"]
    response = client.get(TRANSACTIONS, query_string=[*sent, ("group", "month"), ("group", ""), ("group", "user")])
    assert response.headers["Location"] == f"{TRANSACTIONS}?group=month&group=user&sort=cost&action=Renew"
    html = client.get(response.headers["Location"]).text
    assert "Group: Month, User" in html
    sent = sent_by_form(html)
    assert client.get(TRANSACTIONS, query_string=sent).headers["Location"] == response.headers["Location"]
    cleared = client.get(TRANSACTIONS, query_string=[*sent, ("reset", "group")])
    assert cleared.headers["Location"] == f"{TRANSACTIONS}?sort=cost&action=Renew"


def test_order_that_groups_lack_ends(client: FlaskClient) -> None:
    html = client.get(f"{TRANSACTIONS}?sort=reseller").text
    sent = [pair for pair in sent_by_form(html) if pair[0] != "group"]
    assert client.get(TRANSACTIONS, query_string=[*sent, ("group", "year")]).headers["Location"].endswith("?group=year")


def test_two_menus_with_one_dimension_name_it_once(client: FlaskClient) -> None:
    sent = [pair for pair in sent_by_form(client.get(f"{TRANSACTIONS}?group=month").text) if pair[0] != "group"]
    chosen = [*sent, ("group", "month"), ("group", "month"), ("group", "user")]
    assert client.get(TRANSACTIONS, query_string=chosen).headers["Location"] == f"{TRANSACTIONS}?group=month&group=user"
    fragment = client.get(
        TRANSACTIONS, query_string=chosen[:-1], headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert 'hx-target="#group-fields"' in fragment.text
    cleared = client.get(TRANSACTIONS, query_string=[*chosen, ("reset", "group")])
    assert cleared.headers["Location"] == TRANSACTIONS


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("group=nothing", "group: “nothing” can’t be grouped by"),
        ("group=month&group=month", "group: “month” is named twice"),
        ("group=month&group=year&group=user&group=action", "group: “action” is one too many"),
        ("group=month&columns=date", "columns: “date” is not a column"),
        ("group=month&open=a.b", "open: “a.b” is not a row that opens"),
        ("group=month&open=a.b.c.d", "open: “a.b.c.d” is not a row that opens"),
    ],
)
def test_wrong_groups_are_named(client: FlaskClient, query: str, error: str) -> None:
    response = client.get(f"{TRANSACTIONS}?{query}")
    assert response.status_code == 400
    assert error.replace("’", "'") in unescape(response.text)


def test_viewers_group_what_they_see(app: Flask) -> None:
    viewer = signed_in(app, "viewer")
    for key in ("certificate_type", "product"):
        response = viewer.get(f"/reports/customer-usage?group=reseller&group={key}")
        assert response.status_code == 403
        assert "as a group" in response.text
    html = viewer.get("/reports/customer-usage?group=reseller").text
    assert "certificate_type" not in html
    assert viewer.get(f"{TRANSACTIONS}?group=product").status_code == 200


@pytest.mark.parametrize("view", STANDARD_VIEWS, ids=lambda view: view.name)
def test_standard_view_is_a_tab_of_everybody(app: Flask, view: StandardView) -> None:
    path = f"/reports/{view.slug}"
    for client in (signed_in(app), signed_in(app, "viewer"), signed_in(app, "admin", "Zebra Resale")):
        tabs = dict(re.findall(r'href="([^"]+)"[^>]*><bdi>([^<]+)</bdi>', client.get(path).text))
        [address] = [unescape(url) for url, name in tabs.items() if name == view.name] or [""]
        response = client.get(address or path)
        assert response.status_code == 200
        assert (f'aria-current="page"><bdi>{view.name}</bdi>' in response.text) is bool(address)
        assert address or view.name == "By certificate type", "viewers see no certificate types"


def test_standard_view_goes_without_costs(app: Flask) -> None:
    person = signed_in(app)
    User.update(may_see_costs=False).execute()
    html = person.get(TRANSACTIONS).text
    [address] = re.findall(r'href="([^"]+)"[^>]*><bdi>By reseller</bdi>', html)
    response = person.get(unescape(address))
    assert response.status_code == 200
    assert [len(row) for row in table_rows(response.text)] == [2] * len(table_rows(response.text))
    assert "Cost" not in response.text.partition("<main")[2]


def test_reseller_groups_its_own_customers(app: Flask) -> None:
    own = signed_in(app, "admin", "Zebra Resale")
    assert {row[0] for row in every_row(own, "/reports/customer-transactions?group=reseller")} == {"Zebra Resale"}
    everybody = signed_in(app)
    assert len(every_row(everybody, "/reports/customer-transactions?group=reseller")) > 1


def test_json_has_the_groups_of_the_csv(client: FlaskClient) -> None:
    query = "group=month&group=action&from=2025-01-01"
    found = client.get(f"{TRANSACTIONS}.json?{query}").json
    assert [column["type"] for column in found["columns"]] == ["text", "text", "integer", "integer", "amount"]
    rows = every_row(client, f"{TRANSACTIONS}?{query}")
    assert [[str(cell) for cell in row] for row in found["rows"]] == rows
    page = client.get(f"{TRANSACTIONS}.json?{query}&size=25").json
    assert page["rows"] == found["rows"][:25]
    assert page["total"] == len(rows)


@pytest.mark.parametrize("ending", ["", "/count", "/summary", "/print", ".csv", ".xlsx", ".json", ".json?size=25"])
def test_too_many_groups_are_refused(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    path, _, size = ending.partition("?")
    address = f"{TRANSACTIONS}{path}?group=customer&{size}"
    monkeypatch.setattr(totals, "MAX_GROUPS", 2)
    with client.get(address) as answer:
        assert (answer.status_code, "at most 2 groups" in answer.text) == (400, True)
    monkeypatch.setattr(totals, "MAX_GROUPS", 1000)
    with client.get(address) as answer:
        assert answer.status_code == 200


def test_command_refuses_too_many_groups(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "MAX_GROUPS", 2)
    result = runner.invoke(args=["export", "customer-transactions", "group=customer"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "at most 2 groups" in result.stderr
