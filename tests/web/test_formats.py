"""The file formats of an export; the one that a person used last comes first."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from werkzeug.test import TestResponse

from app.reports import REPORTS
from app.table import csv, xlsx
from app.web.reports import export
from app.web.reports.export import FORMATS, WORKBOOK
from app.web.reports.export_places import MAX_EXPORTS
from models import AuditEvent, Customer, reports_db
from tests import workbooks
from tests.support import csv_rows, signed_in, view_of

pytestmark = pytest.mark.usefixtures("nasty")

HTML = {"Accept": "text/html"}
FRAGMENT = {**HTML, "HX-Request": "true", "HX-Request-Type": "partial"}
TRANSACTIONS = "/reports/customer-transactions"
BOOK = f"{TRANSACTIONS}.xlsx"


def download(client: FlaskClient, address: str, **options: str) -> TestResponse:
    """A response that was read to its end."""
    response = client.get(address, **options)
    response.get_data()
    return response


def export_links(text: str) -> tuple[str, list[str]]:
    """The addresses of the Export button and of its menu."""
    button = re.findall(r'id="export"[^>]* href="([^"]+)"', text)
    menu = re.search(r'<details class="menu">.*?</details>', text, re.DOTALL)
    assert menu
    return unescape(*button), [unescape(address) for address in re.findall(r'href="([^"]+)"', menu[0])]


def export_events() -> list[tuple[str, str, str]]:
    return [
        (event.outcome, event.about, event.details) for event in AuditEvent.select().where(AuditEvent.event == "export")
    ]


def test_dialects_differ_in_bytes_not_in_file_name(client: FlaskClient) -> None:
    responses = [download(client, f"{TRANSACTIONS}.csv?dialect={name}") for name in ("excel", "semicolon", "plain")]
    names = {response.headers["Content-Disposition"] for response in responses}
    assert names == {f'attachment; filename="customer-transactions-{datetime.now(UTC).date()}.csv"'}
    assert {response.headers["Content-Type"] for response in responses} == {"text/csv; charset=utf-8"}
    excel, semicolon, plain = (response.data for response in responses)
    assert excel == client.get(f"{TRANSACTIONS}.csv").data == b"\xef\xbb\xbf" + plain
    assert b";12345,67;Ann\r\n" in semicolon
    assert semicolon.startswith("\ufeffCustomer;Customer ID;".encode())


@pytest.mark.parametrize("headers", [{}, HTML])
def test_wrong_dialect_is_refused_and_named(client: FlaskClient, headers: dict[str, str]) -> None:
    for query, words in (
        ("dialect=tsv", "dialect: “tsv” is not a dialect of CSV; use one of excel, semicolon, plain"),
        ("dialect=plain&dialect=plain", "dialect: “plain” is a second value; dialect can have only one"),
        ("dialect=PLAIN&columns=price", "dialect: “PLAIN” is not a dialect"),
        ("dialect=plain&columns=price", "columns: “price” is not a column"),
    ):
        response = client.get(f"{TRANSACTIONS}.csv?{query}", headers=headers)
        assert response.status_code == 400
        assert words in response.text
    assert download(client, f"{TRANSACTIONS}.csv?dialect=").status_code == 200


@pytest.mark.parametrize("place", ["", ".xlsx", "/count", "/rows"])
def test_only_csvs_have_a_dialect(client: FlaskClient, place: str) -> None:
    response = client.get(f"/reports/customer-usage{place}?dialect=plain")
    assert response.status_code == 400
    assert "dialect: “plain” can't be: this report has no such key" in response.text


def test_menu_links_the_same_view_in_every_format(client: FlaskClient) -> None:
    query = "columns=cost&columns=user&sort=-cost&action=Cancel"
    button, menu = export_links(client.get(f"{TRANSACTIONS}?{query}&size=25").text)
    base = "columns=cost&columns=user&sort=-cost&size=25&action=Cancel"
    assert button == menu[0] == f"{TRANSACTIONS}.csv?{base}"
    assert menu[1:] == [
        *(f"{TRANSACTIONS}.csv?{base}&dialect={name}" for name in ("semicolon", "plain")),
        f"{BOOK}?{base}",
    ]
    assert export_links(client.get(TRANSACTIONS).text)[1][2] == f"{TRANSACTIONS}.csv?dialect=plain"
    for address in menu:
        assert download(client, address).status_code == 200
    book = client.get(menu[3]).data
    view = view_of("customer-transactions", [tuple(pair.split("=")) for pair in query.split("&")])
    assert workbooks.rows(view, book) == csv_rows(client.get(menu[0]).data)[1:]


@pytest.mark.parametrize("key", FORMATS)
def test_button_offers_the_last_format(client: FlaskClient, key: str) -> None:
    index = list(FORMATS).index(key)
    download(client, export_links(client.get(TRANSACTIONS).text)[1][index])
    for path, headers in ((TRANSACTIONS, HTML), ("/reports/customer-usage", FRAGMENT)):
        text = client.get(path, headers=headers).text
        button, menu = export_links(text)
        assert button == menu[index]
        assert re.findall(r'aria-current="true">([^<]+)<', text)[0] == FORMATS[key].label


def test_format_cookie_is_protected_and_checked(client: FlaskClient) -> None:
    response = download(client, f"{TRANSACTIONS}.csv?dialect=plain")
    (cookie,) = response.headers.getlist("Set-Cookie")
    assert cookie.startswith("export=plain; ")
    for part in ("Max-Age=31536000", "HttpOnly", "Path=/reports", "SameSite=Lax"):
        assert part in cookie
    assert "Secure" not in cookie
    secure = signed_in(client.application)
    cookie = secure.get_cookie("session")
    secure.set_cookie("__Host-session", cookie.value if cookie else "", secure=True)
    download(secure, f"{TRANSACTIONS}.xlsx", base_url="https://localhost")
    saved = secure.get_cookie("__Secure-export", path="/reports")
    assert saved
    assert (saved.secure, saved.value) == (True, "xlsx")
    assert export_links(secure.get(TRANSACTIONS, base_url="https://localhost").text)[0] == BOOK
    for odd in ("tsv", '"><script>', "", "XLSX"):
        client.set_cookie("export", odd, path="/reports")
        assert export_links(client.get(TRANSACTIONS).text)[0] == f"{TRANSACTIONS}.csv"


def test_only_a_download_sets_the_cookie(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Set-Cookie" not in client.head(BOOK).headers
    assert "Set-Cookie" not in client.get(f"{TRANSACTIONS}.csv?dialect=tsv").headers
    monkeypatch.setattr(xlsx, "MAX_ROWS", 2)
    assert "Set-Cookie" not in client.get(BOOK).headers


def test_button_says_how_many_rows_it_exports(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def button_text(query: str) -> str:
        text = client.get(f"{TRANSACTIONS}?{query}").text
        return re.sub("<[^>]+>", "", text.partition('id="export"')[2].partition(">")[2].partition("</a>")[0])

    assert button_text("") == "Export 11 rows"
    assert button_text("q=t-11") == "Export 1 row"
    assert button_text("q=nothing") == "Export 0 rows"
    monkeypatch.setattr("app.table.counts.COUNT_LIMIT", 3)
    assert button_text("q=e") == "Export more than 3 rows"


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_later_count_updates_the_button(app: Flask, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setattr("app.table.counts.COUNT_LIMIT", 3)
    client = signed_in(app, role)
    page = client.get(f"{TRANSACTIONS}?q=e", headers=HTML).text
    (address,) = re.findall(r'hx-get="([^"]+/count[^"]*)"', page)
    count = client.get(unescape(address), headers=FRAGMENT).text
    assert count.startswith("<strong>8</strong>")
    targets = re.findall(r'<hx-partial hx-target="#([^"]+)"[^>]*>8</hx-partial>', count)
    assert len(targets) == (role == "admin"), "viewers have no button"
    assert all(f'id="{target}">more than 3<' in page for target in targets)


def test_workbook_has_a_content_length(client: FlaskClient) -> None:
    for protocol in ("HTTP/1.1", "HTTP/1.0"):
        response = client.get(BOOK, environ_overrides={"SERVER_PROTOCOL": protocol})
        assert response.headers["Content-Length"] == str(len(response.data))
        assert response.headers["Content-Type"] == WORKBOOK.mimetype
        name = f"customer-transactions-{datetime.now(UTC).date()}.xlsx"
        assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert len(workbooks.values(response.data)) == 12


def test_head_writes_no_workbook(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "write_workbook", lambda *_: 1 // 0)
    response = client.head(BOOK)
    assert (response.status_code, response.data, export_events()) == (200, b"", [])
    assert response.headers["Content-Type"] == WORKBOOK.mimetype


def test_workbook_ignores_paging_and_open_rows(client: FlaskClient) -> None:
    whole = workbooks.values(client.get(BOOK).data)
    assert workbooks.values(client.get(f"{BOOK}?after=x&before=y&size=7&open=z").data) == whole


def test_audit_trail_has_every_format(app: Flask) -> None:
    client = signed_in(app, "admin", "Zebra Resale")
    data = client.get(f"{BOOK}?sort=cost").data
    about = workbooks.about(data)
    assert (about["Customers of"], about["Rows"]) == ("Zebra Resale", 4)
    download(client, f"{TRANSACTIONS}.csv?dialect=semicolon&sort=cost")
    csv_address = f"{TRANSACTIONS}.csv?sort=cost&dialect=semicolon"
    assert export_events() == [
        (outcome, address, details)
        for address in (f"{BOOK}?sort=cost", csv_address)
        for outcome, details in (("begun", "{}"), ("done", '{"rows": 4}'))
    ]


def test_broken_off_workbook_is_recorded_as_failed(client: FlaskClient) -> None:
    response = client.get(BOOK)
    next(response.iter_encoded())
    response.close()
    assert [outcome for outcome, *_ in export_events()] == ["begun", "failed"]


def test_failed_workbook_is_an_error_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 4)
    add = xlsx._ReportSheet.add
    monkeypatch.setattr(xlsx._ReportSheet, "add", lambda self, *args: add(self, *args) if self.length < 4 else 1 // 0)
    for _ in range(MAX_EXPORTS + 1):
        response = client.get(BOOK, headers=HTML)
        assert (response.status_code, response.mimetype) == (500, "text/html")
        assert "Content-Disposition" not in response.headers
        assert "Set-Cookie" not in response.headers
    assert export_events()[-1] == ("failed", BOOK, '{"rows": 4}')
    assert reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_database_error_is_503(client: FlaskClient) -> None:
    reports_db.execute_sql('ALTER TABLE "transaction" RENAME COLUMN cost TO price')
    assert client.get(BOOK, headers=HTML).status_code == 503


def test_workbooks_and_csvs_share_the_slots(app: Flask, client: FlaskClient) -> None:
    running = [signed_in(app, reseller="a").get(BOOK), signed_in(app, reseller="b").get(f"{TRANSACTIONS}.csv")]
    for address in (BOOK, f"{TRANSACTIONS}.csv"):
        refused = client.get(address)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    for response in running:
        response.close()
    for _ in range(MAX_EXPORTS + 1):
        assert download(client, BOOK).status_code == 200


def test_too_large_workbook_offers_the_csv(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 10)
    response = client.get(f"{BOOK}?sort=cost", headers=HTML)
    assert response.status_code == 400
    assert "more than 10 rows" in response.text
    assert f'href="{TRANSACTIONS}.csv?sort=cost">Export as CSV<' in response.text
    assert "more than 10 rows" in client.get(BOOK).text
    for _ in range(MAX_EXPORTS + 1):
        assert download(client, f"{BOOK}?q=t-11").status_code == 200
    Customer.update(name="x" * 40_000).where(Customer.ref == "C-6").execute()
    response = client.get(f"{BOOK}?q=t-11", headers=HTML)
    assert response.status_code == 400
    assert "32,767 characters" in response.text
    assert len(client.get(f"{TRANSACTIONS}.csv?q=t-11").data) > 40_000


def test_command_line_writes_every_dialect(client: FlaskClient, runner: FlaskCliRunner) -> None:
    for name in ("excel", "semicolon", "plain"):
        query = f"columns=cost&columns=product&dialect={name}"
        result = runner.invoke(args=["export", "customer-transactions", query])
        assert result.stdout_bytes == client.get(f"{TRANSACTIONS}.csv?{query}").data
    assert export_events()[-2][1] == f"{TRANSACTIONS}.csv?columns=cost&columns=product&dialect=plain"
    result = runner.invoke(args=["export", "customer-transactions", "dialect=tsv&sort=price"])
    assert result.exit_code == 1
    assert "use one of excel, semicolon, plain" in result.stderr
    assert "price" in result.stderr


@pytest.mark.parametrize("slug", REPORTS)
def test_every_report_has_a_workbook(client: FlaskClient, slug: str, tmp_path: Path) -> None:
    about = workbooks.about(client.get(f"/reports/{slug}.xlsx").data)
    assert about["Report"] == REPORTS[slug].title
    assert about["Rows"] == len(csv_rows(client.get(f"/reports/{slug}.csv").data)) - 1
