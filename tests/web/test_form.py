"""The form of a report page is its whole state: it sends the view again, and commands that change it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.reports import REPORTS, subscriptions, transactions, usage
from app.table.paging import read_page
from app.table.scope import WHOLE_PARTNER
from app.table.view import View, format_path, move_column
from app.web.reports.form import parse_submission
from models import Customer, clean_text
from tests.strategies import examples, queries
from tests.support import csv_rows, load, signed_in, table_rows, view_of
from tests.web import parties
from tests.web.forms import Pairs, corrections, filled_in, sent_by_form, shown_query

SUBSCRIPTIONS, TRANSACTIONS, USAGE = subscriptions.REPORT, transactions.REPORT, usage.REPORT
DAYS = [("from", "2026-01-01"), ("to", "2026-01-31")]
FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}


def address(view: View) -> str:
    return f"/reports/{view.report.slug}" + (f"?{view.query_string}" if view.query_string else "")


# ------------------------------------------------------------------ a period or days


@pytest.mark.parametrize(
    ("was", "period", "filters"),
    [
        ("", "today", {"period": "today"}),  # the period is new
        ("last-month", "today", {"period": "today"}),
        ("days", "today", {"period": "today"}),
        ("days", "", {}),  # "Any time" ends the days that were shown
        ("today", "today", dict(DAYS)),  # the days are new
        ("", "", dict(DAYS)),
        ("today", "", dict(DAYS)),  # typed beside "Any time", as nothing else ends a period without scripts
    ],
)
def test_newer_of_period_and_days_wins(was: str, period: str, filters: dict[str, str]) -> None:
    submission = parse_submission(TRANSACTIONS, [("was", was), ("period", period), *DAYS])
    assert (submission.view.filters, submission.errors) == (filters, [])
    assert submission.is_form


@pytest.mark.parametrize("was", ["", "today", "days"])
def test_days_stay_where_no_period_is_checked(was: str) -> None:
    submission = parse_submission(TRANSACTIONS, [("was", was), *DAYS])
    assert (submission.view.filters, submission.errors) == (dict(DAYS), [])


def test_one_new_day_replaces_the_period() -> None:
    for day in DAYS:
        submission = parse_submission(SUBSCRIPTIONS, [("was", "today"), ("period", "today"), day])
        assert (submission.view.filters, submission.errors) == (dict([day]), [])


def test_period_stays_without_days() -> None:
    submission = parse_submission(TRANSACTIONS, [("was", "today"), ("period", "today"), ("from", ""), ("to", "")])
    assert (submission.view.filters, submission.errors) == ({"period": "today"}, [])


def test_link_is_no_form_and_refuses_period_with_days() -> None:
    submission = parse_submission(TRANSACTIONS, [("period", "today"), *DAYS])
    assert not submission.is_form
    assert submission.errors


def test_was_needs_a_report_with_periods_and_one_value() -> None:
    for report, pairs in ((USAGE, [("was", "today")]), (TRANSACTIONS, [("was", "today"), ("was", "today")])):
        assert {error.key for error in parse_submission(report, pairs).errors} == {"was"}


# ------------------------------------------------------------------ commands


def test_toggle_opens_and_closes_a_row() -> None:
    opened = parse_submission(USAGE, [("toggle", "17")])
    assert (opened.view.open_rows, opened.errors, opened.is_form) == (((17,),), [], True)
    closed = parse_submission(USAGE, [("open", "17"), ("open", "17.3"), ("toggle", "17")])
    assert (closed.view.open_rows, closed.errors) == ((), [])


@pytest.mark.parametrize("value", ["x", "-1", "17.", "1.2.3", "all", "1" * 40])
def test_wrong_toggle_is_an_error(value: str) -> None:
    submission = parse_submission(USAGE, [("toggle", value)])
    assert [str(error) for error in submission.errors] == [
        f"toggle: “{value}” is not a row that opens; rows are named like 17 or 17.3"
    ]


def test_flat_report_has_no_rows_to_toggle() -> None:
    assert [error.key for error in parse_submission(TRANSACTIONS, [("toggle", "17")]).errors] == ["toggle"]


def test_move_changes_the_order_of_columns() -> None:
    pairs = [("columns", key) for key in ("customer", "cost", "date")]
    for value, keys in (
        ("date:up", ["customer", "date", "cost"]),
        ("cost:down", ["customer", "date", "cost"]),
    ):
        submission = parse_submission(TRANSACTIONS, [*pairs, ("move", value)])
        assert ([column.key for column in submission.view.columns], submission.errors) == (keys, [])


@pytest.mark.parametrize("value", ["cost", "cost:", "cost:left", "price:up", ":up", "cost:up:up", "cost:UP"])
def test_wrong_move_is_an_error(value: str) -> None:
    submission = parse_submission(TRANSACTIONS, [("move", value)])
    assert [str(error) for error in submission.errors] == [
        f"move: “{value}” is not a move of a column; it must look like reseller:up or reseller:down"
    ]


def test_reset_shows_the_default_columns_and_stays_at_the_page() -> None:
    pairs = [("columns", key) for key in ("cost", "status")]
    for sort, kept in (("cost", "cost"), ("-status", SUBSCRIPTIONS.default_sort)):
        submission = parse_submission(SUBSCRIPTIONS, [*pairs, ("sort", sort), ("before", "end"), ("reset", "columns")])
        assert submission.errors == []
        assert submission.view.columns == SUBSCRIPTIONS.default_columns
        assert submission.view.sort == kept
        assert (submission.view.position is not None) is (sort == kept), "another order begins with its first page"


@pytest.mark.parametrize("value", ["all", "column", "columns "])
def test_wrong_reset_is_an_error(value: str) -> None:
    assert [error.key for error in parse_submission(USAGE, [("reset", value)]).errors] == ["reset"]


def test_each_wrong_command_is_an_error() -> None:
    submission = parse_submission(USAGE, [("move", "used:left"), ("toggle", "1"), ("toggle", "x"), ("reset", "x")])
    assert [(error.key, error.value) for error in submission.errors] == [
        ("move", "used:left"), ("toggle", "x"), ("reset", "x")
    ]  # fmt: skip


def test_empty_command_is_no_command() -> None:
    submission = parse_submission(USAGE, [("toggle", ""), ("move", ""), ("reset", "")])
    assert (submission.errors, submission.view) == ([], view_of("customer-usage", []))


Command = tuple[str, str]
APPLY: dict[str, Callable[[View, str], View]] = {
    "toggle": lambda view, value: view.with_toggled(tuple(map(int, value.split(".")))),
    "move": lambda view, value: move_column(view, value.split(":")[0], -1 if value.endswith("up") else 1),
    "reset": lambda view, value: view.with_default_columns(),
}


def commands(slug: str) -> st.SearchStrategy[list[Command]]:
    """Several commands of a report, some of them undoing others."""
    moves = st.tuples(st.sampled_from(list(REPORTS[slug].columns_by_key)), st.sampled_from(["up", "down"]))
    kinds = [moves.map(lambda move: ("move", ":".join(move))), st.just(("reset", "columns"))]
    if slug == "customer-usage":
        kinds.append(st.sampled_from(["1", "2", "1.1", "2.3"]).map(lambda path: ("toggle", path)))
    return st.lists(st.one_of(kinds), max_size=6)


@pytest.mark.parametrize("slug", REPORTS)
@examples(30)
@given(data=st.data())
def test_commands_are_carried_out_in_their_order(slug: str, data: st.DataObject) -> None:
    query, given_commands = data.draw(queries(slug)), data.draw(commands(slug))
    expected = view_of(slug, query)
    for key, value in given_commands:
        expected = APPLY[key](expected, value)
    places = data.draw(st.lists(st.integers(0, len(query)), min_size=len(given_commands), max_size=len(given_commands)))
    pairs: Pairs = []
    for place in range(len(query) + 1):  # commands may stand anywhere among the fields
        pairs += [given_commands[at] for at, other in enumerate(sorted(places)) if other == place]
        pairs += query[place : place + 1]
    submission = parse_submission(REPORTS[slug], pairs)
    assert submission.errors == []
    assert submission.view == replace(expected, today=submission.view.today)
    assert submission.is_form or not given_commands


# ------------------------------------------------------------------ the form sends the view


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two rows, so that a few rows have a page in the middle."""
    monkeypatch.setattr("app.table.params.PAGE_SIZES", (2, 25, 50, 100, 200))


