"""Pages, files and print take input as people paste it, and show it as it is understood."""

from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import AuditEvent, SavedView
from tests import workbooks
from tests.support import OURS, SUBSCRIPTIONS, TRANSACTIONS, USAGE, csv_rows, load, signed_in, table_rows
from tests.web import parties
from tests.web.forms import shown_query
from tests.web.test_find import chips

pytestmark = pytest.mark.usefixtures("edge_cases")

PASTED = [
    ("q", " s-1\t", "q=s-1", 2),
    ("q", "TWIN\u200b", "q=TWIN", 2),
    ("q", "line \u3000 break", "q=line%20break", 1),
    ("customer", "\tc-1 ", "customer=C-1", 1),
    ("subscription", "\xa0S-10\r\n", "subscription=s-10", 1),
    ("reseller", "North,\xa0 Ltd ", "reseller=North%2C%20Ltd", 3),
    ("name", " Twin", "name=Twin", 2),
]


@pytest.mark.parametrize(("key", "pasted", "canonical", "count"), PASTED)
def test_page_files_and_print_agree(client: FlaskClient, key: str, pasted: str, canonical: str, count: int) -> None:
    slug, query = SUBSCRIPTIONS, {key: pasted}
    page = client.get(f"/reports/{slug}", query_string=query).text
    rows = table_rows(page)
    assert len(rows) == count
    assert shown_query(page) == canonical
    assert len(csv_rows(client.get(f"/reports/{slug}.csv", query_string=query).data)) == count + 1
    assert table_rows(client.get(f"/reports/{slug}/print", query_string=query).text) == rows
    assert client.get(f"/reports/{slug}/count", query_string=query).text.count(f"{count}") >= 1
    about = [event.about for event in AuditEvent.select().where(AuditEvent.event == "export")]
    assert set(about) == {f"/reports/{slug}.csv?{canonical}"}


def test_form_leads_to_the_canonical_address(client: FlaskClient) -> None:
    form = {"q": " \t", "customer": " c-1", "subscription": "s-1\n", "was": ""}
    answer = client.get(f"/reports/{SUBSCRIPTIONS}", query_string=form)
    assert (answer.status_code, answer.location) == (303, f"/reports/{SUBSCRIPTIONS}?customer=C-1&subscription=S-1")
    page = client.get(f"/reports/{SUBSCRIPTIONS}", query_string={"customer": " c-1"}).text
    assert list(chips(page)) == ["Remove filter Customer ID: C-1"]


def test_workbook_and_saved_view_name_the_cleaned_values(client: FlaskClient) -> None:
    data = client.get(f"/reports/{SUBSCRIPTIONS}.xlsx", query_string={"customer": " c-1 ", "q": "ång "}).data
    about = workbooks.about(data)
    assert (about["Customer ID"], about["Search"]) == ("C-1", "ång")
    client.post(f"/reports/{USAGE}/views", data={"name": "One", "view": "customer=c-1%20&q=%20a"}, headers=OURS)
    assert [view.query for view in SavedView.select()] == ["q=a&customer=C-1"]


def test_address_tells_nothing_outside_the_scope(app: Flask) -> None:
    north = signed_in(app, "admin", "North, Ltd")
    for typed, canonical in (("c-1", "c-1"), (" c-5", "C-5"), ("c-9 ", "c-9")):
        page = north.get(f"/reports/{TRANSACTIONS}", query_string={"customer": typed})
        assert list(chips(page.text)) == [f"Remove filter Customer ID: {canonical}"]
        moved = north.get(f"/reports/{TRANSACTIONS}", query_string={"customer": typed, "was": ""})
        assert moved.location == f"/reports/{TRANSACTIONS}?customer={canonical}"
    assert north.get("/customers?customer=c-1").status_code == 404


# ------------------------------------------------------------------ the page of a customer


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("customer=c-1", "customer=C-1"), ("customer=%09C-1+", "customer=C-1"), ("name=+Twin&reseller=-", None),
        ("name=Twin+&reseller=North,++Ltd", "name=Twin&reseller=North%2C%20Ltd"), ("customer=c-99", None),
    ],
)  # fmt: skip
def test_customer_is_found_as_pasted(client: FlaskClient, query: str, location: str | None) -> None:
    answer = client.get(f"/customers?{query}")
    assert answer.location == (location and f"/customers?{location}")
    assert answer.status_code == (303 if location else 404)
    assert not location or client.get(answer.location).status_code == 200


def test_blank_customer_is_none(client: FlaskClient) -> None:
    for query in ("customer=%20", "name=%C2%A0&reseller=-", "customer=%E2%80%8B"):
        assert client.get(f"/customers?{query}").status_code == 400


def test_customers_whose_ids_differ_by_case_are_listed(client: FlaskClient, tmp_path: Path) -> None:
    rows = ["One,Ab-1,,SSL,DV,1,1", "Two,aB-1,,SSL,DV,1,1", "Odd  Blank,,,SSL,DV,1,1"]
    (tmp_path / "usage.csv").write_text("\n".join([parties.USAGE, *rows]), "utf-8")
    load(USAGE, tmp_path / "usage.csv")
    choice = client.get("/customers?customer=ab-1").text
    assert "/customers?customer=Ab-1" in choice
    assert "/customers?customer=aB-1" in choice
    assert "<h1><bdi>Two" in client.get("/customers?customer=aB-1", headers={"Accept": "text/html"}).text
    page = client.get(f"/reports/{USAGE}?customer=ab-1").text
    assert [row[0] for row in table_rows(page)] == ["One", "Two"]
    assert client.get("/customers?name=Odd++Blank").location == "/customers?name=Odd%20Blank"
    assert "<h1><bdi>Odd Blank" in client.get("/customers?name=Odd+Blank", headers={"Accept": "text/html"}).text


# ------------------------------------------------------------------ dates


@pytest.mark.parametrize("key", ["from", "to"])
@pytest.mark.parametrize(
    "value",
    ["1899-12-31", "0001-01-01", "0202-01-15", "0000-01-01", "10000-01-01", "2026-1-5", "05.01.2026", "01152027"],
)
def test_other_dates_are_refused_with_words(client: FlaskClient, key: str, value: str) -> None:
    for ending in ("", ".csv", "/print"):
        answer = client.get(f"/reports/{TRANSACTIONS}{ending}?{key}={value}")
        assert answer.status_code == 400
        assert f"{key}: “{value}” is not a date" in unescape(answer.text)
        assert "such as 2026-11-22" in answer.text


def test_first_and_last_day_are_dates(client: FlaskClient) -> None:
    assert client.get(f"/reports/{TRANSACTIONS}?from=1900-01-01&to=9999-12-31").status_code == 200
