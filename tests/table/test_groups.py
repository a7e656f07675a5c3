"""Grouped views add up exactly the rows of their view, in every order, on pages and in files."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import date
from html import unescape
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.reports import REPORTS
from app.reports.dimensions import BY_RESELLER, name_dimension
from app.reports.filters import CUSTOMER, RESELLER, name_filter
from app.table.csv import csv_chunks
from app.table.definitions import Column, Dimension, Level, Report
from app.table.groups import member_view, read_groups
from app.table.kinds import INTEGER, TEXT, unguard
from app.table.paging import MAX_MEMBERS, read_group
from app.table.query import RowQuery
from app.table.rows import Row
from app.table.scope import NO_ROWS, WHOLE_PARTNER, Scope
from app.table.totals import Groups, Values, summarize
from app.table.view import View
from models import (
    NEVER,
    CertificateType,
    Customer,
    Subscription,
    Transaction,
    TypeUsage,
    fold,
    read_transaction,
    reports_db,
)
from tests import oracle, workbooks
from tests.databases import is_server, on_both
from tests.strategies import SCAN, Query, days, engine_strategies, examples, forced, queries
from tests.support import csv_rows, table_rows, view_of
from tests.table.test_plans import plan, table_scans
from tests.table.test_rows import pages

GROUPABLE = [slug for slug, report in REPORTS.items() if report.dimensions]
DATES = {"customer-subscriptions": "end", "customer-transactions": "date"}
LENGTHS = {"month": 7, "year": 4}
Key = tuple[Any, ...]


@st.composite
def grouped_queries(draw: st.DrawFn, slug: str) -> Query:
    """A valid query string of a grouped view."""
    report = REPORTS[slug]
    keys = draw(st.lists(st.sampled_from(list(report.dimensions_by_key)), unique=True, min_size=1, max_size=3))
    grouped = report.grouped_by(tuple(report.dimensions_by_key[key] for key in keys))
    query = [pair for pair in draw(queries(slug)) if pair[0] not in ("columns", "sort")]
    columns = draw(st.lists(st.sampled_from(list(grouped.columns_by_key)), unique=True))
    sort = [("sort", draw(st.sampled_from(["", "-"])) + draw(st.sampled_from(grouped.columns)).key)]
    shown = [*keys, *columns] if columns else list(grouped.columns_by_key)
    return [
        *(("group", key) for key in keys),
        *(("columns", key) for key in columns),
        *(pair for pair in sort if pair[1].removeprefix("-") in shown),
        *query,
    ]


def ungrouped(view: View) -> View:
    """The view of the rows that a grouped view adds up."""
    report = view.report.source
    assert report
    inner = [report.level_column(level) for level in range(1, len(report.levels))]
    plain = replace(view.grouped_by(()), columns=tuple(dict.fromkeys([*report.default_columns, *inner])))
    return replace(plain, filters={**report.group_filters, **view.filters})


def value_of(dimension: Dimension, view: View, record: oracle.Record) -> Any:
    if dimension.key == "customer":
        return record["customer"], record["customer_id"], record["reseller"]
    if dimension.periods is None:
        return record[dimension.key]
    day = record[DATES[view.report.slug]]
    if dimension.key == "quarter":
        return f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}"
    return day[: LENGTHS[dimension.key]]


def months(first: str, last: str) -> list[str]:
    numbers = [int(month[:4]) * 12 + int(month[5:7]) - 1 for month in (first, last)]
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(numbers[0], numbers[1] + 1)]


def expected(view: View, reseller: str | None = None) -> list[list[Any]]:
    """The rows of a grouped view by plain Python: all values, the number of rows, all sums; of a reseller or of all."""
    keys, measures = [each.key for each in view.group], [each.key for each in view.report.measures]
    sums: dict[Key, list[int]] = defaultdict(lambda: [0] * (1 + len(measures)))
    records = [each for each in oracle.matching(ungrouped(view)) if reseller in (None, each["reseller"])]
    for record in records:
        added = [1, *(record[key] for key in measures)]
        key = tuple(value_of(each, view, record) for each in view.group)
        sums[key] = [one + other for one, other in zip(sums[key], added, strict=True)]
    if view.report.slug in DATES and records and any(each.periods for each in view.group):
        dates = sorted(record[DATES[view.report.slug]] for record in records)
        shortest = next(key for key in ("month", "quarter", "year") if key in keys)
        place, dimensions = keys.index(shortest), [each for each in view.group if each.periods]
        found = {key[place] for key in sums}
        near = [(one, two) for one, two in pairwise(dates) if int(two[:4]) - int(one[:4]) <= 50]
        for month in sorted({month for one, two in near for month in months(one, two)}):
            of_month = {each.key: value_of(each, view, {DATES[view.report.slug]: f"{month}-01"}) for each in dimensions}
            if of_month[shortest] not in found:
                sums[tuple(of_month.get(key) for key in keys)] = [0] * (1 + len(measures))
    columns = [*keys, "rows", *measures]
    rows = [[*key, *numbers] for key, numbers in sums.items()]
    return sorted(rows, key=lambda row: order(row, columns, view), reverse=view.descending)


def order(row: list[Any], columns: list[str], view: View) -> list[Any]:
    places = [columns.index(view.sort_column.key), *range(len(view.group))]
    return [rank(row[place]) for place in places]


def rank(value: Any) -> Any:
    if value is None:
        return ()
    if isinstance(value, int):
        return value
    texts = value if isinstance(value, tuple) else (value,)
    return (fold(texts[0]), *texts)


def shown(view: View) -> list[list[str]]:
    """The cells of the expected rows in the view's columns, as files have them."""
    columns = [*(each.key for each in view.group), "rows", *(each.key for each in view.report.measures)]
    return [[cell(view, row, columns, column.key) for column in view.columns] for row in expected(view)]


