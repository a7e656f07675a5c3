"""The routes of reports: parse, fetch, render."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from app.reports import REPORTS
from app.table.asked import Complaint
from app.table.csv import lines
from app.table.fetch import PlaceGone
from app.table.page import children, page
from app.table.parse import PLACE, parse, parse_node
from app.table.report import Report
from app.table.scope import EVERYTHING, Scope
from app.table.view import View
from app.web.buttons import pressed
from app.web.errors import fragment_wanted, problem
from app.web.history import remember
from app.web.links import report_url
from app.web.table import menus, presented, table
from models import Load

LONGEST_ADDRESS = 7500
"""Characters in the address of a view. The server reads request lines of up to 8,190 bytes; a form adds to its view."""

blueprint = Blueprint("reports", __name__)


@blueprint.get("/")
def home() -> Answer:
    return redirect("/reports", 303)


@blueprint.get("/reports")
def choose() -> str:
    return render_template("reports/choose.html", reports=REPORTS)


@blueprint.get("/reports/open")
def open_report() -> Answer:
    return redirect(f"/reports/{_report(_only('report')).slug}", 303)


@blueprint.get("/reports/<slug>")
def show(slug: str) -> Answer:
    report = _report(slug)
    view, complaints, button = pressed(report, list(request.args.items(multi=True)))
    _heed(report, complaints)
    if len(report_url(view)) > LONGEST_ADDRESS:
        return problem(400, "This is more than an address can hold.", ["Close some rows or shorten a filter."])
    if button and not fragment_wanted():
        return redirect(report_url(view), 303)
    return _page(view, _scope()) if not fragment_wanted() else _fragment(view, _scope(), button)


def _page(view: View, scope: Scope) -> Response:
    return make_response(render_template("reports/report.html", **_table(view, scope), menus=menus(view, scope)))


def _fragment(view: View, scope: Scope, button: bool) -> Response:
    """The region alone, and the chooser when its boxes don't tell the columns any more."""
    unchecked = "columns" not in request.args and request.headers.get("HX-Source", "").startswith("form")
    shown = {**_table(view, scope), "rearranged": button or unchecked}
    response = make_response(render_template("reports/_fragment.html", **shown))
    remember(response, view)
    return response


def _table(view: View, scope: Scope) -> dict[str, Any]:
    try:
        return table(page(view, scope), view)
    except PlaceGone:
        key, cursor = next(pair for pair in view.params() if pair[0] in ("after", "before"))
        _heed(view.report, [Complaint(key, cursor, "is a place that has gone; leave it out")])
        raise


@blueprint.get("/reports/<slug>/rows")
def expand(slug: str) -> Answer:
    """Bare rows, one level below a node, for htmx to put under it."""
    view = _view(slug, "node", "toggle")
    name = _only("node")
    node = parse_node(name)
    rows = children(view, _scope(), node) if node else None
    if node is None or rows is None:
        return problem(404, f"There is no row “{name}” to open.", ["It may have gone; reload the report."])
    opened = view if node in view.open else view.toggled(node)
    if len(report_url(opened)) > LONGEST_ADDRESS:
        return problem(400, "So many rows can't be open at once.", ["Close some rows first."])
    shown = {"rows": presented(rows, view), "view": opened, "url": report_url}
    response = make_response(render_template("reports/_rows.html", **shown))
    response.headers["HX-Replace-Url"] = report_url(opened)
    return response


@blueprint.get("/reports/<slug>.csv")
def export(slug: str) -> Answer:
    view = _view(slug, *PLACE)
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return problem(505, "A file needs HTTP/1.1.", ["Over HTTP/1.0 nobody could tell half a file from a whole one."])
    name = f"{slug}-{datetime.now(UTC).date()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(lines(view, _scope()), mimetype="text/csv", headers=headers)


@blueprint.get("/healthz")
def health() -> Answer:
    Load.version()
    return Response("ok", mimetype="text/plain")


def _scope() -> Scope:
    """Whose rows the visitor may see. Until there is sign-in the server listens to this machine only, and shows all."""
    return EVERYTHING


def _report(slug: str) -> Report:
    """The report with this name; the request ends with a 404 when there is none."""
    if slug not in REPORTS:
        abort(problem(404, f"There is no report “{slug}”.", [f"The reports are {', '.join(REPORTS)}."]))
    return REPORTS[slug]


def _only(key: str) -> str:
    """The one value of a key; the request ends with a 400 when it has two."""
    values = request.args.getlist(key)
    if len(values) > 1:
        abort(problem(400, f"{key}: “{values[1]}” is a second value; {key} can have only one."))
    return values[0] if values else ""


def _view(slug: str, *unheeded: str) -> View:
    """The view that is asked for, whatever the keys `unheeded` say; the request ends when it can't be."""
    report = _report(slug)
    view, complaints = parse(report, [pair for pair in request.args.items(multi=True) if pair[0] not in unheeded])
    _heed(report, complaints)
    return view


def _heed(report: Report, complaints: list[Complaint]) -> None:
    """End the request with a 400 when there are complaints."""
    if complaints:
        details = list(map(str, complaints))
        abort(problem(400, "This report can't be shown like that.", details, f"/reports/{report.slug}"))
