"""The forms of a file that a person can have, and that the one they had last is offered first."""

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
from app.web.reports.export import FORMATS, MAX_EXPORTS, WORKBOOK
from models import AuditEvent, Customer, reports_db
from tests import workbooks
from tests.support import csv_rows, signed_in, view_of

pytestmark = pytest.mark.usefixtures("nasty")

HTML = {"Accept": "text/html"}
FRAGMENT = {**HTML, "HX-Request": "true", "HX-Request-Type": "partial"}
TRANSACTIONS = "/reports/customer-transactions"
BOOK = f"{TRANSACTIONS}.xlsx"


def had(client: FlaskClient, address: str, **asked: str) -> TestResponse:
    """An answer that was read to its end."""
    answer = client.get(address, **asked)
    answer.get_data()
    return answer


def exports(text: str) -> tuple[str, list[str]]:
    """Where the Export button of a page leads, and where its menu does."""
    button = re.findall(r'id="export"[^>]* href="([^"]+)"', text)
    menu = re.search(r'<details class="menu">.*?</details>', text, re.DOTALL)
    assert menu
    return unescape(*button), [unescape(address) for address in re.findall(r'href="([^"]+)"', menu[0])]


def events() -> list[tuple[str, str, str]]:
    return [
        (each.outcome, each.about, each.details) for each in AuditEvent.select().where(AuditEvent.event == "export")
    ]


def test_each_dialect_is_a_file_of_the_same_name(client: FlaskClient) -> None:
    answers = [had(client, f"{TRANSACTIONS}.csv?dialect={name}") for name in ("excel", "semicolon", "plain")]
    names = {answer.headers["Content-Disposition"] for answer in answers}
    assert names == {f'attachment; filename="customer-transactions-{datetime.now(UTC).date()}.csv"'}
    assert {answer.headers["Content-Type"] for answer in answers} == {"text/csv; charset=utf-8"}
    excel, semicolon, plain = (answer.data for answer in answers)
    assert excel == client.get(f"{TRANSACTIONS}.csv").data == b"\xef\xbb\xbf" + plain
    assert b";12345,67;Ann\r\n" in semicolon
    assert semicolon.startswith("\ufeffCustomer;Customer ID;".encode())


@pytest.mark.parametrize("headers", [{}, HTML])
def test_a_dialect_that_cannot_be_is_refused_and_named(client: FlaskClient, headers: dict[str, str]) -> None:
    for query, words in (
        ("dialect=tsv", "dialect: “tsv” is not a dialect of CSV; use one of excel, semicolon, plain"),
        ("dialect=plain&dialect=plain", "dialect: “plain” is a second value; dialect can have only one"),
        ("dialect=PLAIN&columns=price", "dialect: “PLAIN” is not a dialect"),
        ("dialect=plain&columns=price", "columns: “price” is not a column"),
    ):
        answer = client.get(f"{TRANSACTIONS}.csv?{query}", headers=headers)
        assert answer.status_code == 400
        assert words in answer.text
    assert had(client, f"{TRANSACTIONS}.csv?dialect=").status_code == 200


@pytest.mark.parametrize("place", ["", ".xlsx", "/count", "/rows"])
def test_only_a_csv_has_a_dialect(client: FlaskClient, place: str) -> None:
    answer = client.get(f"/reports/customer-usage{place}?dialect=plain")
    assert answer.status_code == 400
    assert "dialect: “plain” can't be: this report has no such key" in answer.text


def test_the_menu_leads_to_the_same_view_in_every_form(client: FlaskClient) -> None:
    query = "columns=cost&columns=user&sort=-cost&action=Cancel"
    button, menu = exports(client.get(f"{TRANSACTIONS}?{query}&size=25").text)
    base = "columns=cost&columns=user&sort=-cost&size=25&action=Cancel"
    assert button == menu[0] == f"{TRANSACTIONS}.csv?{base}"
    assert menu[1:] == [
        *(f"{TRANSACTIONS}.csv?{base}&dialect={name}" for name in ("semicolon", "plain")),
        f"{BOOK}?{base}",
    ]
    assert exports(client.get(TRANSACTIONS).text)[1][2] == f"{TRANSACTIONS}.csv?dialect=plain"
    for address in menu:
        assert had(client, address).status_code == 200
    book = client.get(menu[3]).data
    view = view_of("customer-transactions", [tuple(pair.split("=")) for pair in query.split("&")])
    assert workbooks.rows(view, book) == csv_rows(client.get(menu[0]).data)[1:]


@pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))
def test_the_form_that_was_had_last_is_the_buttons(client: FlaskClient, form: object) -> None:
    place = list(FORMATS.values()).index(form)
    had(client, exports(client.get(TRANSACTIONS).text)[1][place])
    for path, headers in ((TRANSACTIONS, HTML), ("/reports/customer-usage", FRAGMENT)):
        text = client.get(path, headers=headers).text
        button, menu = exports(text)
        assert button == menu[place]
        assert re.findall(r'aria-current="true">([^<]+)<', text)[0] == list(FORMATS.values())[place].label


def test_the_cookie_is_not_for_scripts_and_nothing_odd_in_it_is_believed(client: FlaskClient) -> None:
    answer = had(client, f"{TRANSACTIONS}.csv?dialect=plain")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("export=plain; ")
    for part in ("Max-Age=31536000", "HttpOnly", "Path=/reports", "SameSite=Lax"):
        assert part in cookie
    assert "Secure" not in cookie
    secure = signed_in(client.application)
    cookie = secure.get_cookie("session")
    secure.set_cookie("__Host-session", cookie.value if cookie else "", secure=True)
    had(secure, f"{TRANSACTIONS}.xlsx", base_url="https://localhost")
    kept = secure.get_cookie("__Secure-export", path="/reports")
    assert kept
    assert (kept.secure, kept.value) == (True, "xlsx")
    assert exports(secure.get(TRANSACTIONS, base_url="https://localhost").text)[0] == BOOK
    for odd in ("tsv", '"><script>', "", "XLSX"):
        client.set_cookie("export", odd, path="/reports")
        assert exports(client.get(TRANSACTIONS).text)[0] == f"{TRANSACTIONS}.csv"


