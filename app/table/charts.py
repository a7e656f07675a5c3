"""What charts of a view need besides sums: the months of their axis, and the rows with the largest numbers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from app.table.cache import cached_until_import
from app.table.counts import choose_strategy
from app.table.definitions import Chart
from app.table.query import RowQuery
from app.table.rows import Row, fetch_rows
from app.table.scope import Scope
from app.table.view import View


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
    return view.narrowed_by({"from": days(months[0])["from"], "to": days(months[-1])["to"]}), months


def largest_rows(view: View, scope: Scope, key: str, limit: int) -> list[Row]:
    """The first-level rows with the largest values of a column. They have two values, their name and this one."""
    columns = (view.report.columns[0], view.report.columns_by_key[key])
    query = RowQuery(replace(view.closed_first_page, columns=columns, sort=f"-{key}"), scope, level=0)
    cache_key = (query.cache_key, columns, limit)
    rows: list[Row] = cached_until_import(
        cache_key, lambda: fetch_rows(choose_strategy(query), descending=True, limit=limit)
    )
    return rows


def _latest_day(key: str, view: View, scope: Scope) -> date | None:
    """The latest date of a column in a view; None without rows."""
    rows = largest_rows(view, scope, key, limit=1)
    return date.fromisoformat(rows[0].values[1][:10]) if rows else None
