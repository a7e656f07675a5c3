"""A view for paper: all its rows, and what stands open in them, on one plain page."""

from flask import Blueprint, Response, make_response, render_template

from app.auth.permissions import Permission
from app.table.paging import read_all_rows
from app.table.view import View, describe_view
from app.web.errors import error_response
from app.web.reports.context import present_rows
from app.web.reports.formats import DEFAULT_FORMAT, file_url
from app.web.request_log import timed
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import requested_view
from models import Import, read_transaction

MAX_PRINTED_ROWS = 2000
"""Rows that are printed, those inside others counted too."""

blueprint = Blueprint("printed", __name__)


@blueprint.get("/reports/<slug>/print")
def show(slug: str) -> Response:
    view = requested_view(slug, "after", "before", "size")
    with timed("query"), read_transaction():
        rows, as_of = read_all_rows(view, visitor().scope, MAX_PRINTED_ROWS), Import.last()
    if rows is None:
        return _too_many(view)
    shown = {
        "view": view,
        "rows": [line._replace(expand_label="") for line in present_rows(rows, view)],  # nothing opens on paper
        "number": len(rows),
        "words": describe_view(view),
        "as_of": as_of,
        "kinds": {column.kind.name for column in view.columns},
        "url": report_url,
    }
    with timed("render"):
        return make_response(render_template("reports/print.html", **shown))


def _too_many(view: View) -> Response:
    why = [
        f"This view has more than {MAX_PRINTED_ROWS:,} rows, as many as are printed. "
        "Choose fewer by filters, or close open rows."
    ]
    if visitor().can(Permission.EXPORT):
        return error_response(
            400, "This is too long to print.", [*why, "A CSV takes all of them."], file_url(view, DEFAULT_FORMAT)
        )
    return error_response(400, "This is too long to print.", why, report_url(view))
