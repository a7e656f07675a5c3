"""The print page: all rows of a view, with the rows inside its open rows, and their totals, on one page."""

from flask import Blueprint, Response, make_response, render_template

from app.auth.permissions import Permission
from app.table.paging import read_all_rows
from app.table.view import View, describe_view
from app.web.errors import error_response
from app.web.reading import read_report
from app.web.reports.formats import DEFAULT_FORMAT, file_url
from app.web.reports.rows import present_rows
from app.web.reports.summary import column_layout, total_lines
from app.web.request_log import timed
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import submitted_view
from models import Import

MAX_PRINTED_ROWS = 2000  # rows inside open rows count too

blueprint = Blueprint("print", __name__)


@blueprint.get("/reports/<slug>/print")
def show(slug: str) -> Response:
    """The print page of a view. More rows than `MAX_PRINTED_ROWS` are a 400 that offers the CSV."""
    view = submitted_view(slug, "after", "before", "size").view
    with read_report(view) as (view, scope):
        rows, as_of = read_all_rows(view, scope, MAX_PRINTED_ROWS), Import.last()
        if rows is None:
            return _too_many_rows(view)
        lines = total_lines(view, scope)
    context = {
        "view": view,
        "rows": [line._replace(expand_label="") for line in present_rows(rows, view)],  # nothing opens on paper
        "row_count": len(rows),
        "lines": lines,
        "description": describe_view(view),
        "as_of": as_of,
        "kinds": {column.kind.name for column in view.columns},
    }
    with timed("render"):
        return make_response(render_template("reports/print.html", **context, **column_layout(view)))


def _too_many_rows(view: View) -> Response:
    details = [
        f"This view has more than {MAX_PRINTED_ROWS:,} rows, as many as are printed. "
        "Choose fewer by filters, or close open rows."
    ]
    home = report_url(view)
    if visitor().can(Permission.EXPORT):
        details.append("A CSV takes all of them.")
        home = file_url(view, DEFAULT_FORMAT)
    return error_response(400, "This is too long to print.", details, home)
