"""The routes of reports: parse, fetch, render."""

from datetime import UTC, datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request
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
from models import database

LONGEST_ADDRESS = 8000
"""Characters in an address; the server reads request lines of up to 8,190 bytes."""

blueprint = Blueprint("reports", __name__)


@blueprint.get("/")
def home() -> Answer:
    return redirect("/reports", 303)


@blueprint.get("/reports")
def choose() -> str:
    return render_template("reports/choose.html", reports=REPORTS)


@blueprint.get("/reports/open")
def open_report() -> Answer:
    slug = request.args.get("report", "")
    return redirect(f"/reports/{slug}", 303) if slug in REPORTS else _unknown(slug)


@blueprint.get("/reports/<slug>")
def show(slug: str) -> Answer:
    report = REPORTS.get(slug)
    if not report:
        return _unknown(slug)
    view, complaints, button = pressed(report, list(request.args.items(multi=True)))
    if complaints:
        return _bad_request(report, complaints)
    if button and not fragment_wanted():
        return redirect(report_url(view), 303)
    return _render(view, _scope(), button)


def _render(view: View, scope: Scope, button: bool) -> Response:
    try:
        found = page(view, scope)
    except PlaceGone:
        key, cursor = next(pair for pair in view.params() if pair[0] in ("after", "before"))
        return _bad_request(view.report, [Complaint(key, cursor, "is a place that has gone; leave it out")])
    if not fragment_wanted():
        return make_response(render_template("reports/report.html", **table(found, view), menus=menus(view, scope)))
    unchecked = "columns" not in request.args and request.headers.get("HX-Source", "").startswith("form")
    response = make_response(
        render_template("reports/_fragment.html", **table(found, view), rearranged=button or unchecked)
    )
    remember(response, view)
    return response


@blueprint.get("/reports/<slug>/rows")
def expand(slug: str) -> Answer:
    """Bare rows, one level below a node, for htmx to put under it."""
    report = REPORTS.get(slug)
    if not report:
        return _unknown(slug)
    pairs = [pair for pair in request.args.items(multi=True) if pair[0] not in ("node", "toggle")]
    view, complaints = parse(report, pairs)
    if complaints:
        return _bad_request(report, complaints)
    name = request.args.get("node", "")
    node = parse_node(name)
    rows = children(view, _scope(), node) if node else None
    if node is None or rows is None:
        return problem(404, f"There is no row “{name}” to open.", ["It may have gone; reload the report."])
    opened = view if node in view.open else view.toggled(node)
    if len(report_url(opened)) > LONGEST_ADDRESS:
        return problem(400, "So many rows can't be open at once.", ["Close some rows first."])
    response = make_response(
        render_template("reports/_rows.html", rows=presented(rows, view), view=opened, url=report_url)
    )
    response.headers["HX-Replace-Url"] = report_url(opened)
    return response


@blueprint.get("/reports/<slug>.csv")
def export(slug: str) -> Answer:
    report = REPORTS.get(slug)
    if not report:
        return _unknown(slug)
    pairs = [pair for pair in request.args.items(multi=True) if pair[0] not in PLACE]
    view, complaints = parse(report, pairs)
    if complaints:
        return _bad_request(report, complaints)
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return problem(505, "A file needs HTTP/1.1.", ["Over HTTP/1.0 nobody could tell half a file from a whole one."])
    name = f"{slug}-{datetime.now(UTC).date()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(lines(view, _scope()), mimetype="text/csv", headers=headers)


@blueprint.get("/healthz")
def health() -> Answer:
    database.execute_sql("SELECT 1")
    return Response("ok", mimetype="text/plain")


def _scope() -> Scope:
    """Whose rows the visitor may see. Until there is sign-in the server listens to this machine only, and shows all."""
    return EVERYTHING


def _unknown(slug: str) -> Response:
    return problem(404, f"There is no report “{slug}”.", [f"The reports are {', '.join(REPORTS)}."])


def _bad_request(report: Report, complaints: list[Complaint]) -> Response:
    return problem(400, "This report can't be shown like that.", list(map(str, complaints)), f"/reports/{report.slug}")
