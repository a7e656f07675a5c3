"""A view for paper: all its rows, and what stands open in them, on one plain page."""

from flask import Blueprint, Response, make_response, render_template

from app.table.page import whole
from app.table.view import View
from app.table.words import in_words
from app.web.asked import view_asked
from app.web.errors import problem
from app.web.formats import DEFAULT, file_url
from app.web.gate import visitor
from app.web.links import report_url
from app.web.table import presented
from app.web.timing import timed
from models import Load, reading

MOST = 2000
"""Rows that are printed, those inside others counted too."""

blueprint = Blueprint("printed", __name__)


@blueprint.get("/reports/<slug>/print")
def show(slug: str) -> Response:
    view = view_asked(slug, "after", "before", "size")
    with timed("query"), reading():
        rows, as_of = whole(view, visitor().scope, MOST), Load.last()
    if rows is None:
        return _too_many(view)
    shown = {
        "view": view,
        "rows": [line._replace(expand="") for line in presented(rows, view)],  # nothing opens on paper
        "number": len(rows),
        "words": in_words(view),
        "as_of": as_of,
        "kinds": {column.kind.name for column in view.columns},
        "url": report_url,
    }
    with timed("render"):
        return make_response(render_template("reports/print.html", **shown))


def _too_many(view: View) -> Response:
    why = [
        f"This view has more than {MOST:,} rows, as many as are printed. Choose fewer by filters, or close open rows."
    ]
    if visitor().is_admin:
        return problem(400, "This is too long to print.", [*why, "A CSV takes all of them."], file_url(view, DEFAULT))
    return problem(400, "This is too long to print.", why, report_url(view))