def cell(view: View, row: list[Any], columns: list[str], key: str) -> str:
    value = row[columns.index(key)]
    value = value[0] if isinstance(value, tuple) else value
    return "" if value is None else view.report.columns_by_key[key].kind.export(value)


def written(view: View, rows: list[Row]) -> list[list[str]]:
    pairs = [list(zip(view.columns, row.values, strict=True)) for row in rows]
    return [["" if value is None else column.kind.export(value) for column, value in row] for row in pairs]


@pytest.mark.parametrize("slug", GROUPABLE)
@examples(12)
@given(data=st.data(), today=days, strategy=engine_strategies)
@pytest.mark.usefixtures("edge_cases")
def test_groups_have_the_sums_of_their_rows(slug: str, data: st.DataObject, today: date, strategy: str) -> None:
    view = replace(view_of(slug, data.draw(grouped_queries(slug))), today=today)
    assert view_of(slug, view.params()).params() == view.params()
    with forced(strategy):
        groups = read_groups(view, WHOLE_PARTNER)
        assert [[*group.values, group.rows, *group.sums] for group in groups] == expected(view)
        check_members(view, groups)
        check_totals(view, groups)
        assert not read_groups(view, NO_ROWS)
        with read_transaction():
            own = read_groups(view, Scope.for_reseller("Zebra Resale"))
        rows = [[*group.values, group.rows, *group.sums] for group in own]
        assert rows == expected(view, "Zebra Resale")


def test_name_of_a_row_keeps_parts_apart() -> None:
    by_customer = REPORTS["customer-transactions"].dimensions_by_key["customer"]
    assert by_customer.row_name(("A~B", "C", "")) != by_customer.row_name(("A", "B~C", ""))
    assert by_customer.row_name(("Acme", "C-1", "North")) == "Acme~C-1~North"


def check_members(view: View, groups: Groups) -> None:
    """The link of each group has its rows: as many, and with its sums."""
    for group in groups[:30]:
        if not group.rows:
            continue
        members = member_view(view, group)
        found = oracle.records(members)
        sums = [sum(record[each.key] for record in found) for each in view.report.measures]
        assert [len(found), *sums] == [group.rows, *group.sums], members.params()
        names = tuple(each.row_name(value) for each, value in zip(view.group, group.values, strict=True))
        opened = read_group(view, WHOLE_PARTNER, names)
        assert opened
        inside = opened.children or []
        assert len(inside) == min(len(found), MAX_MEMBERS)
        if view.report.slug == "customer-usage":  # whose tiebreakers the oracle makes of other texts
            texts = [[str(record[column.key]) for column in members.columns] for record in found]
            assert all([str(value) for value in row.values] in texts for row in inside)
        else:
            assert [row.tiebreaker for row in inside] == [each["tiebreaker"][-1] for each in found[:MAX_MEMBERS]]