def test_only_a_file_is_remembered(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Set-Cookie" not in client.head(BOOK).headers
    assert "Set-Cookie" not in client.get(f"{TRANSACTIONS}.csv?dialect=tsv").headers
    monkeypatch.setattr(xlsx, "MAX_ROWS", 2)
    assert "Set-Cookie" not in client.get(BOOK).headers


def test_the_button_says_how_many_rows_it_writes(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(query: str) -> str:
        text = client.get(f"{TRANSACTIONS}?{query}").text
        return re.sub("<[^>]+>", "", text.partition('id="export"')[2].partition(">")[2].partition("</a>")[0])

    assert said("") == "Export 11 rows"
    assert said("q=t-11") == "Export 1 row"
    assert said("q=nothing") == "Export 0 rows"
    monkeypatch.setattr("app.table.counts.COUNT_LIMIT", 3)
    assert said("q=e") == "Export more than 3 rows"


def test_the_count_that_comes_later_corrects_the_button_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.table.counts.COUNT_LIMIT", 3)
    for role in ("admin", "viewer"):
        client = signed_in(app, role)
        page = client.get(f"{TRANSACTIONS}?q=e", headers=HTML).text
        (address,) = re.findall(r'hx-get="([^"]+/count[^"]*)"', page)
        count = client.get(unescape(address), headers=FRAGMENT).text
        assert count.startswith("<strong>8</strong>")
        targets = re.findall(r'<hx-partial hx-target="#([^"]+)"[^>]*>8</hx-partial>', count)
        assert len(targets) == (role == "admin")
        assert all(f'id="{target}">more than 3<' in page for target in targets)
        monkeypatch.setattr("app.table.cache._answers", {})


def test_a_workbook_comes_whole_with_its_length(client: FlaskClient) -> None:
    for protocol in ("HTTP/1.1", "HTTP/1.0"):
        answer = client.get(BOOK, environ_overrides={"SERVER_PROTOCOL": protocol})
        assert answer.headers["Content-Length"] == str(len(answer.data))
        assert answer.headers["Content-Type"] == WORKBOOK.mimetype
        name = f"customer-transactions-{datetime.now(UTC).date()}.xlsx"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert len(workbooks.values(answer.data)) == 12


def test_asking_only_for_the_headers_makes_no_workbook(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "write_workbook", lambda *_: 1 // 0)
    answer = client.head(BOOK)
    assert (answer.status_code, answer.data, events()) == (200, b"", [])
    assert answer.headers["Content-Type"] == WORKBOOK.mimetype


def test_a_workbook_pays_no_heed_to_the_page(client: FlaskClient) -> None:
    whole = workbooks.values(client.get(BOOK).data)
    assert workbooks.values(client.get(f"{BOOK}?after=x&before=y&size=7&open=z").data) == whole


def test_the_trail_tells_of_every_form(app: Flask) -> None:
    client = signed_in(app, "admin", "Zebra Resale")
    data = client.get(f"{BOOK}?sort=cost").data
    about = workbooks.about(data)
    assert (about["Customers of"], about["Rows"]) == ("Zebra Resale", 4)
    had(client, f"{TRANSACTIONS}.csv?dialect=semicolon&sort=cost")
    csv_address = f"{TRANSACTIONS}.csv?sort=cost&dialect=semicolon"
    assert events() == [
        (outcome, address, details)
        for address in (f"{BOOK}?sort=cost", csv_address)
        for outcome, details in (("begun", "{}"), ("done", '{"rows": 4}'))
    ]


def test_a_workbook_that_breaks_off_on_the_way_is_told_as_failed(client: FlaskClient) -> None:
    answer = client.get(BOOK)
    next(answer.iter_encoded())
    answer.close()
    assert [outcome for outcome, *_ in events()] == ["begun", "failed"]


def test_a_workbook_that_fails_is_a_page_that_says_so_and_leaves_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 4)
    add = xlsx._ReportSheet.add
    monkeypatch.setattr(xlsx._ReportSheet, "add", lambda self, *asked: add(self, *asked) if self.length < 4 else 1 // 0)
    for _ in range(MAX_EXPORTS + 1):
        answer = client.get(BOOK, headers=HTML)
        assert (answer.status_code, answer.mimetype) == (500, "text/html")
        assert "Content-Disposition" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    assert events()[-1] == ("failed", BOOK, '{"rows": 4}')
    assert reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_a_database_that_fails_is_told_apart(client: FlaskClient) -> None:
    reports_db.execute_sql('ALTER TABLE "transaction" RENAME COLUMN cost TO price')
    assert client.get(BOOK, headers=HTML).status_code == 503


def test_workbooks_and_csvs_share_the_places(client: FlaskClient) -> None:
    running = [client.get(BOOK), client.get(f"{TRANSACTIONS}.csv")]
    for address in (BOOK, f"{TRANSACTIONS}.csv"):
        refused = client.get(address)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    for answer in running:
        answer.close()
    for _ in range(MAX_EXPORTS + 1):
        assert had(client, BOOK).status_code == 200


def test_what_no_workbook_takes_is_offered_as_csv(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 10)
    answer = client.get(f"{BOOK}?sort=cost", headers=HTML)
    assert answer.status_code == 400
    assert "more than 10 rows" in answer.text
    assert f'href="{TRANSACTIONS}.csv?sort=cost">Export as CSV<' in answer.text
    assert "more than 10 rows" in client.get(BOOK).text
    for _ in range(MAX_EXPORTS + 1):
        assert had(client, f"{BOOK}?q=t-11").status_code == 200
    Customer.update(name="x" * 40_000).where(Customer.ref == "C-6").execute()
    answer = client.get(f"{BOOK}?q=t-11", headers=HTML)
    assert answer.status_code == 400
    assert "32,767 characters" in answer.text
    assert len(client.get(f"{TRANSACTIONS}.csv?q=t-11").data) > 40_000


def test_the_command_line_writes_every_dialect(client: FlaskClient, runner: FlaskCliRunner) -> None:
    for name in ("excel", "semicolon", "plain"):
        query = f"columns=cost&columns=product&dialect={name}"
        result = runner.invoke(args=["export", "customer-transactions", query])
        assert result.stdout_bytes == client.get(f"{TRANSACTIONS}.csv?{query}").data
    assert events()[-2][1] == f"{TRANSACTIONS}.csv?columns=cost&columns=product&dialect=plain"
    result = runner.invoke(args=["export", "customer-transactions", "dialect=tsv&sort=price"])
    assert result.exit_code == 1
    assert "use one of excel, semicolon, plain" in result.stderr
    assert "price" in result.stderr


@pytest.mark.parametrize("slug", REPORTS)
def test_every_report_has_its_workbook(client: FlaskClient, slug: str, tmp_path: Path) -> None:
    about = workbooks.about(client.get(f"/reports/{slug}.xlsx").data)
    assert about["Report"] == REPORTS[slug].title
    assert about["Rows"] == len(csv_rows(client.get(f"/reports/{slug}.csv").data)) - 1
