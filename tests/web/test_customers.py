"""The page of a customer, and the links to it."""

import re
from decimal import Decimal
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.reports import REPORTS
from app.reports.customer_page import SECTIONS, SUMS
from models import Customer, Import
from tests.databases import on_both
from tests.databases import sqlite_first as database_url
from tests.support import SUBSCRIPTIONS, TRANSACTIONS, USAGE, csv_rows, load, signed_in, table_rows
from tests.web import parties

__all__ = ["database_url"]

FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
TWIN = "/customers?name=Twin&reseller="

pytestmark = pytest.mark.usefixtures("edge_cases")


def parts(page: str) -> dict[str, str]:
    """The sections of a customer's page, by the address that each heading leads to."""
    found = re.findall(
        r'<section class="customer-section">.*?<h2[^>]*><a href="([^"]+)">(.*?)</section>', page, re.DOTALL
    )
    return {unescape(address): text for address, text in found}


def sums(page: str) -> dict[str, tuple[str, str]]:
    """The sums at the head of a customer's page, each with the address of its rows, by their labels."""
    found = re.findall(r'<dt>([^<]+)</dt><dd><a href="([^"]+)">([^<]+)</a></dd>', page)
    return {label: (text, unescape(address)) for label, address, text in found}


def addresses(page: str) -> set[str]:
    return {unescape(each) for each in re.findall(r'href="(/customers[^"]*)"', page)}


# ------------------------------------------------------------------ links


@pytest.mark.parametrize("slug", REPORTS)
def test_names_and_ids_link_to_the_customer(client: FlaskClient, slug: str) -> None:
    page = client.get(f"/reports/{slug}?size=200&columns=customer&columns=customer_id").text
    rows = re.findall(r"<tr><th.*?</tr>", page.partition("<tbody")[2].partition("<tfoot")[0], re.DOTALL)
    assert rows
    for row, (name, ref) in zip(rows, table_rows(page), strict=True):
        (address,) = addresses(row)
        assert address == f"/customers?{'customer' if ref else 'name'}={quote(ref or name, safe='')}"
        answer = client.get(address)
        assert answer.status_code == 200
        assert unescape(re.findall(r"<h1><bdi>(.*?)</bdi></h1>", answer.text, re.DOTALL)[0]) == name


def test_expandable_row_has_a_customer_link(client: FlaskClient) -> None:
    page = client.get(f"/reports/{USAGE}?q=C-1").text
    assert re.search(r'</button><a dir="auto" href="/customers\?customer=C-1">Ång', page)
    number = Customer.get(Customer.ref == "C-1").id
    assert not addresses(client.get(f"/reports/{USAGE}/rows?node={number}&columns=customer_id").text)


def test_name_is_a_link_in_any_column(client: FlaskClient) -> None:
    first = client.get(f"/reports/{SUBSCRIPTIONS}?columns=customer&columns=cost&customer=C-1").text
    assert re.search(r'<a dir="auto" href="/customers\?customer=C-1">Ång', first)
    behind = client.get(f"/reports/{SUBSCRIPTIONS}?columns=cost&columns=customer&customer=C-1").text
    assert re.search(r'<td dir="auto"><a href="/customers\?customer=C-1">Ång', behind)


# ------------------------------------------------------------------ the page


@on_both
def test_page_shows_the_customer_and_the_reports_rows(client: FlaskClient) -> None:
    last = Import.last()
    assert last
    page = client.get("/customers?customer=C-1").text
    assert "<dd><bdi>C-1</bdi></dd>" in page
    assert f"<dt>Data as of</dt><dd><time>{last[1]}</time> UTC</dd>" in page
    assert "<dd><bdi>Zebra Resale</bdi></dd>" in page
    assert list(parts(page)) == [f"/reports/{slug}?customer=C-1" for slug in (SUBSCRIPTIONS, TRANSACTIONS, USAGE)]
    for section, (address, part) in zip(SECTIONS, parts(page).items(), strict=True):
        query = "&".join([f"columns={key}" for key in section.columns] + [f"sort={section.sort}"])
        rows = table_rows(client.get(f"{address}&{query}").text)
        assert [row[-len(section.columns) :] for row in rows] == table_rows(part)
        assert table_rows(part)


@pytest.mark.parametrize("reseller", ["North, Ltd", "Zebra Resale"])
def test_reseller_tells_namesakes_apart(client: FlaskClient, reseller: str) -> None:
    choice = client.get("/customers?name=Twin")
    assert choice.status_code == 200
    addressed = {f"{TWIN}{each}" for each in ("North%2C%20Ltd", "Zebra%20Resale")}
    assert addresses(choice.text) == addressed
    page = client.get(f"/customers?name=Twin&reseller={reseller}").text
    assert f"<dd><bdi>{reseller}</bdi></dd>" in page
    found = parts(page)
    assert all("name=Twin&reseller=" in address for address in found)
    (subscription,) = table_rows(next(iter(found.values())))
    assert subscription[1] == {"North, Ltd": "S-6", "Zebra Resale": "S-7"}[reseller]
    for address, part in found.items():
        assert len(table_rows(client.get(address).text)) >= bool(table_rows(part))


@on_both
def test_name_redirects_once_the_customer_has_an_id(client: FlaskClient, tmp_path: Path) -> None:
    row = "Twin,N-9,Zebra Resale,SSL,DV Single,1,1"
    (tmp_path / "usage.csv").write_text(f"{parties.USAGE}\n{row}\n", "utf-8")
    load(USAGE, tmp_path / "usage.csv")
    answer = client.get(f"{TWIN}Zebra+Resale")
    assert (answer.status_code, answer.location) == (303, "/customers?customer=N-9")
    assert addresses(client.get("/customers?name=Twin").text) == {"/customers?customer=N-9", f"{TWIN}North%2C%20Ltd"}


