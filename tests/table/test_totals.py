"""Sums and charts cover exactly the rows of their view, on any day."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.reports import REPORTS
from app.reports.periods import MONTH, months_around
from app.table.charts import chart_range, largest_rows
from app.table.csv import csv_chunks
from app.table.definitions import Summary
from app.table.query import RowQuery
from app.table.scope import NO_ROWS, WHOLE_PARTNER, Scope
from app.table.totals import Group, summarize
from app.table.view import View
from models import reports_db
from tests import oracle
from tests.databases import is_server, postgres_in_trials
from tests.strategies import SCAN, SORT, Query, days, engine_strategies, examples, forced, queries
from tests.support import csv_rows, view_of
from tests.table.test_plans import VALUES, plan

CHARTS = [
    (slug, at) for slug, report in REPORTS.items() for at, chart in enumerate(report.charts) if chart.summary.group_by
]


def file_sums(view: View, measures: Iterable[str]) -> list[int]:
    """The sums of the measures in a view's CSV, visible or not."""
    columns = [view.report.columns_by_key[key] for key in measures]
    fixed = [column for column in view.columns if column.fixed or column.level == view.level]
    shown = replace(view, columns=(*fixed, *columns), sort=view.sort if view.sort_column in columns else fixed[0].key)
    rows = csv_rows(b"".join(csv_chunks(shown, WHOLE_PARTNER)))[1:]
    return [sum(column.kind.parse(row[len(fixed) + at]) for row in rows) for at, column in enumerate(columns)]


def expected_sums(view: View, measures: Iterable[str]) -> list[int]:
    """The number of rows and the sums of the measures, by plain Python."""
    records = oracle.records(view)
    return [len(records), *(sum(record[key] for record in records) for key in measures)]


def total_sums(groups: Iterable[Group], measures: Iterable[str]) -> list[int]:
    groups = list(groups)
    return [sum(group.rows for group in groups), *(sum(g.sums[at] for g in groups) for at, _ in enumerate(measures))]


@postgres_in_trials
@pytest.mark.parametrize("slug", REPORTS)
@examples(20)
@given(data=st.data(), today=days, strategy=engine_strategies)
@pytest.mark.usefixtures("edge_cases")
def test_sums_equal_those_of_the_file(slug: str, data: st.DataObject, today: date, strategy: str) -> None:
    query: Query = data.draw(queries(slug))
    view = replace(view_of(slug, query), today=today)
    summary = view.report.summary
    with forced(strategy):
        found = total_sums(summarize(summary, view, WHOLE_PARTNER), summary.measures)
        assert found == expected_sums(view, summary.measures)
        assert found[1:] == file_sums(view, summary.measures)


@pytest.mark.parametrize("slug", ["customer-subscriptions", "customer-transactions"])
@pytest.mark.usefixtures("edge_cases")
def test_a_group_that_several_queries_find_is_one(slug: str) -> None:
    """A scan asks for names and ids that hold a text one after another; some groups have rows of both."""
    view = view_of(slug, [("q", "s")])
    with forced(SCAN):
        check(view.report.charts[0].summary, view)
        check(view.report.summary, view)


@postgres_in_trials
@pytest.mark.parametrize("slug", REPORTS)
@examples(15)
@given(data=st.data(), today=days)
@pytest.mark.usefixtures("edge_cases")
def test_group_filters_select_its_rows(slug: str, data: st.DataObject, today: date) -> None:
    view = replace(view_of(slug, data.draw(queries(slug))), today=today)
    check(view.report.summary, view)


@postgres_in_trials
@pytest.mark.parametrize(("slug", "at"), CHARTS)
@examples(15)
@given(data=st.data(), today=days, strategy=engine_strategies)
@example(data=None, today=date(9999, 12, 31), strategy=SORT)
@example(data=None, today=date(1, 1, 1), strategy=SORT)
@pytest.mark.usefixtures("edge_cases")
def test_bars_link_to_their_rows(slug: str, at: int, data: st.DataObject | None, today: date, strategy: str) -> None:
    with forced(strategy):
        check_bars(slug, at, data, today)


def check_bars(slug: str, at: int, data: st.DataObject | None, today: date) -> None:
    view = replace(view_of(slug, data.draw(queries(slug)) if data else []), today=today)
    chart = view.report.charts[at]
    chosen, along = chart_range(chart, view, WHOLE_PARTNER)
    if not along and chart.months:
        return
    check(chart.summary, chosen)
    if "usage" not in view.filters:  # which chooses by the sum of what a row is made of, or by each of those
        groups = summarize(chart.summary, chosen, WHOLE_PARTNER)
        assert total_sums(groups, chart.summary.measures)[1:] == expected_sums(chosen, chart.summary.measures)[1:]
    if along:
        key = chart.latest_column or "end"
        there = [record for record in oracle.records(view) if record[key][: len("2026-11")] in along]
        assert oracle.records(chosen) == there
        assert {group.values[0] for group in summarize(chart.summary, chosen, WHOLE_PARTNER)} <= set(along)


