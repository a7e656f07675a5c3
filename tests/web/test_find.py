"""Filters: chips, periods and ranges of days, links to IDs and to other reports, file names."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.reports import REPORTS
from app.reports.periods import PERIODS, period_dates
from app.table.definitions import Column, Report
from app.table.scope import WHOLE_PARTNER
from app.table.spellings import match_spellings
from app.table.view import Cursor, PagePosition
from tests.strategies import examples, queries
from tests.support import SUBSCRIPTIONS, TRANSACTIONS, USAGE, load, signed_in, table_rows, view_of
from tests.web import parties
from tests.web.forms import sent_by_form

FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
LINKED = [
    (report, column) for report in REPORTS.values() for column in report.columns if column.link and column.link.report
]

pytestmark = pytest.mark.usefixtures("edge_cases")


def chips(html: str) -> dict[str, str]:
    """The names of the filter chips, as screen readers say them, with their addresses."""
    found = re.findall(r'<a id="chip-\w+" class="chip" href="([^"]*)"[^>]*>(.*?)</a>', html)
    return {unescape(re.sub("<[^>]+>", "", name)): unescape(address) for address, name in found}


# ------------------------------------------------------------------ chips


@pytest.mark.parametrize("slug", REPORTS)
@examples(12)
@given(data=st.data())
def test_every_filter_has_a_chip_that_removes_it(client: FlaskClient, slug: str, data: st.DataObject) -> None:
    view = match_spellings(view_of(slug, data.draw(queries(slug))), WHOLE_PARTNER)
    shown = chips(client.get(f"/reports/{slug}?{view.query_string}").text)
    assert list(shown.values()) == [
        f"/reports/{slug}" + (f"?{rest}" if (rest := view.without_filter(active.key).query_string) else "")
        for active, _ in view.active_filters
    ]
    for (active, value), name in zip(view.active_filters, shown, strict=True):
        assert name == f"Remove filter {active.label}: {active.describe(value, view.today)}"


FILTER_VALUES = {
    "from": "2026-01-02", "to": "2026-01-03", "period": "today", "status": "Ended", "action": "Renew", "usage": "over",
    "inventory": "any",
}  # fmt: skip


@pytest.mark.parametrize("slug", REPORTS)
def test_form_has_a_field_and_a_chip_for_every_filter(client: FlaskClient, slug: str) -> None:
    for key, filter_ in REPORTS[slug].filters_by_key.items():
        value = FILTER_VALUES.get(key, "Twin")
        page = client.get(f"/reports/{slug}?{key}={value}").text
        sent = [pair for pair in sent_by_form(page) if pair[0] in REPORTS[slug].filters_by_key and pair[1]]
        assert sent == [(key, value)]
        [name] = chips(page)
        assert name.startswith(f"Remove filter {filter_.label}: "), key


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (f"{TRANSACTIONS}?reseller=-", ["Reseller: No reseller"]),
        (f"{USAGE}?usage=near&reseller=@home", ["Reseller: @home", "Usage: Near inventory (90 % used)"]),
        (f"{SUBSCRIPTIONS}?status=Ended&to=2026-01-31&q=a+%26", ["Search: a &", "End to: 2026-01-31", "Status: Ended"]),
        (f"{SUBSCRIPTIONS}?sort=-cost&size=25", []),
    ],
)
def test_chips_describe_filters_in_words(client: FlaskClient, path: str, names: list[str]) -> None:
    assert list(chips(client.get(f"/reports/{path}").text)) == [f"Remove filter {name}" for name in names]


def test_chip_of_a_period_shows_its_days(client: FlaskClient) -> None:
    first, last = period_dates("last-month", datetime.now(UTC).date())
    name = f"Remove filter Date: Last month, {first} to {last}"
    assert list(chips(client.get(f"/reports/{TRANSACTIONS}?period=last-month").text)) == [name]


def test_clear_all_needs_two_filters(client: FlaskClient) -> None:
    one = client.get(f"/reports/{TRANSACTIONS}?action=Renew&sort=cost").text
    two = client.get(f"/reports/{TRANSACTIONS}?action=Renew&q=a&sort=cost").text
    assert "Clear all" not in one
    assert re.findall(r'href="([^"]*)"[^>]*>Clear all', two) == [f"/reports/{TRANSACTIONS}?sort=cost"]


# ------------------------------------------------------------------ periods and days


WRONG_PERIODS = [
    ("period=fortnight", "last-month"), ("period=Last+month", "last-month"),
    ("period=today&period=today", "second"),
    ("period=last-month&from=2026-01-01", "keep the period or the days"),
    ("to=2026-01-01&period=last-month", "keep the period or the days"),
    ("was=today&was=today", "no such key"),
]  # fmt: skip


def test_wrong_period_is_refused(client: FlaskClient) -> None:
    for query, expected in WRONG_PERIODS:
        for slug, ending in product((SUBSCRIPTIONS, TRANSACTIONS), ("", ".csv")):
            response = client.get(f"/reports/{slug}{ending}?{query}")
            assert response.status_code == 400, query
            assert expected in response.text, query


WRONG_FILTERS = ["status=active", "status=x", "usage=all", "usage=over&usage=over", "period=today", "was=today"]


def test_wrong_status_and_usage_are_refused(client: FlaskClient) -> None:
    for query in WRONG_FILTERS:
        slug = SUBSCRIPTIONS if query.startswith("status") else USAGE
        assert client.get(f"/reports/{slug}?{query}").status_code == 400, query


def test_days_include_their_last_second(client: FlaskClient, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    times = {"D-1": f"{today} 00:00:00", "D-2": f"{today} 23:59:59", "D-3": f"{today + timedelta(days=1)} 00:00:00"}
    lines = [f"Day,D-0,,,Plan,{key},Renew,{time},1,1.00,Ann" for key, time in times.items()]
    (tmp_path / "day.csv").write_text("\n".join([parties.TRANSACTIONS, *lines]), "utf-8")
    load(TRANSACTIONS, tmp_path / "day.csv")
    for query in ("period=today", f"to={today}", f"from={today}&to={today}"):
        page = client.get(f"/reports/{TRANSACTIONS}?customer=D-0&columns=transaction_id&{query}").text
        assert [row[0] for row in table_rows(page)] == ["D-2", "D-1"], query


def test_address_keeps_the_name_of_a_period(client: FlaskClient) -> None:
    shown = client.get(f"/reports/{TRANSACTIONS}?period=this-year&sort=cost").text
    assert "period=this-year" in shown
    assert "from=" not in shown


def test_menu_shows_a_period_that_it_does_not_offer(client: FlaskClient) -> None:
    assert 'value="next-30-days"' not in client.get(f"/reports/{TRANSACTIONS}").text
    page = client.get(f"/reports/{TRANSACTIONS}?period=next-30-days").text
    assert '<input type="radio" name="period" value="next-30-days" checked>Next 30 days' in page
    assert 'value="next-30-days">' in client.get(f"/reports/{SUBSCRIPTIONS}").text


@pytest.mark.parametrize("query", ["period=yesterday", "status=Cancelled"])
def test_cursor_that_midnight_moved_redirects_to_page_one(client: FlaskClient, query: str) -> None:
    view = view_of(SUBSCRIPTIONS, [tuple(query.split("="))])
    moved = view.at_position(PagePosition(forward=True, cursor=Cursor(0, 1, "00000000", 50, view.cursor_context)))
    response = client.get(f"/reports/{SUBSCRIPTIONS}?{moved.query_string}")
    assert (response.status_code, response.location) == (303, f"/reports/{SUBSCRIPTIONS}?{query}")
    assert client.get(response.location).status_code == 200


# ------------------------------------------------------------------ files


FILE_SUFFIXES = [
    ("", "{now}"), ("action=Renew", "{now}"),
    ("from=2026-01-02", "from-2026-01-02"), ("to=2026-01-02", "to-2026-01-02"),
    ("from=2026-01-02&to=2026-02-03", "2026-01-02-to-2026-02-03"),
    *((f"period={name}", f"{{{name}}}") for name in PERIODS),
]  # fmt: skip


def test_file_is_named_after_its_days(client: FlaskClient) -> None:
    for query, suffix in FILE_SUFFIXES:
        today = datetime.now(UTC).date()
        ranges = {name: "-to-".join(period_dates(name, today)) for name in PERIODS}
        response = client.head(f"/reports/{TRANSACTIONS}.csv?{query}")
        name = f"{TRANSACTIONS}-{suffix.format_map({**ranges, 'now': str(today)})}.csv"
        assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


# ------------------------------------------------------------------ links


@pytest.mark.parametrize(
    ("report", "column"), LINKED, ids=lambda value: getattr(value, "slug", getattr(value, "key", ""))
)
def test_ids_link_to_their_rows(client: FlaskClient, report: Report, column: Column) -> None:
    page = client.get(f"/reports/{report.slug}?columns=customer&columns={column.key}&size=200").text
    texts = {row[1] for row in table_rows(page)}
    links = dict(re.findall(r'<td class="id"><a href="([^"]+)">([^<]+)</a></td>', page))
    assert {unescape(text) for text in links.values()} == texts - {""}
    assert page.count('<td class="id"><a ') == sum(bool(row[1]) for row in table_rows(page))
    for address, text in links.items():
        slug = column.link.report
        assert address.startswith(f"/reports/{slug}?{column.link.key}=")
        response = client.get(
            unescape(address) + f"&columns={column.key}" if column.key in REPORTS[slug].columns_by_key else address
        )
        assert response.status_code == 200
        assert {row[-1] for row in table_rows(response.text)} <= {unescape(text)}


def test_linked_columns_have_a_filter_in_the_target_report() -> None:
    assert {(report.slug, column.key) for report, column in LINKED} == {
        (SUBSCRIPTIONS, "subscription_id"), (TRANSACTIONS, "subscription_id"),
    }  # fmt: skip
    for _, column in LINKED:
        assert column.link
        assert column.link.key in REPORTS[column.link.report].filters_by_key


def test_first_column_has_link_and_note_too(client: FlaskClient) -> None:
    page = client.get(f"/reports/{SUBSCRIPTIONS}?columns=subscription_id&columns=end&q=S-2").text
    assert f'<a dir="auto" href="/reports/{TRANSACTIONS}?subscription=S-2" class="nowrap">S-2</a>' in page
    assert "<time>2021-01-01</time> <small>ended</small>" in page
    assert "2021-01-01</span> <small>ended</small>" in client.get(f"/reports/{SUBSCRIPTIONS}?columns=end&q=S-2").text


def test_csv_has_neither_notes_nor_links(client: FlaskClient) -> None:
    text = client.get(f"/reports/{SUBSCRIPTIONS}.csv?columns=end&columns=subscription_id&q=S-2").text
    assert text == "\ufeffEnd,Subscription ID\r\n2021-01-01,S-2\r\n"


@pytest.mark.parametrize(
    ("path", "targets"),
    [
        (f"{SUBSCRIPTIONS}?customer=C-1&reseller=-&period=next-30-days&status=Active&sort=end&q=x",
         {TRANSACTIONS: "customer=C-1&reseller=-&period=next-30-days", USAGE: "customer=C-1&reseller=-"}),
        (f"{TRANSACTIONS}?reseller=North%2C+Ltd&from=2026-01-01&to=2026-02-01&action=Renew",
         {SUBSCRIPTIONS: "reseller=North%2C%20Ltd&from=2026-01-01&to=2026-02-01", USAGE: "reseller=North%2C%20Ltd"}),
        (f"{USAGE}?usage=over&customer=C-1&product=EV+Wildcard",
         {SUBSCRIPTIONS: "customer=C-1", TRANSACTIONS: "customer=C-1"}),
        (f"{USAGE}?name=Twin&reseller=Zebra+Resale",
         {SUBSCRIPTIONS: "name=Twin&reseller=Zebra%20Resale", TRANSACTIONS: "name=Twin&reseller=Zebra%20Resale"}),
        (USAGE, {SUBSCRIPTIONS: "", TRANSACTIONS: ""}),
    ],
)  # fmt: skip
def test_other_reports_keep_customer_reseller_and_period(
    client: FlaskClient, path: str, targets: dict[str, str]
) -> None:
    expected = [f"/reports/{slug}" + (f"?{query}" if query else "") for slug, query in targets.items()]
    for headers in ({}, FRAGMENT):
        page = client.get(f"/reports/{path}", headers=headers).text
        (others,) = re.findall(
            r'id="report-links".*?</ul>' if not headers else r'hx-target="#report-links".*?</hx-partial>',
            page,
            re.DOTALL,
        )
        assert list(map(unescape, re.findall(r'href="([^"]+)"', others))) == expected
        assert others.count("aria-current") == 1
        for address in expected:
            assert client.get(address).status_code == 200


def test_viewer_filters_top_level_rows(app: Flask) -> None:
    viewer = signed_in(app, "viewer")
    page = viewer.get(f"/reports/{USAGE}?usage=over&customer=C-1").text
    assert [row[0] for row in table_rows(page)] == ["Ångström & Søn, A/S"]
    assert list(chips(page)) == ["Remove filter Customer ID: C-1", "Remove filter Usage: Over inventory"]


# ------------------------------------------------------------------ how far away an end is


def test_end_of_a_subscription_shows_its_distance(client: FlaskClient, tmp_path: Path) -> None:
    today: date = datetime.now(UTC).date()
    lines = [parties.SUBSCRIPTIONS]
    for number, days in enumerate((-3, 0, 12, 91)):
        lines.append(f"Soon,E-1,E-{number},,Plan,{today + timedelta(days)},1.00,2020-01-01,a@b.example,2020-01-01,1")
    (tmp_path / "ends.csv").write_text("\n".join(lines), "utf-8")
    load(SUBSCRIPTIONS, tmp_path / "ends.csv")
    page = client.get(f"/reports/{SUBSCRIPTIONS}?customer=E-1&sort=end").text
    assert re.findall(r"<td><time>[^<]*</time>(?: <small[^>]*>([^<]*)</small>)?", page.partition("<tbody")[2])[::2] == [
        "ended 3 days ago",
        "today",
        "in 12 days",
        "",
    ]


# ------------------------------------------------------------------ values that lead to the view filtered by them


FILTERED = [(report, column) for report in REPORTS.values() for column in report.columns if column.filter]
QUERY = "sort=-customer&size=200"


def cell_links(page: str) -> dict[str, str]:
    """The addresses of values in the second column, relative to the page's, by their texts."""
    cells = re.findall(
        r'</th><td class="filter-link"[^>]*><a[^>]* href="([^"]+)"[^>]*>(?:<i [^>]*></i>)?([^<]+)</a>', page
    )
    return {unescape(text): unescape(address) for address, text in cells}