def test_empty_sections(client: FlaskClient) -> None:
    found = list(parts(client.get("/customers?customer=C-7").text).values())
    assert ["No subscriptions." in found[0], "No transactions." in found[1], "No inventory." in found[2]] == [
        "<table" not in part for part in found
    ]
    assert "No inventory." in found[2]


def test_section_shows_ten_rows_and_the_total(client: FlaskClient, tmp_path: Path) -> None:
    lines = [f"Many,M-1,M-{n},,Plan,2031-01-{n:02},1.00,2020-01-01,a@b.example,2020-01-01,1" for n in range(1, 13)]
    (tmp_path / "many.csv").write_text("\n".join([parties.SUBSCRIPTIONS, *lines]), "utf-8")
    load(SUBSCRIPTIONS, tmp_path / "many.csv")
    part = next(iter(parts(client.get("/customers?customer=M-1").text).values()))
    assert [row[1] for row in table_rows(part)] == [f"M-{n}" for n in range(12, 2, -1)]
    assert "10 of 12." in part


@pytest.mark.parametrize("query", ["customer=C-1", "customer=C-7", f"{TWIN}North%2C%20Ltd".partition("?")[2]])
def test_sums_add_up_the_linked_rows(client: FlaskClient, query: str) -> None:
    found = sums(client.get(f"/customers?{query}").text)
    assert list(found) == [each.label for each in SUMS]
    for each in SUMS:
        text, address = found[each.label]
        path, _, linked = address.partition("?")
        headings, *rows = csv_rows(client.get(f"{path}.csv?{linked}").data)
        report = REPORTS[each.slug]
        column = headings.index(report.columns_by_key[each.column].label) if each.column else None
        expected = sum(Decimal(row[column]) for row in rows) if column is not None else len(rows)
        assert Decimal(text.replace(",", "")) == expected, each.label


def test_ended_subscriptions_cost_nothing(client: FlaskClient, tmp_path: Path) -> None:
    lines = [f"Many,M-1,M-{end},,Plan,{end},1000.50,2020-01-01,a,2020-01-01,1" for end in ("9999-01-02", "2020-01-02")]
    (tmp_path / "many.csv").write_text("\n".join([parties.SUBSCRIPTIONS, *lines]), "utf-8")
    load(SUBSCRIPTIONS, tmp_path / "many.csv")
    cost, address = sums(client.get("/customers?customer=M-1").text)["Cost of active subscriptions"]
    assert (cost, address) == ("1,000.50", f"/reports/{SUBSCRIPTIONS}?customer=M-1&status=Active")


# ------------------------------------------------------------------ permissions and errors


def test_viewer_sees_the_same_sums(app: Flask, client: FlaskClient) -> None:
    whole = sums(client.get("/customers?customer=C-1").text)
    assert sums(signed_in(app, "viewer").get("/customers?customer=C-1").text) == whole
    assert whole["Current Inventory"][0] == "8"


def test_viewer_sees_usage_without_details(app: Flask) -> None:
    viewer = signed_in(app, "viewer")
    page = viewer.get("/customers?customer=C-1").text
    assert "Certificate Type" not in page.partition("<main")[2]
    assert table_rows(list(parts(page).values())[2]) == [["8", "5", "8"]]
    for address in parts(page):
        assert viewer.get(address).status_code == 200


@on_both
@pytest.mark.parametrize("query", ["customer={}", "name={}", "name={}&reseller=-", "name={}&reseller=nobody"])
def test_customer_out_of_scope_answers_like_a_missing_one(app: Flask, query: str) -> None:
    north = signed_in(app, "admin", "North, Ltd")
    foreign, missing = ("C-1", "C-9") if query.startswith("customer") else ("Ångström & Søn, A/S", "Nobody")
    answers = []
    for name in (foreign, missing):
        params = dict(pair.split("=") for pair in query.format(name.replace("&", "%")).split("&"))
        params = {key: value.replace("%", "&") for key, value in params.items()}
        answer = north.get("/customers", query_string=params)
        answers.append((answer.status_code, answer.text.replace(name, "…").rpartition("Request")[0]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    assert "<h1>" in north.get("/customers?customer=C-5", headers={"Accept": "text/html"}).text


def test_reseller_sees_only_its_own_namesake(app: Flask) -> None:
    page = signed_in(app, "admin", "North, Ltd").get("/customers?name=Twin").text
    assert "S-6" in page
    assert "S-7" not in page
    assert "Zebra" not in page


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "customer=ID"), ("customer=", "customer=ID"), ("customer=C-1&name=Twin", "customer=ID"),
        ("customer=C-1&reseller=-", "customer=ID"), ("reseller=-", "customer=ID"), ("customer=C-1&customer=C-2", "C-2"),
        ("customer=C-1&sort=cost", "sort: “cost” names no customer"),
        ("customer=%00", "holds what no name or id can hold"),
    ],
)  # fmt: skip
def test_invalid_parameters_are_400(client: FlaskClient, query: str, message: str) -> None:
    answer = client.get(f"/customers?{query}")
    assert answer.status_code == 400
    assert message in unescape(answer.text)


def test_name_filter_is_hidden_with_a_chip(client: FlaskClient) -> None:
    page = client.get(f"/reports/{USAGE}?name=Twin&reseller=North,+Ltd").text
    assert '<input type="hidden" name="name" value="Twin">' in page
    assert "Customer without ID</label>" not in page
    assert 'Customer without ID: <b dir="auto">Twin</b>' in page
    assert [row[:3] for row in table_rows(page)] == [["Twin", "", "North, Ltd"]]
    assert '<input type="hidden" name="name" value="">' in client.get(f"/reports/{USAGE}").text
