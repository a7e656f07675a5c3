"""The file formats of an export; the one that a person used last comes first."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.reports import REPORTS
from app.table import csv, xlsx
from app.web.reports import export
from app.web.reports.export_slots import MAX_EXPORTS
from app.web.reports.formats import FORMATS, WORKBOOK
from models import AuditEvent, Customer, reports_db
from tests import workbooks
from tests.support import csv_rows, signed_in, view_of
from tests.web.forms import sent_by_form

pytestmark = pytest.mark.usefixtures("edge_cases")

HTML = {"Accept": "text/html"}
TRANSACTIONS = "/reports/customer-transactions"
BOOK = f"{TRANSACTIONS}.xlsx"


def download(client: FlaskClient, address: str, **options: Any) -> TestResponse:
    """A response that was read to its end."""
    response = client.get(address, **options)
    response.get_data()
    return response


def export_buttons(page: str) -> list[tuple[str, str]]:
    """Address and dialect of the Export button, then of the items of its menu."""
    menu = page.partition('<div id="formats"')[2].partition("</div>")[0]
    button = re.findall(r'<button id="export"[^>]*>', page)
    return [
        (re.findall(r'formaction="([^"]+)"', each)[0], "".join(re.findall(r'name="dialect" value="([^"]+)"', each)))
        for each in [*button, *re.findall("<button[^>]*>", menu)]
        if "/print" not in each
    ]


def press(client: FlaskClient, page: str, button: tuple[str, str]) -> TestResponse:
    """Send the form of a page as one of its export buttons does."""
    address, dialect = button
    pairs = [*sent_by_form(page), *([("dialect", dialect)] if dialect else [])]
    return download(client, address, query_string=MultiDict(pairs))


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


def test_buttons_export_the_view_in_every_format(client: FlaskClient) -> None:
    query = "columns=cost&columns=user&sort=-cost&action=Cancel"
    page = client.get(f"{TRANSACTIONS}?{query}&size=25").text
    first, *menu = export_buttons(page)
    assert first == menu[0]
    assert menu == [*((f"{TRANSACTIONS}.csv", name) for name in ("excel", "semicolon", "plain")), (BOOK, "")]
    *files, book = [press(client, page, button).data for button in menu]
    assert files == [client.get(f"{TRANSACTIONS}.csv?{query}&dialect={name}").data for _, name in menu[:3]]
    view = view_of("customer-transactions", [tuple(pair.split("=")) for pair in query.split("&")])
    assert workbooks.rows(view, book) == csv_rows(files[0])[1:]
    assert [about for _, about, _ in export_events()][:2] == [f"{TRANSACTIONS}.csv?{query}"] * 2


@pytest.mark.parametrize("key", FORMATS)
def test_button_offers_the_last_format(client: FlaskClient, key: str) -> None:
    index = list(FORMATS).index(key)
    page = client.get(TRANSACTIONS).text
    press(client, page, export_buttons(page)[1 + index])
    for path in (TRANSACTIONS, "/reports/customer-usage"):
        page = client.get(path).text
        button, *menu = export_buttons(page)
        assert button == menu[index]
        assert f"Export {FORMATS[key].short_label}<" in page
        assert re.findall(r'<button[^>]* aria-current="true">([^<]+)</button>', page) == [FORMATS[key].label]


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
    assert export_buttons(secure.get(TRANSACTIONS, base_url="https://localhost").text)[0] == (BOOK, "")
    for odd in ("tsv", '"><script>', "", "XLSX"):
        client.set_cookie("export", odd, path="/reports")
        assert export_buttons(client.get(TRANSACTIONS).text)[0] == (f"{TRANSACTIONS}.csv", "excel")


def test_only_a_download_sets_the_cookie(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Set-Cookie" not in client.head(BOOK).headers
    assert "Set-Cookie" not in client.get(f"{TRANSACTIONS}.csv?dialect=tsv").headers
    monkeypatch.setattr(xlsx, "MAX_ROWS", 2)
    assert "Set-Cookie" not in client.get(BOOK).headers


def test_viewer_has_no_export_buttons(app: Flask) -> None:
    assert export_buttons(signed_in(app, "viewer").get(TRANSACTIONS).text) == []


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
