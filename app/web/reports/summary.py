"""The totals under the table of a report and the charts above it. Both are read after the page."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import Blueprint, render_template

from app.table.definitions import Column
from app.table.kinds import INTEGER
from app.table.params import PAGING_KEYS
from app.table.scope import Scope
from app.table.totals import summarize
from app.table.view import View
from app.web.errors import is_fragment_request
from app.web.reading import read_report
from app.web.reports.charts import draw_chart
from app.web.reports.group_charts import draw_groups
from app.web.request_log import timed
from app.web.view_request import requested_view

blueprint = Blueprint("summary", __name__)


class TotalLine(NamedTuple):
    """The totals of some rows: a label, and the formatted number of each column that is summed."""

    label: str
    numbers: dict[Column, str]


@blueprint.get("/reports/<slug>/summary")
def show(slug: str) -> str:
    """The charts of a view, for htmx; for others a page of its sums and charts."""
    view, is_fragment = requested_view(slug, *PAGING_KEYS), is_fragment_request()
    with read_report(view) as (view, scope):
        lines = [] if is_fragment else total_lines(view, scope)
        charts = view.report.charts
        figures = [
            draw_groups(chart, view, scope) if view.group else draw_chart(chart, view, scope) for chart in charts
        ]
    context = {"view": view, "report": view.report, "lines": lines, "figures": figures}
    template = "reports/_charts.html" if is_fragment else "reports/summary.html"
    with timed("render"):
        return render_template(template, **context, **column_layout(view))


@blueprint.get("/reports/<slug>/totals")
def totals(slug: str) -> str:
    """The rows of the table's foot, for htmx."""
    with read_report(requested_view(slug, *PAGING_KEYS)) as (view, scope):
        lines = total_lines(view, scope)
    with timed("render"):
        return render_template("reports/_totals.html", lines=lines, **column_layout(view))


def total_lines(view: View, scope: Scope) -> list[TotalLine]:
    """The totals of each group of the report's summary, then those of all rows; nothing for a view without rows."""
    summary = view.report.summary
    columns = [view.report.columns_by_key[key] for key in summary.measures]
    groups = summarize(summary, view, scope)
    lines = [
        TotalLine(summary.group_by[0].text(group.values[0]), _format(columns, group.sums))
        for group in groups
        if group.values
    ]
    rows = sum(group.rows for group in groups)
    grand_totals = _format(columns, [sum(sums) for sums in zip(*(group.sums for group in groups), strict=True)])
    label = f"All {INTEGER.show(rows)} rows" if rows != 1 else "The one row"
    shown = {column: text for column, text in grand_totals.items() if column.key in summary.grand_totals}
    return [*lines, TotalLine(label, shown)] if rows else []


def _format(columns: Sequence[Column], sums: Sequence[int]) -> dict[Column, str]:
    return {column: column.kind.show(number) for column, number in zip(columns, sums, strict=False)}


def column_layout(view: View) -> dict[str, Any]:
    """Which columns have totals under them, and how many columns stand before these."""
    measures = [view.report.columns_by_key[key] for key in view.report.summary.measures]
    under = [index for index, column in enumerate(view.columns) if index and column in measures]
    span = under[0] if under else len(view.columns)
    return {"span": span, "columns": view.columns[span:], "measures": measures}
