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
from models import moment

MOST = 2000
"""Rows that are printed, those inside others counted too."""

blueprint = Blueprint("printed", __name__)


@blueprint.get("/reports/<slug>/print")
def show(slug: str) -> Response:
    view, at = view_asked(slug, "after", "before", "size"), moment()
    with timed("query"):
        rows = whole(view, visitor().scope, MOST)
    if rows is None:
        return _too_many(view)
    # Nothing opens on paper.
    shown = {"rows": [line._replace(expand="") for line in presented(rows, view)], "view": view, "url": report_url}
    kinds = {column.kind.name for column in view.columns}
    with timed("render"):
        return make_response(render_template("reports/print.html", words=in_words(view), at=at, kinds=kinds, **shown))


def _too_many(view: View) -> Response:
    why = [
        f"This view has more than {MOST:,} rows, as many as are printed. Choose fewer by filters, or close open rows."
    ]
    if visitor().is_admin:
        return problem(400, "This is too long to print.", [*why, "A CSV takes all of them."], file_url(view, DEFAULT))
    return problem(400, "This is too long to print.", why, report_url(view))
