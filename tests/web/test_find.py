"""Finding: chips, periods and days that give way to one another, links to ids and to other reports, names of files."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports import REPORTS
from app.reports.periods import PERIODS, period_dates
from app.table.definitions import Column, Report
from app.table.view import Cursor, PagePosition
from tests.strategies import queries
from tests.support import load, signed_in, table_rows, view_of
from tests.web import parties

FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
SENT = {**FRAGMENT, "HX-Source": "form#filters"}
SUBSCRIPTIONS, TRANSACTIONS, USAGE = REPORTS
LINKED = [
    (report, column) for report in REPORTS.values() for column in report.columns if column.link and column.link.report
]

pytestmark = pytest.mark.usefixtures("nasty")


def chips(html: str) -> dict[str, str]:
    """The names of chips, as they are read out, with their addresses."""
    found = re.findall(r'<a id="chip-\w+" class="chip" href="([^"]*)"[^>]*>(.*?)</a>', html)
    return {unescape(re.sub("<[^>]+>", "", name)): unescape(address) for address, name in found}


def refreshed(html: str) -> dict[str, str]:
    """The fields of the form that a fragment brings anew, with their values."""
    fields = re.findall(r'<hx-partial hx-target="#field-(\w+)"[^>]*>(.*?)</hx-partial>', html, re.DOTALL)
    values = {
        key: re.findall(r'(?:<input[^>]*value|<option value)="([^"]*)"(?: selected)?(?=[^>]*>)', text)
        for key, text in fields
    }
    chosen = {key: re.findall(r'value="([^"]*)" selected', text) for key, text in fields}
    return {key: (chosen[key] or values[key])[0] for key in values}


# ------------------------------------------------------------------ chips


@pytest.mark.parametrize("slug", REPORTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_filter_is_a_chip_that_takes_it_away(client: FlaskClient, slug: str, data: st.DataObject) -> None:
    view = view_of(slug, data.draw(queries(slug)))
    shown = chips(client.get(f"/reports/{slug}?{view.query_string}").text)
    assert list(shown.values()) == [
        f"/reports/{slug}" + (f"?{rest}" if (rest := view.without_filter(each.key).query_string) else "")
        for each, _ in view.active_filters
    ]
    for (each, value), name in zip(view.active_filters, shown, strict=True):
        assert name == f"Remove filter {each.label}: {each.describe(value, view.today)}"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (f"{TRANSACTIONS}?reseller=-", ["Reseller: No reseller"]),
        (f"{USAGE}?usage=near&reseller=@home", ["Reseller: @home", "Usage: Near inventory (90 % used)"]),
        (f"{SUBSCRIPTIONS}?status=Ended&to=2026-01-31&q=a+%26", ["Search: a &", "End to: 2026-01-31", "Status: Ended"]),
        (f"{SUBSCRIPTIONS}?sort=-cost&size=25", []),
    ],
)
def test_chips_say_in_words_what_is_chosen(client: FlaskClient, path: str, names: list[str]) -> None:
    assert list(chips(client.get(f"/reports/{path}").text)) == [f"Remove filter {name}" for name in names]


def test_a_period_is_told_with_the_days_that_it_means(client: FlaskClient) -> None:
    first, last = period_dates("last-month", datetime.now(UTC).date())
    name = f"Remove filter Date in: Last month, {first} to {last}"
    assert list(chips(client.get(f"/reports/{TRANSACTIONS}?period=last-month").text)) == [name]


def test_all_filters_go_at_once_where_there_are_two(client: FlaskClient) -> None:
    one = client.get(f"/reports/{TRANSACTIONS}?action=Renew&sort=cost").text
    two = client.get(f"/reports/{TRANSACTIONS}?action=Renew&q=a&sort=cost").text
    assert "Clear all" not in one
    assert re.findall(r'href="([^"]*)"[^>]*>Clear all', two) == [f"/reports/{TRANSACTIONS}?sort=cost"]


def test_a_removed_filter_leaves_the_form_too_and_nothing_else_there_is_touched(client: FlaskClient) -> None:
    seen = {"HX-Current-URL": f"http://localhost/reports/{TRANSACTIONS}?q=a&reseller=%40home&action=Renew"}
    link = client.get(
        f"/reports/{TRANSACTIONS}?q=a&action=Renew", headers={**FRAGMENT, **seen, "HX-Source": "a#chip-reseller"}
    )
    assert refreshed(link.text) == {"reseller": ""}
    sort = client.get(
        f"/reports/{TRANSACTIONS}?q=a&reseller=%40home&action=Renew&sort=cost",
        headers={**FRAGMENT, **seen, "HX-Source": "a#sort-cost"},
    )
    assert refreshed(sort.text) == {}
    none = client.get(f"/reports/{TRANSACTIONS}", headers={**FRAGMENT, **seen, "HX-Source": "a#chips-clear"})
    assert refreshed(none.text) == {"q": "", "reseller": "", "action": ""}
    typed = client.get(f"/reports/{TRANSACTIONS}?q=ab&reseller=%40home&action=Renew&was=", headers={**SENT, **seen})
    assert refreshed(typed.text) == {}


# ------------------------------------------------------------------ periods and days


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("period=fortnight", "last-month"), ("period=Last+month", "last-month"),
        ("period=today&period=today", "second"),
        ("period=last-month&from=2026-01-01", "keep the period or the days"),
        ("to=2026-01-01&period=last-month", "keep the period or the days"),
        ("was=today&was=today", "no such key"),
    ],
)  # fmt: skip
def test_a_period_that_cannot_be_is_refused(client: FlaskClient, query: str, named: str) -> None:
    for slug, ending in product((SUBSCRIPTIONS, TRANSACTIONS), ("", ".csv")):
        answer = client.get(f"/reports/{slug}{ending}?{query}")
        assert answer.status_code == 400
        assert named in answer.text


@pytest.mark.parametrize(
    "query", ["status=active", "status=x", "usage=all", "usage=over&usage=over", "period=today", "was=today"]
)
def test_what_a_report_does_not_have_is_refused(client: FlaskClient, query: str) -> None:
    slug = SUBSCRIPTIONS if query.startswith("status") else USAGE
    assert client.get(f"/reports/{slug}?{query}").status_code == 400


PERIOD = st.sampled_from(["", "last-month", "today", "next-90-days"])
DAY = st.sampled_from(["", "2025-05-05", "2024-02-29"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    slug=st.sampled_from([SUBSCRIPTIONS, TRANSACTIONS]),
    was=PERIOD,
    period=PERIOD,
    day=DAY,
    key=st.sampled_from(["from", "to"]),
)
def test_of_a_period_and_days_in_a_form_the_later_choice_counts(
    client: FlaskClient, slug: str, was: str, period: str, day: str, key: str
) -> None:
    form = f"/reports/{slug}?q=&period={period}&{key}={day}&action=&was={was}".replace(
        "&action=", "&action=" if slug == TRANSACTIONS else "&status="
    )
    days_are_later = bool(day) and (not period or period == was)
    right = f"{key}={day}" if days_are_later else f"period={period}" if period else ""
    plain = client.get(form)
    assert (plain.status_code, plain.location) == (303, f"/reports/{slug}" + (f"?{right}" if right else ""))
    fragment = client.get(form, headers=SENT)
    assert fragment.status_code == 200
    gone = {}
    if day and period:
        gone = {"period": ""} if days_are_later else {key: ""}
    assert refreshed(fragment.text) == gone
    assert f'name="was" value="{"" if days_are_later else period}"' in fragment.text


def test_the_address_keeps_the_name_of_the_period(client: FlaskClient) -> None:
    shown = client.get(f"/reports/{TRANSACTIONS}?period=this-year&sort=cost").text
    assert "period=this-year" in shown
    assert "from=" not in shown


def test_a_period_that_the_menu_does_not_offer_is_kept_in_it(client: FlaskClient) -> None:
    assert 'value="next-30-days"' not in client.get(f"/reports/{TRANSACTIONS}").text
    assert (
        '<option value="next-30-days" selected>Next 30 days'
        in client.get(f"/reports/{TRANSACTIONS}?period=next-30-days").text
    )
    assert '<option value="next-30-days">' in client.get(f"/reports/{SUBSCRIPTIONS}").text


@pytest.mark.parametrize("query", ["period=yesterday", "status=Cancelled"])
def test_a_place_that_midnight_has_moved_leads_to_the_first_page(client: FlaskClient, query: str) -> None:
    view = view_of(SUBSCRIPTIONS, [tuple(query.split("="))])
    moved = view.at_position(PagePosition(forward=True, cursor=Cursor(0, 1, "00000000", 50, view.cursor_context)))
    answer = client.get(f"/reports/{SUBSCRIPTIONS}?{moved.query_string}")
    assert (answer.status_code, answer.location) == (303, f"/reports/{SUBSCRIPTIONS}?{query}")
    assert client.get(answer.location).status_code == 200


# ------------------------------------------------------------------ files


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("", "{now}"), ("action=Renew", "{now}"),
        ("from=2026-01-02", "from-2026-01-02"), ("to=2026-01-02", "to-2026-01-02"),
        ("from=2026-01-02&to=2026-02-03", "2026-01-02-to-2026-02-03"),
        *((f"period={name}", f"{{{name}}}") for name in PERIODS),
    ],
)  # fmt: skip
def test_a_file_is_named_for_its_days(client: FlaskClient, query: str, days: str) -> None:
    today = datetime.now(UTC).date()
    named = {name: "-to-".join(period_dates(name, today)) for name in PERIODS}
    answer = client.head(f"/reports/{TRANSACTIONS}.csv?{query}")
    name = f"{TRANSACTIONS}-{days.format_map({**named, 'now': str(today)})}.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


# ------------------------------------------------------------------ links


@pytest.mark.parametrize(("report", "column"), LINKED, ids=lambda each: getattr(each, "slug", getattr(each, "key", "")))
def test_every_id_leads_to_its_rows_and_no_id_leads_nowhere(
    client: FlaskClient, report: Report, column: Column
) -> None:
    page = client.get(f"/reports/{report.slug}?columns=customer&columns={column.key}&size=200").text
    texts = {row[1] for row in table_rows(page)}
    links = dict(re.findall(r'<td><a href="([^"]+)">([^<]+)</a></td>', page))
    assert {unescape(text) for text in links.values()} == texts - {""}
    assert page.count("<td><a ") == sum(bool(row[1]) for row in table_rows(page))
    for address, text in links.items():
        slug = column.link.report
        assert address.startswith(f"/reports/{slug}?{column.link.key}=")
        answer = client.get(
            unescape(address) + f"&columns={column.key}" if column.key in REPORTS[slug].columns_by_key else address
        )
        assert answer.status_code == 200
        assert {row[-1] for row in table_rows(answer.text)} <= {unescape(text)}


def test_the_links_of_columns_are_filters_of_reports() -> None:
    assert {(report.slug, column.key) for report, column in LINKED} == {
        (SUBSCRIPTIONS, "subscription_id"), (TRANSACTIONS, "subscription_id"),
    }  # fmt: skip
    for _, column in LINKED:
        assert column.link
        assert column.link.key in REPORTS[column.link.report].filters_by_key


def test_an_id_that_is_first_is_a_link_and_an_end_that_is_first_has_its_note(client: FlaskClient) -> None:
    page = client.get(f"/reports/{SUBSCRIPTIONS}?columns=subscription_id&columns=end&q=S-2").text
    assert f'<a class="row-name" href="/reports/{TRANSACTIONS}?subscription=S-2">S-2</a>' in page
    assert "<time>2021-01-01</time> <small>ended</small>" in page
    assert "2021-01-01 <small>ended</small>" in client.get(f"/reports/{SUBSCRIPTIONS}?columns=end&q=S-2").text


def test_notes_and_links_are_in_no_file(client: FlaskClient) -> None:
    text = client.get(f"/reports/{SUBSCRIPTIONS}.csv?columns=end&columns=subscription_id&q=S-2").text
    assert text == "\ufeffEnd,Subscription ID\r\n2021-01-01,S-2\r\n"


@pytest.mark.parametrize(
    ("path", "there"),
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
def test_moving_between_reports_keeps_customer_reseller_and_period(
    client: FlaskClient, path: str, there: dict[str, str]
) -> None:
    right = [f"/reports/{slug}" + (f"?{query}" if query else "") for slug, query in there.items()]
    for headers in ({}, FRAGMENT):
        page = client.get(f"/reports/{path}", headers=headers).text
        (others,) = re.findall(
            r'id="report-nav".*?</nav>' if not headers else r'hx-target="#report-nav".*?</hx-partial>', page, re.DOTALL
        )
        assert list(map(unescape, re.findall(r'href="([^"]+)"', others))) == right
        assert others.count("aria-current") == 1
        for address in right:
            assert client.get(address).status_code == 200


def test_a_viewer_finds_without_looking_inside(app: Flask) -> None:
    viewer = signed_in(app, "viewer")
    page = viewer.get(f"/reports/{USAGE}?usage=over&customer=C-1").text
    assert [row[0] for row in table_rows(page)] == ["Ångström & Søn, A/S"]
    assert list(chips(page)) == ["Remove filter Customer ID: C-1", "Remove filter Usage: Over inventory"]


# ------------------------------------------------------------------ how far away an end is


def test_the_end_of_a_subscription_says_how_far_away_it_is(client: FlaskClient, tmp_path: Path) -> None:
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
