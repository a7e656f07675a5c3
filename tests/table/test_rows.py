"""Pages and files have the rows that plain Python finds, in every order, from the first page to the last."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports import REPORTS
from app.table import counts
from app.table.csv import csv_chunks
from app.table.paging import Page, read_children, read_page
from app.table.rows import Row
from app.table.scope import WHOLE_PARTNER
from app.table.view import View
from tests import oracle
from tests.databases import each_database as database_url
from tests.databases import postgres_in_trials
from tests.strategies import Query, days, engine_strategies, examples, forced, queries
from tests.support import csv_rows, view_of

__all__ = ["database_url"]

SORTS = [
    (slug, column.key, sign, level)
    for slug, report in REPORTS.items()
    for level in range(len(report.levels))
    for column in report.columns
    for sign in ("", "-")
    if column.level <= level
]


def sorted_view(slug: str, key: str, sign: str, level: int) -> View:
    columns = [("columns", column.key) for column in REPORTS[slug].columns if column.level <= level]
    return view_of(slug, [*columns, ("sort", sign + key)])


def pages(view: View, forward: bool) -> Iterator[Page]:
    """All pages, from the first by next, or from the last by previous."""
    at: View | None = view if forward else view.last_page
    while at:
        found = read_page(at, WHOLE_PARTNER)
        yield found
        at = found.next if forward else found.previous


def written(view: View, rows: list[Row]) -> list[list[str]]:
    return [[column.kind.export(value) for column, value in zip(view.columns, row.values, strict=True)] for row in rows]


def expected(view: View) -> list[list[str]]:
    return [cells(view, record) for record in oracle.records(view)]


def cells(view: View, record: oracle.Record) -> list[str]:
    return [column.kind.export(record[column.key]) for column in view.columns]


def check(view: View) -> None:
    """Page through a view, forwards and backwards, and compare every row with the CSV and with plain Python."""
    there, back = list(pages(view, True)), list(pages(view, False))
    right = expected(view)
    assert written(view, [row for each in there for row in each.rows]) == right
    assert written(view, [row for each in reversed(back) for row in each.rows]) == right
    assert csv_rows(b"".join(csv_chunks(view, WHOLE_PARTNER)))[1:] == right
    assert [each.first for each in there] == list(range(1, max(len(right), 1) + 1, view.size))
    assert [each.first for each in reversed(back)] == [each.first for each in there]
    assert {each.total for each in there + back} == {len(right)}


@postgres_in_trials
@pytest.mark.usefixtures("edge_cases")
def test_every_sort_order() -> None:
    for sort in SORTS:
        check(replace(sorted_view(*sort), size=2))


@postgres_in_trials
@pytest.mark.parametrize("slug", REPORTS)
@examples(20)
@given(data=st.data(), size=st.integers(1, 5), today=days, strategy=engine_strategies)
@pytest.mark.usefixtures("edge_cases")
def test_random_views(slug: str, data: st.DataObject, size: int, today: date, strategy: str) -> None:
    query: Query = data.draw(queries(slug))
    with forced(strategy):
        check(replace(view_of(slug, query), size=size, today=today))


@pytest.mark.usefixtures("edge_cases")
def test_count_of_many_rows_comes_after_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the last page counts; later pages know the total from its count."""
    monkeypatch.setattr(counts, "COUNT_LIMIT", 3)
    view = replace(view_of("customer-transactions", [("q", "e")]), size=2)
    first, second = list(pages(view, True))[:2]
    assert (first.total, first.total_text, first.first, second.first) == (None, "more than 3", 1, 3)
    there = list(pages(view, True))
    assert [each.total for each in there] == [None] * len(there)
    right = expected(view)
    assert written(view, [row for each in there for row in each.rows]) == right
    assert [each.first for each in there] == list(range(1, len(right) + 1, 2))
    last = read_page(view.last_page, WHOLE_PARTNER)
    assert (last.total, last.first, last.last) == (len(right), there[-1].first, len(right))
    assert read_page(view, WHOLE_PARTNER).total == len(right)


@pytest.mark.usefixtures("edge_cases")
def test_children_add_up_to_their_row() -> None:
    view = view_of(
        "customer-usage", [("columns", key) for key in ("current_inventory", "available", "used", "over_inventory")]
    )
    for row in read_page(view, WHOLE_PARTNER).rows:
        types = read_children(view, WHOLE_PARTNER, row.path) or []
        assert not row.expandable or [sum(each.values[i] for each in types) for i in range(1, 5)] == list(
            row.values[1:]
        )
        for kind in types:
            products = read_children(view, WHOLE_PARTNER, kind.path) or []
            assert [sum(each.values[i] for each in products) for i in range(1, 5)] == list(kind.values[1:])


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize("sign", ["", "-"])
def test_cursor_survives_a_change_of_level(sign: str) -> None:
    start = replace(sorted_view("customer-usage", "customer", sign, 0), size=3)
    second = read_page(start, WHOLE_PARTNER).next
    assert second
    products = replace(second, columns=REPORTS["customer-usage"].columns)
    found = read_page(products, WHOLE_PARTNER)
    everything = read_page(replace(products.closed_first_page, size=200), WHOLE_PARTNER)
    shown = read_page(start, WHOLE_PARTNER).rows[-1].values[0]
    assert found.rows[0].values[0] == read_page(second, WHOLE_PARTNER).rows[0].values[0]
    assert found.first == 1 + max(i + 1 for i, row in enumerate(everything.rows) if row.values[0] == shown)
