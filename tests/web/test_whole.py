"""Whole trees: all rows of a page open at once, closed again, one by one or all."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports import REPORTS
from app.table.paging import Row, read_children, read_page
from app.table.scope import WHOLE_PARTNER
from app.table.view import Cursor, RowPath, View, digest
from models import reports_db
from tests.databases import on_both as database_url
from tests.strategies import Query, queries
from tests.support import table_rows, view_of

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("nasty")

USAGE = "/reports/customer-usage"
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


def one_by_one(view: View, rows: Sequence[Row]) -> list[Row]:
    """The rows with what stands open inside them, asked for as a person does who opens each."""
    return [
        row._replace(children=one_by_one(view, read_children(view.with_all_closed(), WHOLE_PARTNER, row.path) or []))
        if row.expandable and view.is_open(row.path)
        else row
        for row in rows
    ]


def open_paths(rows: Sequence[Row]) -> list[RowPath]:
    return [path for row in rows if row.children is not None for path in (row.path, *open_paths(row.children))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queries("customer-usage"), st.data())
def test_what_opens_stands_open_to_the_deepest_level(app: object, query: Query, data: st.DataObject) -> None:
    view = view_of("customer-usage", query)
    closed, whole = read_page(view, WHOLE_PARTNER), read_page(view.with_all_open(), WHOLE_PARTNER)
    assert whole.rows == one_by_one(view.with_all_open(), closed.rows)
    assert (whole.first, whole.total) == (closed.first, closed.total)
    named = replace(view, open_rows=tuple(sorted(open_paths(whole.rows))))
    assert read_page(named, WHOLE_PARTNER).rows == whole.rows
    for node in data.draw(st.lists(st.sampled_from(named.open_rows), max_size=3)) if named.open_rows else []:
        some = view.with_toggled(node[:1]).with_toggled(node) if len(node) > 1 else view.with_toggled(node)
        assert read_page(some, WHOLE_PARTNER).rows == one_by_one(some, closed.rows)
        assert read_page(named.with_toggled(node), WHOLE_PARTNER).rows == one_by_one(
            named.with_toggled(node), closed.rows
        )


def test_each_row_opens_to_its_own_whichever_was_opened_before(app: object) -> None:
    view = view_of("customer-usage", [("sort", "-available")])
    closed = read_page(view, WHOLE_PARTNER).rows
    for some in [view.with_toggled(row.path) for row in closed if row.expandable]:
        assert read_page(some, WHOLE_PARTNER).rows == one_by_one(some, closed)


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("open=all", "open=all"),
        ("open=all&open=1", "open=all"),
        ("open=1.1&open=all&open=all", "open=all"),
        ("sort=-used&open=all&q=a", "sort=-used&open=all&q=a"),
    ],
)
def test_all_stands_alone_in_the_address(query: str, canonical: str) -> None:
    pairs = [tuple(pair.split("=")) for pair in query.split("&")]
    assert view_of("customer-usage", pairs).query_string == canonical


@pytest.mark.parametrize("slug", ["customer-subscriptions", "customer-transactions"])
def test_reports_whose_rows_do_not_open_have_no_such_key(client: FlaskClient, slug: str) -> None:
    answer = client.get(f"/reports/{slug}?open=all")
    assert answer.status_code == 400
    assert "open: “all”" in answer.text
    assert "xpand all" not in client.get(f"/reports/{slug}").text


@pytest.mark.parametrize("value", ["ALL", "al", "all.1", "none"])
def test_nothing_else_means_all(client: FlaskClient, value: str) -> None:
    answer = client.get(f"{USAGE}?open={value}")
    assert answer.status_code == 400
    assert "named like 17 or 17.3, or all" in answer.text


def link(text: str, name: str) -> str:
    [address] = re.findall(rf'<a id="{name}" class="toolbar-link" href="([^"]+)"', text)
    return unescape(address)


@pytest.mark.parametrize("query", ["", "?sort=-used&size=25&q=a", "?columns=certificate_type&columns=used"])
def test_the_page_leads_to_all_open_and_back(client: FlaskClient, query: str) -> None:
    text = client.get(f"{USAGE}{query}").text
    whole = client.get(link(text, "expand-all")).text
    assert len(table_rows(whole)) > len(table_rows(text))
    assert 'aria-expanded="false"' not in whole
    assert table_rows(client.get(link(whole, "collapse-all")).text) == table_rows(text)


def test_products_and_no_rows_have_nothing_to_expand(client: FlaskClient) -> None:
    for query in ("columns=product", "q=nothing+like+it"):
        assert "xpand all" not in client.get(f"{USAGE}?{query}").text


@pytest.mark.parametrize("headers", [{}, FRAGMENT])
def test_one_row_closed_leaves_the_others_open(client: FlaskClient, headers: dict[str, str]) -> None:
    whole = client.get(f"{USAGE}?open=all").text
    nodes = re.findall(r'name="toggle" value="([^"]+)"', whole)
    answer = client.get(f"{USAGE}?open=all&toggle={nodes[0]}", headers=headers)
    address = answer.headers.get("HX-Push-Url") or answer.location
    others = [node for node in nodes if node.split(".")[0] != nodes[0]]
    assert others
    assert set(re.findall("open=([0-9.]+)", address)) == set(others)
    rows = table_rows(client.get(address).text)
    assert len(rows) < len(table_rows(whole))
    deepest = next(node for node in nodes if "." in node)
    shut = client.get(f"{USAGE}?open=all&toggle={deepest}").location
    assert set(re.findall("open=([0-9.]+)", shut)) == set(nodes) - {deepest}


def test_more_open_rows_than_an_address_holds_are_said_to_be(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.reports.page.MAX_URL_LENGTH", 40)
    assert client.get(f"{USAGE}?open=all").status_code == 200
    [node, *_] = re.findall(r'name="toggle" value="([^"]+)"', client.get(USAGE).text)
    answer = client.get(f"{USAGE}?open=all&toggle={node}")
    assert answer.status_code == 400
    assert "more than an address can hold" in answer.text


@pytest.mark.parametrize("key", ["after", "before"])
def test_a_place_that_has_gone_is_said_so_while_a_row_is_closed(client: FlaskClient, key: str) -> None:
    gone = Cursor(0, 987_654, digest("gone"), 3, view_of("customer-usage", []).cursor_context)
    answer = client.get(f"{USAGE}?open=all&toggle=1&{key}={gone}")
    assert answer.status_code == 400
    assert "is a place that has gone" in answer.text


def test_a_page_takes_one_query_more_for_each_level(app: object, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    execute = reports_db.obj.execute_sql
    monkeypatch.setattr(reports_db.obj, "execute_sql", lambda sql, *rest: (asked.append(sql), execute(sql, *rest))[1])
    view = view_of("customer-usage", [])
    numbers = []
    for each in (view, view, view.with_all_open()):
        asked.clear()
        read_page(each, WHOLE_PARTNER)
        numbers.append(len(asked))
    assert numbers[2] - numbers[1] == len(REPORTS["customer-usage"].levels) - 1
