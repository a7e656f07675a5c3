"""The print page: all rows of a view on one page, as the screen shows them."""

import re
from html import unescape
from itertools import cycle

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.reports import REPORTS
from app.web.reports import print_view
from models import Import
from tests.support import csv_rows, signed_in, table_rows
from tests.web.forms import sent_by_form

pytestmark = pytest.mark.usefixtures("edge_cases")

USAGE = "/reports/customer-usage"
HTML = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("slug", "query"), list(zip(REPORTS, cycle(["", "sort=-customer&size=25", "q=twin&reseller=-"]), strict=False))
)
def test_print_page_has_the_rows_of_all_pages(client: FlaskClient, slug: str, query: str) -> None:
    address = f"/reports/{slug}?{query}"
    printed, rows = client.get(f"/reports/{slug}/print?{query}").text, []
    while address:
        page = client.get(address).text
        rows += table_rows(page)
        address = unescape("".join(re.findall(r'<a id="next"[^>]* href="([^"]+)"', page)))
    assert table_rows(printed) == rows
    assert len(rows) == len(csv_rows(client.get(f"/reports/{slug}.csv?{query}").data)) - 1
    assert f"<dd>{len(rows)}" in printed


@pytest.mark.parametrize(
    "query", ["open=all", "open=all&columns=certificate_type&columns=used", "open=1&open=2&open=2.1"]
)
def test_open_rows_are_open_in_print(client: FlaskClient, query: str) -> None:
    screen = client.get(f"{USAGE}?size=200&{query}").text
    printed = client.get(f"{USAGE}/print?{query}").text
    assert table_rows(printed) == table_rows(screen)
    assert 'data-depth="1"' in printed
    assert f"<dt>Rows</dt><dd>{len(csv_rows(client.get(f'{USAGE}.csv?{query}').data)) - 1}<" in printed, (
        "as the page counts"
    )
    assert not re.search(r'hx-get|name="toggle"|<input|sort-', printed.partition("<main")[2].partition("</main>")[0])


def test_form_leads_to_the_print_page_and_back(client: FlaskClient) -> None:
    query = "columns=customer&columns=used&sort=-used&size=25&open=1&q=a"
    page = client.get(f"{USAGE}?{query}").text
    assert f'<button id="print" class="button quiet square" formaction="{USAGE}/print"' in page
    printed = client.get(f"{USAGE}/print", query_string=sent_by_form(page)).text
    assert re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', printed) == ["Customer", "Used"]
    assert f'href="{USAGE}?{query.replace("&size=25", "").replace("&", "&amp;")}">Back to the report' in printed


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.parametrize("query", ["", "q=twin", "columns=customer", "columns=customer&columns=cost&columns=used"])
def test_totals_in_print_are_those_of_the_screen(client: FlaskClient, slug: str, query: str) -> None:
    lacking = {"cost", "used"} - REPORTS[slug].columns_by_key.keys()
    query = "&".join(pair for pair in query.split("&") if pair.removeprefix("columns=") not in lacking)
    foots = re.findall("<tfoot>(.*?)</tfoot>", client.get(f"/reports/{slug}/print?{query}").text, re.DOTALL)
    assert [foot.strip() for foot in foots] == [client.get(f"/reports/{slug}/totals?{query}").text.strip()]
    assert "tfoot" not in client.get(f"/reports/{slug}/print?q=nothing+like+it").text


def test_print_page_describes_its_view(client: FlaskClient) -> None:
    printed = client.get("/reports/customer-subscriptions/print?period=this-year&status=Active").text
    for label in ("End", "Status", "Sorted by", "Data as of", "Rows"):
        assert f"<dt>{label}</dt>" in printed
    assert f"<time>{Import.last()[1]}</time> UTC" in printed, "of the import that its numbers are from"
    assert "costs in USD" in printed
    assert "times in UTC" in client.get("/reports/customer-transactions/print").text


def test_print_page_of_a_reseller_names_it(app: Flask, client: FlaskClient) -> None:
    own = signed_in(app, "viewer", "Zebra Resale")
    assert "<dt>Customers of</dt><dd><bdi>Zebra Resale</bdi></dd>" in own.get(f"{USAGE}/print").text
    assert table_rows(own.get(f"{USAGE}/print").text) == table_rows(own.get(USAGE).text)
    assert "Customers of" not in client.get(f"{USAGE}/print").text


def test_viewer_prints_top_level_rows_only(app: Flask, client: FlaskClient) -> None:
    viewer = signed_in(app, "viewer")
    assert f'formaction="{USAGE}/print"' in viewer.get(USAGE).text
    assert table_rows(viewer.get(f"{USAGE}/print").text) == table_rows(client.get(f"{USAGE}/print").text)
    for query in ("open=all", "open=1", "columns=product", "certificate_type=SSL"):
        assert viewer.get(f"{USAGE}/print?{query}").status_code == 403


@pytest.mark.parametrize("query", ["", "open=all"])
def test_too_many_rows_are_refused_with_the_csv(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    rows = len(table_rows(client.get(f"{USAGE}/print?{query}").text))
    monkeypatch.setattr(print_view, "MAX_PRINTED_ROWS", rows)
    assert len(table_rows(client.get(f"{USAGE}/print?{query}").text)) == rows
    monkeypatch.setattr(print_view, "MAX_PRINTED_ROWS", rows - 1)
    response = client.get(f"{USAGE}/print?{query}", headers=HTML)
    assert response.status_code == 400
    assert f"more than {rows - 1} rows" in response.text
    assert 'href="/reports/customer-usage.csv">Export as CSV' in response.text
    if not query:
        response = signed_in(app, "viewer").get(f"{USAGE}/print", headers=HTML)
        assert response.status_code == 400
        assert ".csv" not in response.text


@pytest.mark.parametrize(
    "query", ["size=x&sort=none", "open=none", "q=a&q=b", "toggle=x", "move=used", "reset=all", "dialect=plain"]
)
def test_wrong_query_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"{USAGE}/print?{query}").status_code == 400


def test_empty_view_says_so_in_print(client: FlaskClient) -> None:
    assert "Nothing matches" in client.get(f"{USAGE}/print?q=nothing+like+it").text