def check(summary: Summary, view: View) -> None:
    groups = summarize(summary, view, WHOLE_PARTNER)
    assert len({group.values for group in groups}) == len(groups)
    for group in groups:
        filters = [by.filters(value) for by, value in zip(summary.group_by, group.values, strict=True)]
        if filters and all(value for each in filters for value in each.values()):
            chosen = view
            for each in filters:
                chosen = chosen.narrowed_by(each)
            chosen = replace(view_of(chosen.report.slug, chosen.params()), today=view.today)  # as its address is read
            assert [group.rows, *group.sums] == expected_sums(chosen, summary.measures), group.values


@postgres_in_trials
@examples(15)
@given(data=st.data(), strategy=engine_strategies)
@pytest.mark.usefixtures("edge_cases")
def test_largest_rows_are_those_of_the_first_level(data: st.DataObject, strategy: str) -> None:
    view = view_of("customer-usage", [pair for pair in data.draw(queries("customer-usage")) if pair[0] != "usage"])
    with forced(strategy):
        rows = largest_rows(view, WHOLE_PARTNER, "over_inventory", 3)
    numbers = sorted((row["over_inventory"] for row in oracle.records(first_level(view))), reverse=True)
    assert [row.values[1] for row in rows] == numbers[:3]


def first_level(view: View) -> View:
    return replace(view.closed_first_page, columns=view.report.columns[:1], sort="customer")


@pytest.mark.parametrize("key", ["", "q", "reseller", "period", "from", "action", "product", "scope"])
@pytest.mark.usefixtures("app")
def test_sums_use_the_covering_index(key: str) -> None:
    if is_server(reports_db):  # of an empty table all indexes in an order cost the same
        reports_db.execute_sql("DROP INDEX transaction_action_ref_reseller_id")
    report = REPORTS["customer-transactions"]
    view = replace(
        view_of(report.slug, []), filters={key: VALUES.get(key, "x")} if key in report.filters_by_key else {}
    )
    for summary in (report.summary, report.charts[0].summary):
        groups = [by.value(report.levels[0].table, view.today) for by in summary.group_by]
        rows = RowQuery(view, Scope(7) if key == "scope" else WHOLE_PARTNER, 0)
        steps = plan(rows.totals(groups, [report.columns_by_key[each] for each in summary.measures])[0])
        index = "Index Only Scan" if is_server(reports_db) else "USING COVERING INDEX transaction_action"
        assert any(index in step for step in steps), steps


@pytest.mark.usefixtures("edge_cases")
def test_chart_ends_with_the_latest_month() -> None:
    report = REPORTS["customer-transactions"]
    chart = report.charts[0]
    newest = max(record["date"] for record in oracle.records(view_of(report.slug, [])))
    _, along = chart_range(chart, view_of(report.slug, []), WHOLE_PARTNER)
    assert (len(along), along[-1]) == (12, newest[:7])
    assert chart_range(chart, view_of(report.slug, []), NO_ROWS)[1] == []


@pytest.mark.parametrize(
    ("days", "within"),
    [
        ([("from", "2026-10-05")], ("2026-10-05", "2026-10-31")),
        ([("to", "2026-10-05")], ("2026-10-01", "2026-10-05")),
        ([("period", "last-30-days")], ("2026-10-25", "2026-10-31")),
        ([], ("2026-10-01", "2026-10-31")),
    ],
)
def test_narrowed_view_keeps_its_date_range(days: Query, within: tuple[str, str]) -> None:
    view = replace(view_of("customer-transactions", [("q", "a"), *days]), today=date(2026, 11, 23))
    filters = view.narrowed_by(dict(zip(("from", "to"), MONTH.days("2026-10"), strict=True))).filters
    assert filters == {"q": "a", "from": within[0], "to": within[1]}


def test_months_around_year_ends() -> None:
    assert months_around(-2, 1)(date(2026, 1, 31)) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert months_around(-11, 0)(date(1900, 2, 1)) == ["1900-01", "1900-02"]
    assert months_around(0, 11)(date(9999, 12, 31)) == ["9999-12"]
    assert [MONTH.days(month) for month in ("2024-02", "9999-12")] == [
        ("2024-02-01", "2024-02-29"),
        ("9999-12-01", "9999-12-31"),
    ]