def positions(view: View) -> Sequence[View]:
    """A view's first and last page, and those beside its first two."""
    first = read_page(view, WHOLE_PARTNER)
    second = read_page(first.next, WHOLE_PARTNER) if first.next else first
    return [each for each in (view, first.next, second.next, second.previous, view.last_page) if each]


def some_rows_open(data: st.DataObject, view: View) -> View:
    """A view of usage with no row open, with some, one of which doesn't exist, or with all."""
    if data.draw(st.booleans()):
        return view.with_all_open()
    paths = [row.path for row in read_page(view, WHOLE_PARTNER).rows if row.expandable]
    for path in data.draw(st.lists(st.sampled_from([*paths, (987_654,)]), unique=True)):
        view = view.with_toggled(path)
    return view


@pytest.mark.parametrize("slug", REPORTS)
@examples(25)
@given(data=st.data())
@pytest.mark.usefixtures("small_pages", "edge_cases")
def test_form_sends_the_view_that_it_shows(client: FlaskClient, slug: str, data: st.DataObject) -> None:
    view = view_of(slug, [*[pair for pair in data.draw(queries(slug)) if pair[0] != "size"], ("size", "2")])
    places = positions(view)
    view = places[data.draw(st.integers(0, len(places) - 1))]
    if slug == "customer-usage" and view.level < 2:
        view = some_rows_open(data, view)
    page = client.get(address(view)).text
    query = shown_query(page)
    sent = MultiDict(sent_by_form(page))
    plain = client.get(f"/reports/{slug}", query_string=sent)
    assert (plain.status_code, plain.location) == (303, f"/reports/{slug}?{query}")
    current = {"HX-Current-URL": f"http://localhost{plain.location}"}
    sent = MultiDict(sent_by_form(page, scripts=True))
    fragment = client.get(f"/reports/{slug}", query_string=sent, headers={**FRAGMENT, **current})
    assert (shown_query(fragment.text), table_rows(fragment.text)) == (query, table_rows(page))
    assert corrections(fragment.text) == {}
    assert "#column-list" not in fragment.text
    assert not {"HX-Push-Url", "HX-Replace-Url"} & set(fragment.headers.keys())