def check_totals(view: View, groups: Groups) -> None:
    """The groups add up to the totals of the view, and of the view of their rows."""
    added = [sum(numbers) for numbers in zip(*([group.rows, *group.sums] for group in groups), strict=True)]
    summary = view.report.summary
    for each in (view, ungrouped(view)):
        totals = summarize(summary, each, WHOLE_PARTNER)
        rows = sum(group.rows for group in totals)
        assert rows == (added[0] if added else 0)
        for place, key in enumerate(summary.measures):
            column = [measure.key for measure in view.report.measures].index(key)
            assert sum(group.sums[place] for group in totals) == (added[1 + column] if added else 0)


@on_both
@pytest.mark.parametrize("slug", GROUPABLE)
@examples(8)
@given(data=st.data(), strategy=engine_strategies)
@pytest.mark.usefixtures("edge_cases")
def test_pages_and_files_have_the_same_groups(slug: str, data: st.DataObject, strategy: str) -> None:
    view = replace(view_of(slug, data.draw(grouped_queries(slug))), size=data.draw(st.sampled_from([2, 3, 200])))
    with forced(strategy):
        right = shown(view)
        view = view if len(right) < 20 else replace(view, size=200)
        there, back = list(pages(view, True)), list(pages(view, False))
        for found in (there, back[::-1]):
            assert written(view, [row for page in found for row in page.rows]) == right
            assert [page.first for page in found] == list(range(1, max(len(right), 1) + 1, view.size))
            assert all(page.total == len(right) for page in found)
        labels = [column.label for column in view.columns]
        assert csv_rows(b"".join(csv_chunks(view, WHOLE_PARTNER))) == [labels, *right]
        assert workbooks.rows(view, workbooks.written(view)) == right


@on_both
@pytest.mark.usefixtures("edge_cases")
def test_months_without_rows_are_rows_of_zeros() -> None:
    view = view_of(
        "customer-subscriptions", [("group", "month"), ("group", "year"), ("from", "2000-01-01"), ("to", "2200-01-01")]
    )
    groups = read_groups(view, WHOLE_PARTNER)
    assert [group.values[0] for group in groups] == months(groups[0].values[0], groups[-1].values[0])
    assert all(group.values[1] == group.values[0][:4] for group in groups)
    assert any(not group.rows for group in groups)


@pytest.mark.parametrize("key", ["customer", "reseller", "product", "user", "action"])
@pytest.mark.usefixtures("edge_cases")
def test_index_holds_all_that_is_added_up(key: str) -> None:
    view = view_of("customer-transactions", [("group", key)])
    rows = RowQuery(view, WHOLE_PARTNER, 0)
    [query] = rows.totals([each.value(rows.table, view.today) for each in view.group], view.report.measures)
    if is_server(reports_db):
        assert not table_scans(plan(query))
    else:
        [step] = plan(query)
        assert "USING COVERING INDEX" in step


@pytest.mark.parametrize("key", ["action", "reseller", "customer", "product", "user"])
@pytest.mark.usefixtures("edge_cases")
def test_rows_of_a_month_are_a_range_of_an_index_that_holds_all(key: str) -> None:
    if is_server(reports_db):
        pytest.skip("PostgreSQL reads small tables whole")
    view = view_of("customer-transactions", [("group", "month"), ("group", key)])
    rows = RowQuery(view, WHOLE_PARTNER, 0)
    within = [Transaction.date >= "2025-05-01", Transaction.date <= "2025-05-31", Transaction.action == "Renew"]
    terms = [each.value(rows.table, view.today) for each in view.group[1:]]
    [query] = rows.totals(terms, view.report.measures, within, sorts=True)
    assert any("SEARCH t1 USING COVERING INDEX transaction_action_date" in step for step in plan(query))


@pytest.mark.parametrize(
    "query",
    [
        [("group", "month"), ("group", "reseller"), ("action", "Renew")],
        [("group", "customer"), ("action", "Inventory"), ("from", "2025-05-05")],
        [("group", "month"), ("from", "2025-05-06")],
        [("group", "user"), ("group", "product")],
    ],
)
@pytest.mark.usefixtures("edge_cases")
def test_ranges_of_an_index_have_the_rows_of_the_filters(query: Query) -> None:
    with forced(SCAN):
        view = view_of("customer-transactions", query)
        groups = read_groups(view, WHOLE_PARTNER)
        assert [[*group.values, group.rows, *group.sums] for group in groups] == expected(view) != []
        check_members(view, groups)


