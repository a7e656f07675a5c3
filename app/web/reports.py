"""The routes of reports: parse, fetch, render."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from app.reports import REPORTS
from app.table.asked import Complaint
from app.table.counting import count
from app.table.fetch import PlaceGone
from app.table.page import Page, children, page, spelled
from app.table.parse import PLACE, parse_node
from app.table.rows import Rows
from app.table.scope import Scope
from app.table.view import View
from app.web.asked import allowed, heed, only, report_named, view_asked
from app.web.buttons import pressed, settled
from app.web.chosen import form_sent, outdated
from app.web.errors import fragment_wanted, problem
from app.web.frame import frame
from app.web.gate import visitor
from app.web.history import remember
from app.web.links import LONGEST_ADDRESS, report_url
from app.web.table import presented, table
from app.web.timing import timed
from app.web.views import beginning, shelves
from models import Load, access, reading

_IMPORT = re.compile("[0-9]{1,18}(-[0-9]{1,18})?")

blueprint = Blueprint("reports", __name__)


@blueprint.get("/")
def home() -> Answer:
    return redirect("/reports", 303)


@blueprint.get("/reports")
def choose() -> str:
    return render_template("reports/choose.html", reports=REPORTS, **shelves())


@blueprint.get("/reports/open")
def open_report() -> Answer:
    """The report as its visitor wants it to begin: the only address that leads people to different views."""
    return redirect(beginning(report_named(only("report"))), 303)


@blueprint.get("/reports/<slug>")
def show(slug: str) -> Answer:
    report = report_named(slug)
    pairs, form = settled(report, list(request.args.items(multi=True)))
    asked, complaints, button = pressed(report, pairs)
    view = allowed(asked, complaints)
    if view.opens_all_but_some:
        with timed("query"):
            view = spelled(view, _read(view, visitor().scope).rows)
    if len(report_url(view)) > LONGEST_ADDRESS:
        why = ["Close more rows at once, show fewer on a page, or shorten a filter."]
        return problem(400, "This is more than an address can hold.", why)
    if (button or form) and not fragment_wanted():
        return redirect(report_url(view), 303)
    return _page(view, visitor().scope) if not fragment_wanted() else _fragment(view, visitor().scope, button)


def _page(view: View, scope: Scope) -> Response:
    with timed("query"), reading():
        shown = _table(view, scope)
    return _rendered("reports/report.html", shown)


def _fragment(view: View, scope: Scope, button: bool) -> Response:
    """The region, and of the form the fields and the chooser, when they don't tell what is shown any more."""
    with timed("query"), reading():
        shown = _table(view, scope) | {"menus": outdated(view, scope)}
    shown["rearranged"] = button or ("columns" not in request.args and form_sent())
    response = _rendered("reports/_fragment.html", shown)
    remember(response, view)
    return response


def _table(view: View, scope: Scope) -> dict[str, Any]:
    return table(_read(view, scope), view) | {"frame": frame(view, scope), "as_of": Load.last()}


def _read(view: View, scope: Scope) -> Page:
    try:
        return page(view, scope)
    except PlaceGone:
        if any(each.means for each, _ in view.active):  # midnight moved it, as if the filter had been changed
            abort(redirect(report_url(view.start), 303))
        key, cursor = next(pair for pair in view.params() if pair[0] in ("after", "before"))
        heed(view.report, [Complaint(key, cursor, "is a place that has gone; leave it out")])
        raise


def _rendered(template: str, shown: Mapping[str, Any]) -> Response:
    with timed("render"):
        return make_response(render_template(template, **shown))


@blueprint.get("/reports/<slug>/rows")
def expand(slug: str) -> Answer:
    """Bare rows, one level below a node, for htmx to put under it."""
    view = view_asked(slug, "node", "toggle", "as_of")
    name = only("node")
    node = parse_node(name)
    with timed("query"), reading():
        changed = _has_changed()
        rows = children(view, visitor().scope, node) if node else None
    if changed:
        why = ["What is inside a row may not add up to it any more."]
        return problem(409, "The data has changed since this page was read.", why, report_url(view))
    if node is None or rows is None:
        return problem(404, f"There is no row “{name}” to open.", ["It may have gone; reload the report."])
    opened = view if view.opens(node) else view.toggled(node)
    if len(report_url(opened)) > LONGEST_ADDRESS:
        return problem(400, "So many rows can't be open at once.", ["Close some rows first."])
    shown = {"rows": presented(rows, view), "view": opened, "url": report_url}
    response = _rendered("reports/_rows.html", shown)
    response.headers["HX-Replace-Url"] = report_url(opened)
    return response


def _has_changed() -> bool:
    """Whether the data are others than when the page was read that asks for a part, as far as it says when that was."""
    as_of, last = only("as_of"), Load.last()
    if as_of and not _IMPORT.fullmatch(as_of):
        abort(problem(400, f"as_of: “{as_of}” is not the name of an import."))
    return bool(as_of) and (last is None or as_of != last[0])


@blueprint.get("/reports/<slug>/count")
def total(slug: str) -> Answer:
    """How many rows a view has, for a page that was shown before they were counted."""
    view = view_asked(slug, *PLACE)
    with timed("query"):
        counted = count(Rows(view, visitor().scope, view.level))
    return _rendered("reports/_total.html", {"total": f"{counted:,}", "view": view})


@blueprint.get("/healthz")
def health() -> Answer:
    Load.version()
    access.execute_sql("SELECT 1 FROM session LIMIT 1")
    return Response("ok", mimetype="text/plain")