@pytest.mark.usefixtures("edge_cases")
def test_viewers_form_sends_the_view_that_it_shows(app: Flask) -> None:
    viewer = signed_in(app, "viewer")
    for slug in REPORTS:
        page = viewer.get(f"/reports/{slug}?sort=-customer&q=a&reseller=-&size=25").text
        answer = viewer.get(f"/reports/{slug}", query_string=MultiDict(sent_by_form(page)))
        assert answer.location == f"/reports/{slug}?{shown_query(page)}"
        assert shown_query(page) == "sort=-customer&size=25&q=a&reseller=-"


@pytest.mark.usefixtures("edge_cases")
def test_form_sends_names_as_they_are(client: FlaskClient, tmp_path: Path) -> None:
    names = (" before", "behind ", "two  of them", "tab\tand\u00a0more ", "&amp; <b>'")
    lines = [f"Blank,B-1,,{name},DV,1,1" for name in names]
    (tmp_path / "usage.csv").write_text("\n".join([parties.USAGE, *lines]), "utf-8")
    load("customer-usage", tmp_path / "usage.csv")
    for name in map(clean_text, names):
        page = client.get("/reports/customer-usage", query_string={"certificate_type": name}).text
        assert ("certificate_type", name) in sent_by_form(page)


# ------------------------------------------------------------------ a filter and a command at once