def test_columns_with_a_filter_link_to_it() -> None:
    assert {(report.slug, column.label) for report, column in FILTERED} == {
        (SUBSCRIPTIONS, "Reseller"), (SUBSCRIPTIONS, "Status"), (TRANSACTIONS, "Reseller"), (TRANSACTIONS, "Product"),
        (TRANSACTIONS, "Action"), (USAGE, "Reseller"), (USAGE, "Product"), (USAGE, "Certificate Type"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("report", "column"), FILTERED, ids=lambda each: getattr(each, "slug", getattr(each, "key", ""))
)
def test_value_leads_to_the_view_filtered_by_it(client: FlaskClient, report: Report, column: Column) -> None:
    path, columns = f"/reports/{report.slug}", f"columns=customer&columns={column.key}"
    page = client.get(f"{path}?{columns}&{QUERY}").text
    links, rows = cell_links(page), table_rows(page)
    labels = {value for (_, value, *_) in rows}
    assert links
    assert set(links) <= labels
    if column.key != "product" or report.slug != TRANSACTIONS:  # where a cell may name several products
        assert set(links) == labels - {"", "Not specified"}
    for value, address in links.items():
        assert address == f"?{columns}&{QUERY}&{column.filter}={quote(value, safe='')}"
        filtered = client.get(f"{path}{address}").text
        assert [row for row in rows if row[1] == value] == [row for row in table_rows(filtered) if row[1] == value]
        assert not cell_links(filtered), "the filter is set"


def test_value_keeps_open_rows_and_begins_at_page_one(client: FlaskClient) -> None:
    page = client.get(f"/reports/{USAGE}?open=1&q=twin&columns=customer&columns=reseller&size=25&before=end").text
    query = "columns=customer&columns=reseller&size=25&open=1&q=twin&reseller=Zebra%20Resale"
    assert cell_links(page)["Zebra Resale"] == f"?{query}"


def test_first_column_leads_to_the_filtered_view_too(client: FlaskClient) -> None:
    page = client.get(f"/reports/{TRANSACTIONS}?columns=reseller&columns=cost").text
    assert '<a dir="auto" href="?columns=reseller&amp;columns=cost&amp;reseller=%40home"' in page


@pytest.mark.parametrize("ending", ["/print", "/rows?node=1"])
def test_values_lead_nowhere_outside_of_the_page(client: FlaskClient, ending: str) -> None:
    assert "reseller=" not in client.get(f"/reports/{USAGE}{ending}").text


def test_viewer_has_links_of_top_level_values(app: Flask) -> None:
    page = signed_in(app, "viewer").get(f"/reports/{USAGE}?columns=customer&columns=reseller").text
    assert set(cell_links(page)) == {"Zebra Resale", "North, Ltd", "@home"}


def test_colors_follow_the_palette(client: FlaskClient) -> None:
    page = client.get(f"/reports/{TRANSACTIONS}?columns=customer&columns=action").text
    palette = REPORTS[TRANSACTIONS].columns_by_key["action"].colored_values
    colors = dict(re.findall(r'<i class="dot color-(\w+)"></i>([^<]+)', page))
    assert colors
    assert all(palette[int(color)] == action for color, action in colors.items())
