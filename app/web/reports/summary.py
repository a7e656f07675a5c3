"""What the rows of a view add up to: sums under the table, and pictures above it, both fetched after the page."""

from dataclasses import replace
from typing import Any, NamedTuple

from flask import Blueprint, render_template

from app.table.definitions import Column
from app.table.kinds import INTEGER
from app.table.params import PAGING_KEYS
from app.table.scope import Scope
from app.table.totals import summarize
from app.table.view import DEFAULT_SIZE, View
from app.web.errors import is_fragment_request
from app.web.reports.charts import draw_chart
from app.web.request_log import timed
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import requested_view
from models import read_transaction

blueprint = Blueprint("sums", __name__)


class TotalLine(NamedTuple):
    """The sums of some rows: what is said of them, and the numbers of the columns that add up."""

    label: str
    numbers: dict[Column, str]


@blueprint.get("/reports/<slug>/summary")
def show(slug: str) -> str:
    """Lines for the foot of the table and the pictures above it, for htmx; for others a page of both."""
    view, scope = requested_view(slug, *PAGING_KEYS), visitor().scope
    with timed("query"), read_transaction():
        shown = {"lines": total_lines(view, scope), "pictures": drawn_charts(view, scope)}
    with timed("render"):
        template = "reports/_summary.html" if is_fragment_request() else "reports/summary.html"
        return render_template(template, view=view, report=view.report, url=report_url, **shown, **_column_places(view))


def summary_url(view: View) -> str:
    """The address of a view's sums, the same in whichever order its rows are."""
    return report_url(replace(view.first_page, sort=view.report.default_sort, size=DEFAULT_SIZE), "/summary")


def total_lines(view: View, scope: Scope) -> list[TotalLine]:
    """The sums of each group and those of all rows, if there are any."""
    summary = view.report.summary
    columns = [view.report.columns_by_key[key] for key in summary.measures]
    groups = summarize(summary, view, scope)
    lines = [TotalLine(group.values[0], _format_numbers(columns, group.sums)) for group in groups if group.values]
    rows = sum(group.rows for group in groups)
    whole = [sum(sums) for sums in zip(*(group.sums for group in groups), strict=True)]
    told = {
        column: text for column, text in _format_numbers(columns, whole).items() if column.key in summary.grand_totals
    }
    label = f"All {INTEGER.show(rows)} rows" if rows != 1 else "The one row"
    return [*lines, TotalLine(label, told)] if rows else []


def drawn_charts(view: View, scope: Scope) -> list[tuple[str, Any]]:
    """The titles of a report's pictures, each with its charts."""
    return [(picture.title, draw_chart(picture, view, scope)) for picture in view.report.charts]


def _format_numbers(columns: list[Column], sums: Any) -> dict[Column, str]:
    return {column: column.kind.show(number) for column, number in zip(columns, sums, strict=False)}


def _column_places(view: View) -> dict[str, Any]:
    """Under which columns sums can stand, behind the first; those of others are said in words before them."""
    summed = [view.report.columns_by_key[key] for key in view.report.summary.measures]
    under = [place for place, column in enumerate(view.columns) if place and column in summed]
    first = under[0] if under else len(view.columns)
    return {"span": first, "columns": view.columns[first:], "measures": summed}