def test_values_are_those_that_were_kept() -> None:
    customers = Values(["Acme\0C-1\0", "Acme\0\0North"], are_tuples=True)
    assert list(customers) == [("Acme", "C-1", ""), ("Acme", "", "North")]
    assert list(Values([None, "2026"])[1:]) == ["2026"]


@pytest.mark.usefixtures("edge_cases")
def test_month_and_year_begin_at_midnight_utc() -> None:
    Transaction.update(cost=0).execute()
    for number, moment in enumerate(("2025-05-31 23:59:59", "2025-06-01 00:00:00", "2025-12-31 23:59:59"), 1):
        Transaction.update(date=moment, cost=number).where(Transaction.id == number).execute()
    for dimensions in (["month"], ["month", "action"]):  # the one is summed by ranges of days, the other by its text
        view = view_of("customer-transactions", [("group", key) for key in dimensions])
        costs: dict[Any, int] = defaultdict(int)
        for group in read_groups(view, WHOLE_PARTNER):
            costs[group.values[0]] += group.sums[1]
        assert [costs[month] for month in ("2025-05", "2025-06", "2025-12")] == [1, 2, 3]
    years = read_groups(view_of("customer-transactions", [("group", "year"), ("from", "2025-12-31")]), WHOLE_PARTNER)
    assert years[0].values == ("2025",)


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize(
    ("key", "last", "filled"),
    [("month", "2051-05-09", 599), ("quarter", "2051-05-09", 199), ("year", "2051-05-09", 49), ("month", NEVER, 0)],
)
def test_gaps_of_up_to_50_years_are_filled(key: str, last: str, filled: int) -> None:
    Subscription.update(ends_on="2001-05-09").execute()
    Subscription.update(ends_on=last).where(Subscription.id == 1).execute()
    groups = read_groups(view_of("customer-subscriptions", [("group", key)]), WHOLE_PARTNER)
    assert (len(groups), sum(not group.rows for group in groups)) == (filled + 2, filled)


@pytest.mark.usefixtures("edge_cases")
def test_fourth_report_is_grouped_by_its_declaration(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report(
        slug="certificate-types",
        title="Certificate Types Report",
        description="What every customer holds of each certificate type",
        levels=(Level(TypeUsage),),
        columns=(
            Column("customer", "Customer", Customer.name, TEXT),
            Column("certificate_type", "Certificate Type", CertificateType.name, TEXT),
            Column("used", "Used", TypeUsage.used, INTEGER),
        ),
        filters=(
            CUSTOMER,
            RESELLER,
            name_filter("certificate_type", "Certificate Type", CertificateType, "certificate_type"),
        ),
        default_sort="customer",
        dimensions=(BY_RESELLER, name_dimension("certificate_type", "Type", "certificate_type", CertificateType.name)),
    )
    monkeypatch.setitem(REPORTS, report.slug, report)
    path = f"/reports/{report.slug}"
    rows = csv_rows(client.get(f"{path}.csv?group=certificate_type&group=reseller").data)
    assert rows[0] == ["Type", "Reseller", "Rows", "Used"]
    sql = """SELECT y.name, r.name, count(*), sum(t.used) FROM type_usage t JOIN reseller r ON r.id = t.reseller_id
             JOIN certificate_type y ON y.id = t.certificate_type_id GROUP BY 1, 2"""
    plain = [[unguard(cell) for cell in row] for row in rows[1:]]
    assert sorted(plain) == sorted([str(cell) for cell in row] for row in reports_db.execute_sql(sql).fetchall())
    html = client.get(f"{path}?group=certificate_type&open=SSL&open=-").text
    assert "Rows of the group" in html
    links = re.findall(r'<a href="([^"]*)" title="Show these rows"', html)
    closed = client.get(f"{path}?group=certificate_type").text
    counts = [int(row[1]) for row in table_rows(closed)]
    assert [len(csv_rows(client.get(unescape(link).replace("?", ".csv?")).data)[1:]) for link in links] == counts
