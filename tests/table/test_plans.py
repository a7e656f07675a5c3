"""Pages stay flat: every stretch of every sort order is read from an index, never sorted and never scanned for."""

import re
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from app.reports import REPORTS
from app.table import paging
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER, Scope
from models import reports_db
from tests.databases import is_server
from tests.table.test_rows import SORTS, sorted_view

VALUES = {
    "from": "2026-01-01", "to": "2026-12-31", "period": "last-month", "action": "Renew", "reseller": "Zebra Resale",
    "status": "Ended", "usage": "near",
}  # fmt: skip
CHOICES = [(slug, key) for slug, report in REPORTS.items() for key in (*report.filters_by_key, "scope")]


def plan(query: Any) -> list[str]:
    """The steps of a query: which index is read from where, and what is sorted."""
    sql, params = query.sql()
    if is_server(reports_db):
        numbers = count(1)
        sql = re.sub("%s", lambda _: f"${next(numbers)}", sql)
        lines = reports_db.execute_sql(f"EXPLAIN (GENERIC_PLAN, COSTS OFF) {sql}").fetchall()
        text = "\n".join(line for (line,) in lines)
        return re.split(r"\n *->  ", text)
    return [step[3] for step in reports_db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", [1] * len(params)).fetchall()]


def stretches(rows: RowQuery, behind: bool) -> list[Any]:
    """The queries for a page of rows that are walked, rank by rank if they have ranks."""
    parts = [rows.for_value(rank) for rank in rows.ordered_values] or [rows]
    return [query for part in parts for query in paging._segment_queries(part, rows.view.descending, behind)]


def sorted_anew(steps: list[str]) -> list[str]:
    """The steps that sort more than what has one parent, of which there are no more than a page holds."""
    return [step for step in steps if "TEMP B-TREE FOR" in step or step.startswith("Sort")]


def scanned(steps: list[str]) -> list[str]:
    """The steps that read a table as it lies."""
    return [step for step in steps if step.startswith("Seq Scan") or ("SCAN" in step and "USING" not in step)]


def chosen(slug: str, key: str, sort: tuple[str, str, str, int], sort_matches: bool) -> RowQuery:
    """Rows of one level in one order, of which a filter or a scope chooses some."""
    view = sorted_view(*sort)
    if key != "scope":
        view = replace(view, filters={key: VALUES.get(key, "x")})
    return RowQuery(view, Scope(7) if key == "scope" else WHOLE_PARTNER, view.level, sort_matches=sort_matches)


@pytest.mark.parametrize("behind", [False, True], ids=["first page", "deep page"])
@pytest.mark.usefixtures("app")
def test_pages_are_read_from_an_index(behind: bool) -> None:
    for sort in SORTS:
        view = sorted_view(*sort)
        for query in stretches(RowQuery(view, WHOLE_PARTNER, view.level), behind):
            steps = plan(query)
            assert not sorted_anew(steps), sort
            assert not scanned(steps), sort
            assert not [step for step in steps if "AUTOMATIC" in step or (behind and "SCAN" in step)], sort


@pytest.mark.usefixtures("app")
def test_sort_indexes_hold_the_reseller() -> None:
    if is_server(reports_db):
        pytest.skip("PostgreSQL reads the row before it asks what stands aside")
    for sort in SORTS:
        rows = RowQuery(sorted_view(*sort), Scope(7), sorted_view(*sort).level)
        if rows.ordered_values or rows.order(rows.view.sort_column) == [
            rows.tiebreaker
        ]:  # walked by the one index that is unique
            continue
        columns = {index.name: index.columns for index in reports_db.get_indexes(rows.table._meta.table_name)}
        steps = " ".join(plan(paging._segment_queries(rows, rows.view.descending, False)[0]))
        assert [
            name for name in re.findall(r" t1 USING (?:COVERING )?INDEX (\w+)", steps) if "reseller_id" in columns[name]
        ], sort


@pytest.mark.usefixtures("app")
def test_cursor_is_located_by_primary_key() -> None:
    for sort in SORTS:
        view = sorted_view(*sort)
        steps = plan(paging._sort_key_query(RowQuery(view, WHOLE_PARTNER, view.level)))
        ways = ("SEARCH", "Index Scan", "Index Only Scan", "Nested Loop")
        assert all(step.startswith(ways) for step in steps), sort


@pytest.mark.parametrize(("slug", "key"), CHOICES)
@pytest.mark.usefixtures("app")
def test_filters_keep_the_sort_index(slug: str, key: str) -> None:
    for sort in SORTS:
        if sort[0] != slug or _sums(slug, key, sort[3]):
            continue
        rows = chosen(slug, key, sort, sort_matches=False)
        for behind in (False, True):
            for query in stretches(rows, behind):
                assert not sorted_anew(plan(query)), (sort, key)


@pytest.mark.parametrize(("slug", "key"), CHOICES)
@pytest.mark.usefixtures("app")
def test_matches_are_found_before_sorting(slug: str, key: str) -> None:
    for sort in SORTS:
        if sort[0] == slug and not _sums(slug, key, sort[3]):
            rows = chosen(slug, key, sort, sort_matches=True)
            for behind in (False, True):
                (query,) = paging._segment_queries(rows, rows.view.descending, behind)
                steps = plan(query)
                by_number = "SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?)", f"{rows.table._meta.table_name}_pkey"
                assert any(way in step for way in by_number for step in steps), (sort, key)


@pytest.mark.parametrize(
    ("slug", "key", "column"),
    [
        ("customer-transactions", "from", "date"),
        ("customer-transactions", "period", "date"),
        ("customer-subscriptions", "period", "end"),
        ("customer-subscriptions", "status", "end"),
        ("customer-usage", "usage", "over_inventory"),
    ],
)
@pytest.mark.usefixtures("app")
def test_filter_on_the_sort_column_narrows_the_scan(slug: str, key: str, column: str) -> None:
    for sign in ("", "-"):
        rows = chosen(slug, key, (slug, column, sign, 0), sort_matches=False)
        (query,) = paging._segment_queries(rows, rows.view.descending, False)
        steps = [step for step in plan(query) if " t1" in step]
        assert steps[0].startswith("SEARCH t1 USING INDEX") or "Index Cond" in steps[0], steps


def _sums(slug: str, key: str, level: int) -> bool:
    """Whether the filter chooses below the level of the rows: sums are made anew then, of few groups, and sorted."""
    return key != "scope" and REPORTS[slug].filters_by_key[key].level > level
