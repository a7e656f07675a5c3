"""Pages stay flat: every stretch of every sort order is read from an index, never sorted and never scanned for."""

from dataclasses import replace
from typing import Any

import pytest

from app.reports import REPORTS
from app.table import fetch
from app.table.rows import Rows
from app.table.scope import EVERYTHING, Scope
from models import database
from tests.table.test_rows import SORTS, sorted_view

UNINDEXED = {"status"}
"""Computed from today's date, so that no index can hold it; sorted anew for each page."""


VALUES = {"from": "2026-01-01", "to": "2026-12-31", "action": "Renew", "reseller": "Zebra Resale"}
CHOICES = [(slug, key) for slug, report in REPORTS.items() for key in (*report.filter_by_key, "scope")]


def plan(query: Any) -> list[str]:
    sql, params = query.sql()
    steps = database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", [1] * len(params)).fetchall()
    return [step[3] for step in steps]


def chosen(slug: str, key: str, sort: tuple[str, str, str, int], few: bool) -> Rows:
    """Rows of one level in one order, of which a filter or a scope chooses some."""
    view = sorted_view(*sort)
    if key != "scope":
        view = replace(view, filters={key: VALUES.get(key, "x")})
    return Rows(view, Scope(7) if key == "scope" else EVERYTHING, view.level, few=few)


@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort[1] not in UNINDEXED], ids=str)
@pytest.mark.parametrize("behind", [False, True], ids=["first page", "deep page"])
@pytest.mark.usefixtures("app")
def test_a_page_is_read_from_an_index(sort: tuple[str, str, str, int], behind: bool) -> None:
    view = sorted_view(*sort)
    rows = Rows(view, EVERYTHING, view.level)
    for query in fetch._stretches(rows, view.descending, behind):
        for step in plan(query):
            assert "TEMP B-TREE" not in step
            assert "SCAN" not in step or (not behind and "USING" in step)
            assert "AUTOMATIC" not in step


@pytest.mark.parametrize("sort", SORTS, ids=str)
@pytest.mark.usefixtures("app")
def test_the_place_of_a_row_is_found_by_its_number(sort: tuple[str, str, str, int]) -> None:
    view = sorted_view(*sort)
    assert all(step.startswith("SEARCH") for step in plan(fetch._position(Rows(view, EVERYTHING, view.level))))


@pytest.mark.parametrize(("slug", "key"), CHOICES)
@pytest.mark.usefixtures("app")
def test_no_filter_and_no_scope_leads_a_walk_away_from_its_order(slug: str, key: str) -> None:
    for sort in SORTS:
        if sort[0] != slug or sort[1] in UNINDEXED or _sums(slug, key, sort[3]):
            continue
        rows = chosen(slug, key, sort, few=False)
        for behind in (False, True):
            for query in fetch._stretches(rows, rows.view.descending, behind):
                assert not [step for step in plan(query) if "TEMP B-TREE FOR" in step], (sort, key)


@pytest.mark.parametrize(("slug", "key"), CHOICES)
@pytest.mark.usefixtures("app")
def test_few_rows_are_found_before_they_are_sorted(slug: str, key: str) -> None:
    for sort in SORTS:
        if sort[0] == slug and not _sums(slug, key, sort[3]):
            rows = chosen(slug, key, sort, few=True)
            for behind in (False, True):
                (query,) = fetch._stretches(rows, rows.view.descending, behind)
                first, *_ = plan(query)
                assert first == "SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)", (sort, key)


def _sums(slug: str, key: str, level: int) -> bool:
    """Whether the filter chooses below the level of the rows: sums are made anew then, of few groups, and sorted."""
    return key != "scope" and REPORTS[slug].filter_by_key[key].level > level
