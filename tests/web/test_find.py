"""Filters: chips, periods and ranges of days, links to IDs and to other reports, file names."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.reports import REPORTS
from app.reports.periods import PERIODS, period_dates
from app.table.definitions import Column, Report
from app.table.scope import WHOLE_PARTNER
from app.table.spellings import use_spellings
from app.table.view import Cursor, PagePosition
from tests.strategies import examples, queries
from tests.support import load, signed_in, table_rows, view_of
from tests.web import parties

FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
SUBMITTED = {**FRAGMENT, "HX-Source": "form#filters"}
SUBSCRIPTIONS, TRANSACTIONS, USAGE = REPORTS
LINKED = [
    (report, column) for report in REPORTS.values() for column in report.columns if column.link and column.link.report
]

pytestmark = pytest.mark.usefixtures("nasty")


def chips(html: str) -> dict[str, str]:
    """The names of the filter chips, as screen readers say them, with their addresses."""
    found = re.findall(r'<a id="chip-\w+" class="chip" href="([^"]*)"[^>]*>(.*?)</a>', html)
    return {unescape(re.sub("<[^>]+>", "", name)): unescape(address) for address, name in found}


def updated_fields(html: str) -> dict[str, str]:
    """The form fields that a fragment replaces, with their values."""
    fields = re.findall(r'<hx-partial hx-target="#field-(\w+)"[^>]*>(.*?)</hx-partial>', html, re.DOTALL)
    values = {
        key: re.findall(r'(?:<input[^>]*value|<option value)="([^"]*)"(?: selected)?(?=[^>]*>)', text)
        for key, text in fields
    }
    selected = {key: re.findall(r'value="([^"]*)" selected', text) for key, text in fields}
    return {key: (selected[key] or values[key])[0] for key in values}


# ------------------------------------------------------------------ chips


@pytest.mark.parametrize("slug", REPORTS)
@examples(12)
@given(data=st.data())
def test_every_filter_has_a_chip_that_removes_it(client: FlaskClient, slug: str, data: st.DataObject) -> None:
    view = use_spellings(view_of(slug, data.draw(queries(slug))), WHOLE_PARTNER)
    shown = chips(client.get(f"/reports/{slug}?{view.query_string}").text)
    assert list(shown.values()) == [
        f"/reports/{slug}" + (f"?{rest}" if (rest := view.without_filter(active.key).query_string) else "")
        for active, _ in view.active_filters
    ]
    for (active, value), name in zip(view.active_filters, shown, strict=True):
        assert name == f"Remove filter {active.label}: {active.describe(value, view.today)}"


FILTER_VALUES = {
    "from": "2026-01-02", "to": "2026-01-03", "period": "today", "status": "Ended", "action": "Renew", "usage": "over",
}  # fmt: skip


@pytest.mark.parametrize("slug", REPORTS)
def test_links_of_a_page_keep_every_filter(client: FlaskClient, slug: str) -> None:
    for key, filter_ in REPORTS[slug].filters_by_key.items():
        query = f"{key}={FILTER_VALUES.get(key, 'Twin')}"
        page = client.get(f"/reports/{slug}?{query}").text
        assert re.findall(r'id="export"[^>]* href="([^"]+)"', page) == [f"/reports/{slug}.csv?{query}"]
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
    name = f"Remove filter Date in: Last month, {first} to {last}"
    assert list(chips(client.get(f"/reports/{TRANSACTIONS}?period=last-month").text)) == [name]


def test_clear_all_needs_two_filters(client: FlaskClient) -> None:
    one = client.get(f"/reports/{TRANSACTIONS}?action=Renew&sort=cost").text
    two = client.get(f"/reports/{TRANSACTIONS}?action=Renew&q=a&sort=cost").text
    assert "Clear all" not in one
    assert re.findall(r'href="([^"]*)"[^>]*>Clear all', two) == [f"/reports/{TRANSACTIONS}?sort=cost"]


def test_removed_filter_updates_only_its_form_field(client: FlaskClient) -> None:
    current = {"HX-Current-URL": f"http://localhost/reports/{TRANSACTIONS}?q=a&reseller=%40home&action=Renew"}
    link = client.get(
        f"/reports/{TRANSACTIONS}?q=a&action=Renew", headers={**FRAGMENT, **current, "HX-Source": "a#chip-reseller"}
    )
    assert updated_fields(link.text) == {"reseller": ""}
    sort = client.get(
        f"/reports/{TRANSACTIONS}?q=a&reseller=%40home&action=Renew&sort=cost",
        headers={**FRAGMENT, **current, "HX-Source": "a#sort-cost"},
    )
    assert updated_fields(sort.text) == {}
    none = client.get(f"/reports/{TRANSACTIONS}", headers={**FRAGMENT, **current, "HX-Source": "a#chips-clear"})
    assert updated_fields(none.text) == {"q": "", "reseller": "", "action": ""}
    typed = client.get(
        f"/reports/{TRANSACTIONS}?q=ab&reseller=%40home&action=Renew&was=", headers={**SUBMITTED, **current}
    )
    assert updated_fields(typed.text) == {}


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


@pytest.mark.parametrize(("slug", "key", "menu"), [(SUBSCRIPTIONS, "from", "status"), (TRANSACTIONS, "to", "action")])
def test_newer_of_period_and_days_wins_in_the_form(client: FlaskClient, slug: str, key: str, menu: str) -> None:
    for was, period, day in product(["", "last-month", "today"], ["", "last-month", "today"], ["", "2024-02-29"]):
        form = f"/reports/{slug}?q=&period={period}&{key}={day}&{menu}=&was={was}"
        days_are_newer = bool(day) and (not period or period == was)
        query = f"?{key}={day}" if days_are_newer else f"?period={period}" if period else ""
        plain = client.get(form)
        assert (plain.status_code, plain.location) == (303, f"/reports/{slug}{query}")
        fragment = client.get(form, headers=SUBMITTED)
        assert fragment.status_code == 200
        older = "period" if days_are_newer else key
        assert updated_fields(fragment.text) == ({older: ""} if day and period else {})
        assert f'name="was" value="{"" if days_are_newer else period}"' in fragment.text


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
    assert (
        '<option value="next-30-days" selected>Next 30 days'
        in client.get(f"/reports/{TRANSACTIONS}?period=next-30-days").text
    )
    assert '<option value="next-30-days">' in client.get(f"/reports/{SUBSCRIPTIONS}").text


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
    links = dict(re.findall(r'<td><a href="([^"]+)">([^<]+)</a></td>', page))
    assert {unescape(text) for text in links.values()} == texts - {""}
    assert page.count("<td><a ") == sum(bool(row[1]) for row in table_rows(page))
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
    assert f'<a class="row-name" href="/reports/{TRANSACTIONS}?subscription=S-2">S-2</a>' in page
    assert "<time>2021-01-01</time> <small>ended</small>" in page
    assert "2021-01-01 <small>ended</small>" in client.get(f"/reports/{SUBSCRIPTIONS}?columns=end&q=S-2").text


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
            r'id="report-nav".*?</nav>' if not headers else r'hx-target="#report-nav".*?</hx-partial>', page, re.DOTALL
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
    assert re.findall(r"</time>(?: <small>([^<]*)</small>)?", page.partition("<tbody")[2])[::3] == [
        "ended 3 days ago",
        "today",
        "in 12 days",
        "",
    ]