@pytest.mark.usefixtures("edge_cases")
def test_command_and_filter_are_both_kept(client: FlaskClient) -> None:
    path = Customer.get(Customer.ref == "C-1").id
    page = client.get("/reports/customer-usage?sort=-used&columns=customer&columns=used").text
    form = filled_in(sent_by_form(page), q="C-1", usage="over")
    sent = [*form, ("toggle", str(path)), ("reset", "columns"), ("move", "used:up")]
    keys = ["customer", "customer_id", "reseller", "current_inventory", "used", "available"]
    columns = "&".join(f"columns={key}" for key in keys)
    expected = f"/reports/customer-usage?{columns}&sort=-used&open={path}&q=C-1&usage=over"
    plain = client.get("/reports/customer-usage", query_string=MultiDict(sent))
    assert (plain.status_code, plain.location) == (303, expected)
    fragment = client.get("/reports/customer-usage", query_string=MultiDict(sent), headers=FRAGMENT)
    assert fragment.headers["HX-Push-Url"] == expected
    assert table_rows(fragment.text) == table_rows(client.get(expected).text)
    assert "#column-list" in fragment.text


@pytest.mark.usefixtures("small_pages", "edge_cases")
def test_last_page_is_that_of_one_view(client: FlaskClient) -> None:
    path = "/reports/customer-transactions"
    form = sent_by_form(client.get(f"{path}?size=2&before=end").text)
    [place] = [value for key, value in form if key == "before"]
    assert place == f"end-{view_of('customer-transactions', [('size', '2')]).cursor_context}"
    other_columns = [("columns", "cost"), *(pair for pair in form if pair[0] != "columns")]
    answer = client.get(path, query_string=MultiDict(other_columns))
    assert answer.location == f"{path}?columns=cost&size=2&before=end"
    for changed in ({"action": "Renew"}, {"sort": "cost"}, {"size": "25"}):
        assert "before" not in client.get(path, query_string=MultiDict(filled_in(form, **changed))).location
    assert client.get(f"{path}?before=end-0").status_code == 400


@pytest.mark.usefixtures("edge_cases")
def test_links_keep_rows_open(client: FlaskClient) -> None:
    page = client.get("/reports/customer-usage?open=1&open=2&q=a&usage=over&size=25").text
    assert table_rows(client.get("/reports/customer-usage?open=1&open=2&q=a").text)
    for pattern in (
        r'id="sort-used" href="([^"]+)"',
        r'id="chip-q" class="chip" href="([^"]+)"',
        r'id="size-50" href="([^"]+)"',
    ):
        [link] = re.findall(pattern, page)
        assert re.findall(r"open=(\d+)", link) == ["1", "2"]
    [clear] = re.findall(r'id="chips-clear" href="([^"]+)"', page)
    assert unescape(clear) == "/reports/customer-usage?size=25&open=1&open=2"


# ------------------------------------------------------------------ files and paper


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.usefixtures("edge_cases")
def test_files_and_paper_take_the_form_as_it_stands(client: FlaskClient, slug: str) -> None:
    query = "columns=customer&columns=reseller&sort=-customer&size=25&before=end&q=a"
    form = sent_by_form(client.get(f"/reports/{slug}?{query}").text)
    plain = client.get(f"/reports/{slug}.csv?{query}").data
    exported = client.get(f"/reports/{slug}.csv", query_string=MultiDict([*form, ("dialect", "excel")]))
    assert exported.data == plain
    moved = client.get(f"/reports/{slug}.csv", query_string=MultiDict([*form, ("move", "reseller:up")]))
    assert csv_rows(moved.data)[0][-1] == ("Customer" if slug != "customer-usage" else "Reseller")
    assert client.get(f"/reports/{slug}.xlsx", query_string=MultiDict(form)).status_code == 200
    printed = client.get(f"/reports/{slug}/print", query_string=MultiDict(form)).text
    assert table_rows(printed) == table_rows(
        client.get(f"/reports/{slug}?columns=customer&columns=reseller&sort=-customer&q=a").text
    )
    assert len(table_rows(printed)) == len(csv_rows(plain)) - 1


@pytest.mark.usefixtures("edge_cases")
def test_opened_rows_are_not_in_a_file(client: FlaskClient) -> None:
    path = format_path((Customer.get(Customer.ref == "C-1").id,))
    assert (
        client.get(f"/reports/customer-usage.csv?toggle={path}").data == client.get("/reports/customer-usage.csv").data
    )
    printed = client.get(f"/reports/customer-usage/print?toggle={path}&q=C-1").text
    assert table_rows(printed) == table_rows(client.get(f"/reports/customer-usage?open={path}&q=C-1").text)
    assert len(table_rows(printed)) > 1
