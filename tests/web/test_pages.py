"""What a person meets: every page, every fragment, every refusal."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from app.importing import IMPORTABLE
from app.reports import REPORTS
from app.table.view import Cursor, PagePosition
from app.web.urls import report_url
from models import reports_db
from tests.support import EDGE_CASES, OURS, csv_rows, load, table_rows, view_of

HTML = {"Accept": "text/html,*/*;q=0.8"}
FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
SLUGS = list(REPORTS)


def test_root_redirects_to_the_reports(client: FlaskClient) -> None:
    response = client.get("/")
    assert (response.status_code, response.location) == (303, "/reports")


def test_start_page_describes_every_report(client: FlaskClient) -> None:
    page = client.get("/reports").text
    for report in REPORTS.values():
        assert f'value="{report.slug}"' in page
        assert report.title in page
        assert report.description in page
        assert f'href="/reports/{report.slug}"' in page
    assert 'target="_blank"' in page


@pytest.mark.parametrize("slug", SLUGS)
def test_view_report_redirects_to_the_selected_report(client: FlaskClient, slug: str) -> None:
    response = client.get(f"/reports/open?report={slug}")
    assert (response.status_code, response.location) == (303, f"/reports/{slug}")


@pytest.mark.parametrize(
    "path", ["/reports/sales", "/reports/sales.csv", "/reports/sales/rows?node=1", "/reports/open"]
)
def test_unknown_report_is_404_and_lists_all(client: FlaskClient, path: str) -> None:
    for headers in ({}, HTML):
        response = client.get(path, headers=headers)
        assert response.status_code == 404
        assert all(slug in response.text for slug in SLUGS)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.usefixtures("edge_cases")
def test_page_chooser_and_file_have_the_same_headings(client: FlaskClient, slug: str) -> None:
    report = REPORTS[slug]
    query = "&".join(f"columns={column.key}" for column in report.columns)
    page = client.get(f"/reports/{slug}?{query}").text
    labels = [column.label for column in report.columns]
    assert re.findall(r'<a id="sort-\w+"[^>]*>([^<]+)</a>', page) == labels
    assert (
        re.findall(
            r'<input type="checkbox"[^>]*>([^<]+?) ?<', page.partition('id="column-list"')[2].partition("</ul>")[0]
        )
        == labels
    )
    assert csv_rows(client.get(f"/reports/{slug}.csv?{query}").data)[0] == labels


@pytest.mark.parametrize("sort", ["-date", "date", "customer", "-cost"])
def test_headings_lead_to_the_view_in_another_order(client: FlaskClient, sort: str) -> None:
    query = [("sort", sort), ("size", "25"), ("before", "end"), ("reseller", "a&b")]
    view = view_of("customer-transactions", query)
    links = re.findall(r'<a id="sort-\w+" href="([^"]+)"', client.get(report_url(view)).text)
    assert [unescape(link) for link in links] == [report_url(view.with_next_sort(column)) for column in view.columns]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.usefixtures("edge_cases")
def test_csv_equals_the_expected_file(client: FlaskClient, slug: str) -> None:
    query = "&".join(f"columns={column.key}" for column in REPORTS[slug].columns)
    response = client.get(f"/reports/{slug}.csv?{query}")
    assert response.data == (EDGE_CASES / f"expected/{slug}.csv").read_bytes()
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    day = datetime.now(UTC).date()
    assert response.headers["Content-Disposition"] == f'attachment; filename="{slug}-{day}.csv"'


@pytest.mark.usefixtures("edge_cases")
def test_page_formats_numbers(client: FlaskClient) -> None:
    rows = table_rows(
        client.get("/reports/customer-transactions?q=T-11&columns=customer&columns=total&columns=cost").text
    )
    assert rows == [["Łódź Trust", "999,999,999,999", "999,999,999,999.99"]]


@pytest.mark.usefixtures("edge_cases")
def test_numbers_stand_right_in_the_first_column_too(client: FlaskClient) -> None:
    text = client.get("/reports/customer-transactions?columns=cost&columns=total").text
    assert text.count('<th scope="row" class="number">') == len(table_rows(text)) > 0


@pytest.mark.usefixtures("edge_cases")
def test_csv_ignores_paging_and_open_rows(client: FlaskClient) -> None:
    whole = client.get("/reports/customer-transactions.csv").data
    assert client.get("/reports/customer-transactions.csv?after=x&before=y&size=7&open=z&after=w").data == whole


@pytest.mark.usefixtures("edge_cases")
def test_head_of_a_csv_has_no_body(client: FlaskClient) -> None:
    response = client.head("/reports/customer-usage.csv")
    assert (response.status_code, response.data) == (200, b"")


WRONG_QUERIES = [
    ("columns=price", "price"),
    ("columns=cost&columns=cost", "twice"),
    ("sort=price", "price"),
    ("sort=--cost", "--cost"),
    ("size=10", "25, 50, 100"),
    ("size=٥٠", "25, 50, 100"),
    ("size=50&size=100", "second"),
    ("q=a&q=b", "second"),
    ("q=%00", "no name"),
    ("from=2026-02-30", "2026-11-22"),
    ("to=yesterday", "2026-11-22"),
    ("from=2026-02-02&to=2026-02-01", "after to"),
    ("action=Refund", "Renewal Inventory"),
    ("after=x", "first page"),
    ("before=start", "first page"),
    ("after=0-1-50-00000000-00000000", "first page"),
    ("after=end", "first page"),
    ("after=end&before=end", "beside"),
    ("open=1", "no such key"),
    ("certificate_type=SSL", "no such key"),
    ("page=2", "no such key"),
]


@pytest.mark.usefixtures("edge_cases")
def test_wrong_value_is_refused_and_named(client: FlaskClient) -> None:
    for query, expected in WRONG_QUERIES:
        key, _, value = query.rpartition("&")[2].partition("=")
        for headers in ({}, HTML, FRAGMENT):
            response = client.get(f"/reports/customer-transactions?{query}", headers=headers)
            text = unescape(response.text)
            assert response.status_code == 400, query
            assert response.mimetype == ("text/html" if headers else "text/plain")
            assert expected in text, query
            assert key in text, query
            assert value == "%00" or value in text, query


@pytest.mark.usefixtures("edge_cases")
def test_cursor_of_a_deleted_row_is_refused(client: FlaskClient) -> None:
    view = view_of("customer-usage", [("q", "a")])
    for forward, key in ((True, "after"), (False, "before")):
        for row_id in (1, 999_999):  # an id that another row has now, and one that no row has
            cursor = Cursor(0, row_id, "00000000", 50, view.cursor_context)
            address = f"/reports/customer-usage?{view.at_position(PagePosition(forward, cursor)).query_string}"
            for headers in ({}, HTML, FRAGMENT):
                response = client.get(address, headers=headers)
                assert response.status_code == 400
                assert f"{key}: “{cursor}” is a page that has gone; leave it out" in response.text
                assert "HX-Push-Url" not in response.headers


@pytest.mark.usefixtures("edge_cases")
def test_missing_row_is_404(client: FlaskClient) -> None:
    for path in ("", "x", "0", "999", "1.999", "1.1.1", "1.1.1.1", "-1", "1." * 50, "9" * 40):
        assert client.get(f"/reports/customer-usage/rows?node={path}").status_code == 404


@pytest.mark.parametrize("slug", SLUGS[:2])
@pytest.mark.usefixtures("edge_cases")
def test_rows_of_a_flat_report_do_not_open(client: FlaskClient, slug: str) -> None:
    assert client.get(f"/reports/{slug}/rows?node=1").status_code == 404


@pytest.mark.usefixtures("edge_cases")
def test_rows_open_two_levels_deep(client: FlaskClient) -> None:
    page = client.get("/reports/customer-usage?q=C-1").text
    path = re.findall(r'name="toggle" value="(\d+)"', page)[0]
    types = client.get(f"/reports/customer-usage/rows?q=C-1&node={path}")
    assert types.text.lstrip().startswith("<tr")
    assert table_rows(types.text) == [["client", "", "", "0", "0", "0"], ["SSL", "", "", "8", "5", "8"]]
    assert types.headers["HX-Replace-Url"] == f"/reports/customer-usage?open={path}&q=C-1"
    inner = re.findall(r'name="toggle" value="([\d.]+)"', types.text)[1]
    products = client.get(f"/reports/customer-usage/rows?q=C-1&node={inner}").text
    assert table_rows(products) == [["DV Single", "", "", "3", "0", "8"], ["EV Wildcard", "", "", "5", "5", "0"]]
    assert "over by 5" in products
    whole = client.get(f"/reports/customer-usage?q=C-1&open={path}&open={inner}").text
    assert [row[0] for row in table_rows(whole)] == [
        "Ångström & Søn, A/S", "client", "SSL", "DV Single", "EV Wildcard"
    ]  # fmt: skip


@pytest.mark.usefixtures("edge_cases")
def test_filters_apply_inside_open_rows(client: FlaskClient) -> None:
    page = client.get("/reports/customer-usage?product=EV+Wildcard").text
    assert table_rows(page) == [["Ångström & Søn, A/S", "C-1", "Zebra Resale", "5", "5", "0"]]
    path = re.findall(r'name="toggle" value="(\d+)"', page)[0]
    types = client.get(f"/reports/customer-usage/rows?product=EV+Wildcard&node={path}").text
    assert table_rows(types) == [["SSL", "", "", "5", "5", "0"]]


@pytest.mark.usefixtures("edge_cases")
def test_row_outside_the_filters_does_not_open(client: FlaskClient) -> None:
    path = re.findall(r'name="toggle" value="(\d+)"', client.get("/reports/customer-usage?q=C-1").text)[0]
    assert client.get(f"/reports/customer-usage/rows?q=lodz&node={path}").status_code == 404
    page = client.get(f"/reports/customer-usage?q=lodz&open={path}")
    assert [row[0] for row in table_rows(page.text)] == ["Łódź Trust"]


@pytest.mark.usefixtures("edge_cases")
def test_buttons_without_scripts_redirect_to_the_new_view(client: FlaskClient) -> None:
    response = client.get("/reports/customer-usage?q=&sort=customer&open=2&toggle=1&columns=used&columns=customer")
    assert (response.status_code, response.location) == (
        303, "/reports/customer-usage?columns=customer&columns=used&open=1&open=2"
    )  # fmt: skip
    response = client.get("/reports/customer-usage?open=1&open=1.2&toggle=1")
    assert response.location == "/reports/customer-usage"
    response = client.get("/reports/customer-subscriptions?columns=customer&columns=end&columns=cost&move=cost:up")
    assert response.location == "/reports/customer-subscriptions?columns=customer&columns=cost&columns=end"
    assert client.get("/reports/customer-subscriptions?move=cost:left").status_code == 400
    assert client.get("/reports/customer-subscriptions?toggle=1").status_code == 400


REFUSED_PATHS = [
    "/reports/open?report=customer-usage&report=customer-usage",
    "/reports/customer-usage/rows?node=1&node=2",
    "/reports/customer-usage?q=" + "a" * 7500,
]


@pytest.mark.usefixtures("edge_cases")
def test_second_and_too_long_values_are_refused(client: FlaskClient) -> None:
    for path in REFUSED_PATHS:
        assert client.get(path).status_code == 400, path


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize("ending", ["", ".csv", "/summary", "/count"])
def test_values_of_filters_have_at_most_200_characters(client: FlaskClient, ending: str) -> None:
    path = f"/reports/customer-usage{ending}"
    for key in ("q", "customer", "reseller", "product"):
        assert client.get(path, query_string={key: "é" * 200}).status_code == 200
        refused = client.get(path, query_string={key: "é" * 201})
        assert refused.status_code == 400
        assert f"{key}: “é" in refused.text
        assert "has 201 characters" in refused.text
        assert "at most 200" in refused.text
        assert "é" * 61 not in refused.text


def test_nothing_links_to_values_that_no_filter_takes(client: FlaskClient, tmp_path: Path) -> None:
    long = ["a" * 200, "b" * 201]
    rows = [f"{name},,{name},{name},{name},9,8" for name in long] + [f"twin,,{name},{name},{name},9,8" for name in long]
    heading = "Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used"
    (tmp_path / "long.csv").write_text("\n".join([heading, *rows]))
    load("customer-usage", tmp_path / "long.csv")
    every = "/reports/customer-usage?columns=certificate_type&columns=product&columns=customer&columns=reseller"
    for path in (every, "/reports/customer-usage/summary", "/customers?name=twin", f"/customers?name={long[0]}"):
        page = client.get(path).text
        links = {unescape(link) for link in re.findall(r'href="(/(?:reports|customers)[^"]*)"', page)}
        assert {client.get(link).status_code for link in links} <= {200, 303}, path
        assert f'value="{long[1]}"' not in page
        assert any(long[0] in link for link in links)


@pytest.mark.usefixtures("edge_cases")
def test_hidden_sort_column_gives_the_default_sort(client: FlaskClient) -> None:
    page = client.get("/reports/customer-transactions?columns=customer&columns=date&sort=cost").text
    assert re.findall(r'id="th-(\w+)"[^>]*aria-sort="(\w+)"', page) == [("date", "descending")]


@pytest.mark.usefixtures("edge_cases")
def test_many_rows_are_counted_after_the_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.table.counts.COUNT_LIMIT", 3)
    shown = client.get("/reports/customer-transactions?q=e&size=25").text
    assert ">more than 3</b> rows" in shown
    address = re.findall(r'hx-get="([^"]*/count[^"]*)"', shown)[0]
    counted = client.get(unescape(address))
    assert counted.text.startswith(f"<b>{len(table_rows(shown))}</b>\n")
    [target] = re.findall(r'<hx-partial hx-target="#([^"]+)"[^>]*>(?:\d+)</hx-partial>', counted.text)
    assert f'of <span id="{target}">more than 3</span>' in shown
    assert "/count" not in client.get("/reports/customer-transactions?q=e&size=25").text, "it is known from now on"
    assert client.get("/reports/customer-transactions/count?sort=price").status_code == 400


def test_empty_result_says_so(client: FlaskClient) -> None:
    page = client.get("/reports/customer-usage?q=nobody+at+all").text
    assert "Nothing matches" in page
    assert "<b>No</b> rows" in page
    assert re.findall(r'<a class="button" href="([^"]+)">Clear filters', page) == ["/reports/customer-usage"]


@pytest.mark.parametrize("slug", IMPORTABLE)
def test_empty_database_names_the_import_command(client: FlaskClient, slug: str) -> None:
    assert f"flask import {slug} FILE" in client.get(f"/reports/{slug}").text


@pytest.mark.usefixtures("edge_cases")
def test_fragment_is_the_region_and_back_gets_the_page(client: FlaskClient) -> None:
    fragment = client.get("/reports/customer-usage?sort=-used", headers=FRAGMENT)
    assert fragment.text.startswith('<div id="results"')
    assert "<html" not in fragment.text
    assert fragment.headers["HX-Push-Url"] == "/reports/customer-usage?sort=-used"
    whole = client.get("/reports/customer-usage", headers={**FRAGMENT, "HX-History-Restore-Request": "true"})
    assert "<html" in whole.text
    assert {"HX-Request-Type", "HX-History-Restore-Request", "HX-Request", "Cookie"} <= set(whole.vary)
    assert whole.headers["Cache-Control"] == "no-store"


HISTORY_STEPS = [
    ("", "q=a", "HX-Push-Url"), ("q=a", "q=ac", "HX-Replace-Url"), ("q=a", "q=ac&reseller=-", "HX-Push-Url"),
    ("q=ac", "", "HX-Push-Url"), ("q=a", "q=a", ""), ("reseller=-&q=a", "q=a&reseller=-", ""),
    ("size=7", "", "HX-Push-Url"), ("q=a&size=25", "q=a&size=50", "HX-Push-Url"),
    ("q=a", "q=a&sort=used", "HX-Push-Url"),
]  # fmt: skip


@pytest.mark.usefixtures("edge_cases")
def test_typing_leaves_one_history_entry(client: FlaskClient) -> None:
    for current, requested, header in HISTORY_STEPS:
        headers = {**FRAGMENT, "HX-Current-URL": f"http://localhost/reports/customer-usage?{current}"}
        response = client.get(f"/reports/customer-usage?{requested}", headers=headers)
        sent = [name for name in ("HX-Push-Url", "HX-Replace-Url") if name in response.headers]
        assert sent == ([header] if header else []), (current, requested)


@pytest.mark.usefixtures("edge_cases")
def test_texts_are_escaped(client: FlaskClient, tmp_path: Path) -> None:
    hostile = "<b>&'"
    (tmp_path / "hostile.csv").write_text(
        "Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used\n"
        + ",".join([hostile] * 5)
        + ",1,2"
    )
    load("customer-usage", tmp_path / "hostile.csv")
    columns = "&columns=".join(column.key for column in REPORTS["customer-usage"].columns)
    value = quote(hostile)
    for headers in (HTML, FRAGMENT):
        page = client.get(f"/reports/customer-usage?columns={columns}", headers=headers).text
        assert page.count("&lt;b&gt;&amp;&#39;") >= 5
        for query in (f"columns={columns}", f"q={value}", f"size={value}", f"{value}=1", "open=1&open=1.1"):
            text = client.get(f"/reports/customer-usage?{query}", headers=headers).text
            assert "&lt;b&gt;&amp;&#39;" in text, query
            assert hostile not in text, query


def test_health_depends_on_the_database(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.text) == (200, "ok")
    reports_db.execute_sql("DROP TABLE load")
    assert client.get("/healthz").status_code == 503


ANY_PATHS = ["/reports", "/nowhere", "/reports/customer-usage?size=1", "/static/app.css", "/healthz"]


def test_every_response_has_the_security_headers(client: FlaskClient) -> None:
    for path in ANY_PATHS:
        headers = client.get(path, buffered=True).headers
        assert headers["Content-Security-Policy"].startswith(
            "default-src 'none'; script-src 'self' https://cdn.jsdelivr.net/"
        )
        assert headers["Content-Security-Policy"].endswith(
            "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "same-origin", path


def test_nothing_is_drawn_before_the_whole_page_is_there(client: FlaskClient) -> None:
    for path in ("/reports", "/reports/customer-usage"):
        text = client.get(path).text
        [awaited] = re.findall(r'<link rel="expect" href="#(\w+)" blocking="render">', text)
        assert text.index("</main>") < text.index(f'id="{awaited}"')


def test_unknown_address_is_404(client: FlaskClient) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "There is no page at this address." in response.text


def test_other_methods_are_405(client: FlaskClient) -> None:
    response = client.post("/reports", headers=OURS)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
