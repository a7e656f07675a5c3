"""What the rows of a view add up to: sums under the table, and pictures above it, both fetched after the page."""

from dataclasses import replace
from typing import Any, NamedTuple

from flask import Blueprint, render_template

from app.table.kind import INTEGER
from app.table.parse import PLACE
from app.table.report import Column
from app.table.scope import Scope
from app.table.sums import summed
from app.table.view import DEFAULT_SIZE, View
from app.web.asked import view_asked
from app.web.errors import fragment_wanted
from app.web.gate import visitor
from app.web.links import report_url
from app.web.pictures import charts
from app.web.timing import timed
from models import reading

blueprint = Blueprint("sums", __name__)


class SumLine(NamedTuple):
    """The sums of some rows: what is said of them, and the numbers of the columns that add up."""

    label: str
    numbers: dict[Column, str]


@blueprint.get("/reports/<slug>/summary")
def show(slug: str) -> str:
    """Lines for the foot of the table and the pictures above it, for htmx; for others a page of both."""
    view, scope = view_asked(slug, *PLACE), visitor().scope
    with timed("query"), reading():
        shown = {"lines": sum_lines(view, scope), "pictures": pictures(view, scope)}
    with timed("render"):
        template = "reports/_summary.html" if fragment_wanted() else "reports/summary.html"
        return render_template(template, view=view, report=view.report, url=report_url, **shown, **_places(view))


def sums_url(view: View) -> str:
    """The address of a view's sums, the same in whichever order its rows are."""
    return report_url(replace(view.start, sort=view.report.default_sort, size=DEFAULT_SIZE), "/summary")


def sum_lines(view: View, scope: Scope) -> list[SumLine]:
    """The sums of each group and those of all rows, if there are any."""
    summary = view.report.sums
    columns = [view.report.by_key[key] for key in summary.measures]
    groups = summed(summary, view, scope)
    lines = [SumLine(group.values[0], _shown(columns, group.sums)) for group in groups if group.values]
    rows = sum(group.rows for group in groups)
    whole = [sum(sums) for sums in zip(*(group.sums for group in groups), strict=True)]
    told = {column: text for column, text in _shown(columns, whole).items() if column.key in summary.whole}
    label = f"All {INTEGER.show(rows)} rows" if rows != 1 else "The one row"
    return [*lines, SumLine(label, told)] if rows else []


def pictures(view: View, scope: Scope) -> list[tuple[str, Any]]:
    """The titles of a report's pictures, each with its charts."""
    return [(picture.title, charts(picture, view, scope)) for picture in view.report.pictures]


def _shown(columns: list[Column], sums: Any) -> dict[Column, str]:
    return {column: column.kind.show(number) for column, number in zip(columns, sums, strict=False)}


def _places(view: View) -> dict[str, Any]:
    """Under which columns sums can stand, behind the first; those of others are said in words before them."""
    summed = [view.report.by_key[key] for key in view.report.sums.measures]
    under = [place for place, column in enumerate(view.columns) if place and column in summed]
    first = under[0] if under else len(view.columns)
    return {"span": first, "columns": view.columns[first:], "measures": summed}
