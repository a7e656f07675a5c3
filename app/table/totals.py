"""Sum the rows of a view, by the same conditions as its page and its files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from app.table.cache import cached_until_import
from app.table.counts import choose_strategy
from app.table.definitions import Chart, Summary
from app.table.paging import Row, fetch_rows
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.view import View
from models import reports_db


class Group(NamedTuple):
    """The texts that its rows are grouped by, the number of rows, and the sums of the measures."""

    values: tuple[str, ...]
    rows: int
    sums: tuple[int, ...]


def summarize(summary: Summary, view: View, scope: Scope) -> list[Group]:
    """The groups of a view's rows, in the order of their texts; one if the summary groups by nothing."""
    level = max(view.level, summary.level)
    if level > view.level:
        view = replace(view, columns=(*view.columns, view.report.level_column(level)))
    rows = RowQuery(view, scope, level)
    groups: list[Group] = cached_until_import((rows.cache_key, summary, view.today), lambda: _group_rows(summary, rows))
    return groups


def _group_rows(summary: Summary, rows: RowQuery) -> list[Group]:
    view, depth = rows.view, len(summary.group_by)
    terms = [by.value(rows.table, view.today) for by in summary.group_by]
    groups: dict[tuple[str, ...], Group] = {}
    for query in choose_strategy(rows).totals(terms, [view.report.columns_by_key[key] for key in summary.measures]):
        for values, (count, *sums) in ((record[:depth], record[depth:]) for record in reports_db.execute(query)):
            group = groups.get(tuple(values), Group(tuple(values), 0, (0,) * len(sums)))
            added = tuple(total + (number or 0) for total, number in zip(group.sums, sums, strict=True))
            groups[group.values] = group._replace(rows=group.rows + count, sums=added)
    return sorted(groups.values(), key=lambda group: _group_order(summary, group))


def _group_order(summary: Summary, group: Group) -> list[Any]:
    pairs = zip(summary.group_by, group.values, strict=True)
    return [by.ordered_values.index(value) if by.ordered_values else value for by, value in pairs]


def chart_range(chart: Chart, view: View, scope: Scope) -> tuple[View, Sequence[str]]:
    """The part of a view that a chart by month shows, and its months; [] if none of them is in the view."""
    day = _latest_day(chart.latest_column, view, scope) if chart.latest_column else view.today
    if chart.months is None or day is None:
        return view, []
    days = chart.summary.group_by[0].filters
    first, last = view.date_range
    months = [
        month for month in chart.months(day) if days(month)["to"] >= first and (not last or days(month)["from"] <= last)
    ]
    if not months:
        return view, []
    return narrow_view(view, {"from": days(months[0])["from"], "to": days(months[-1])["to"]}), months


def largest_rows(view: View, scope: Scope, key: str, limit: int) -> list[Row]:
    """The first-level rows with the largest values of a column. They have two values, their name and this one."""
    columns = (view.report.columns[0], view.report.columns_by_key[key])
    rows = RowQuery(replace(view.first_page, columns=columns, sort=f"-{key}"), scope, level=0)
    cache_key = (rows.cache_key, columns, limit)
    found: list[Row] = cached_until_import(
        cache_key, lambda: fetch_rows(choose_strategy(rows), descending=True, limit=limit)
    )
    return found


def narrow_view(view: View, filters: Mapping[str, str]) -> View:
    """The view with more filters, such as those of a group. Its own date range still holds."""
    filters, others = dict(filters), dict(view.filters)
    if "from" in filters:
        first, last = view.date_range
        filters |= {"from": max(filters["from"], first), "to": min(filters["to"], last or filters["to"])}
        others.pop("period", None)
    return view.with_filters(others | filters)


def _latest_day(key: str, view: View, scope: Scope) -> date | None:
    """The latest date of a column in a view; None without rows."""
    rows = largest_rows(view, scope, key, limit=1)
    return date.fromisoformat(rows[0].values[1][:10]) if rows else None
