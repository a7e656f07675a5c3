"""Open all rows of a page at once, and close them again, one by one or together."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qsl

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.reports import REPORTS
from app.table.paging import read_children, read_page
from app.table.rows import Row
from app.table.scope import WHOLE_PARTNER
from app.table.view import Cursor, RowPath, View, digest
from models import reports_db
from tests.strategies import Query, examples, queries
from tests.support import table_rows, view_of

pytestmark = pytest.mark.usefixtures("edge_cases")

USAGE = "/reports/customer-usage"
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


def one_by_one(view: View, rows: Sequence[Row]) -> list[Row]:
    """The rows with those inside open rows, which are read one by one."""
    return [
        row._replace(children=one_by_one(view, read_children(view.with_all_closed(), WHOLE_PARTNER, row.path) or []))
        if row.expandable and view.is_open(row.path)
        else row
        for row in rows
    ]


def open_paths(rows: Sequence[Row]) -> list[RowPath]:
    return [path for row in rows if row.children is not None for path in (row.path, *open_paths(row.children))]


@examples(12)
@given(queries("customer-usage"), st.data())
def test_open_rows_equal_rows_read_one_by_one(query: Query, data: st.DataObject) -> None:
    check_open_rows(query, data)


def check_open_rows(query: Query, data: st.DataObject) -> None:
    """Check a view with all of its rows open, and with some."""
    view = view_of("customer-usage", query)
    closed, opened = read_page(view, WHOLE_PARTNER), read_page(view.with_all_open(), WHOLE_PARTNER)
    assert opened.rows == one_by_one(view.with_all_open(), closed.rows)
    assert (opened.first, opened.total) == (closed.first, closed.total)
    named = replace(view, open_rows=tuple(sorted(open_paths(opened.rows))))
    assert read_page(named, WHOLE_PARTNER).rows == opened.rows
    for path in data.draw(st.lists(st.sampled_from(named.open_rows), max_size=3)) if named.open_rows else []:
        some = view.with_toggled(path[:1]).with_toggled(path) if len(path) > 1 else view.with_toggled(path)
        assert read_page(some, WHOLE_PARTNER).rows == one_by_one(some, closed.rows)
        assert read_page(named.with_toggled(path), WHOLE_PARTNER).rows == one_by_one(
            named.with_toggled(path), closed.rows
        )


def test_each_row_opens_to_its_own_rows() -> None:
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
def test_open_all_replaces_single_rows_in_the_address(query: str, canonical: str) -> None:
    assert view_of("customer-usage", parse_qsl(query)).query_string == canonical


@pytest.mark.parametrize("slug", ["customer-subscriptions", "customer-transactions"])
def test_flat_report_refuses_open(client: FlaskClient, slug: str) -> None:
    response = client.get(f"/reports/{slug}?open=all")
    assert response.status_code == 400
    assert "open: “all”" in response.text
    assert "xpand all" not in client.get(f"/reports/{slug}").text


@pytest.mark.parametrize("value", ["ALL", "al", "all.1", "none"])
def test_wrong_row_path_is_refused(client: FlaskClient, value: str) -> None:
    response = client.get(f"{USAGE}?open={value}")
    assert response.status_code == 400
    assert "named like 17 or 17.3, or all" in response.text


def link(page: str, link_id: str) -> str:
    """The address of the link with this id."""
    [address] = re.findall(rf'<a id="{link_id}"[^>]* href="([^"]+)"', page)
    return unescape(address)


@pytest.mark.parametrize("query", ["", "?sort=-used&size=25&q=a", "?columns=certificate_type&columns=used"])
def test_expand_all_and_collapse_all(client: FlaskClient, query: str) -> None:
    text = client.get(f"{USAGE}{query}").text
    whole = client.get(link(text, "expand-all")).text
    assert len(table_rows(whole)) > len(table_rows(text))
    assert 'aria-expanded="false"' not in whole
    assert table_rows(client.get(link(whole, "collapse-all")).text) == table_rows(text)


def test_names_are_aligned_whether_their_rows_open_or_not(client: FlaskClient) -> None:
    text = client.get(USAGE).text
    assert '<i class="expander">' in text
    assert text.count('class="expander"') == len(table_rows(text))


def test_expand_all_needs_rows_that_open(client: FlaskClient) -> None:
    for query in ("columns=product", "q=nothing+like+it"):
        assert "xpand all" not in client.get(f"{USAGE}?{query}").text


@pytest.mark.parametrize("headers", [{}, FRAGMENT])
def test_closing_one_row_leaves_the_others_open(client: FlaskClient, headers: dict[str, str]) -> None:
    page = client.get(f"{USAGE}?open=all").text
    paths = re.findall(r'name="toggle" value="([^"]+)"', page)
    response = client.get(f"{USAGE}?open=all&toggle={paths[0]}", headers=headers)
    address = response.headers.get("HX-Push-Url") or response.location
    others = [path for path in paths if path.split(".")[0] != paths[0]]
    assert others
    assert set(re.findall("open=([0-9.]+)", address)) == set(others)
    assert len(table_rows(client.get(address).text)) < len(table_rows(page))
    inner = next(path for path in paths if "." in path)
    address = client.get(f"{USAGE}?open=all&toggle={inner}").location
    assert set(re.findall("open=([0-9.]+)", address)) == set(paths) - {inner}


def test_too_many_open_rows_for_an_address_are_refused(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.reports.page.MAX_URL_LENGTH", 40)
    assert client.get(f"{USAGE}?open=all").status_code == 200
    [path, *_] = re.findall(r'name="toggle" value="([^"]+)"', client.get(USAGE).text)
    response = client.get(f"{USAGE}?open=all&toggle={path}")
    assert response.status_code == 400
    assert "more than an address can hold" in response.text


def test_row_that_no_address_can_name_as_open_does_not_open(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    [path, *_] = re.findall(r'name="toggle" value="([^"]+)"', client.get(USAGE).text)
    assert client.get(f"{USAGE}/rows?node={path}").status_code == 200
    monkeypatch.setattr("app.web.reports.page.MAX_URL_LENGTH", len(USAGE))
    response = client.get(f"{USAGE}/rows?node={path}")
    assert (response.status_code, table_rows(response.text)) == (400, [])


@pytest.mark.parametrize("key", ["after", "before"])
def test_deleted_cursor_is_refused_while_a_row_closes(client: FlaskClient, key: str) -> None:
    gone = Cursor(0, 987_654, digest("gone"), 3, view_of("customer-usage", []).cursor_context)
    response = client.get(f"{USAGE}?open=all&toggle=1&{key}={gone}")
    assert response.status_code == 400
    assert "is a page that has gone" in response.text


def test_open_rows_take_one_query_for_each_level(monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    execute = reports_db.obj.execute_sql

    def record(sql: str, *rest: object) -> object:
        statements.append(sql)
        return execute(sql, *rest)

    monkeypatch.setattr(reports_db.obj, "execute_sql", record)
    view = view_of("customer-usage", [])
    counts = []
    for opened in (view, view, view.with_all_open()):  # the first one fills the caches
        statements.clear()
        read_page(opened, WHOLE_PARTNER)
        counts.append(len(statements))
    assert counts[2] - counts[1] == len(REPORTS["customer-usage"].levels) - 1
