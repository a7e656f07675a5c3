"""Saved views: kept from a report's page, listed on the Reports page, opened even when something of them has gone."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request

from app.access import views
from app.access.faults import Unacceptable
from app.reports import REPORTS
from app.table.parse import parse
from app.table.report import Report
from app.table.view import View
from app.table.words import in_words
from app.web.actions import Action
from app.web.asked import allowed, inside, report_named
from app.web.errors import problem
from app.web.gate import visitor
from app.web.links import LONGEST_ADDRESS, report_url
from app.web.trail import asking
from models import SavedView

ACTIONS: dict[str, Action[SavedView]] = {
    "share": Action(views.share, "Shared with everybody who sees the same customers."),
    "unshare": Action(views.unshare, "Nobody else sees this view any more."),
    "default": Action(views.make_default, "View Report begins with this view from now on."),
    "undefault": Action(views.drop_default, "View Report begins with the report as it is."),
    "delete": Action(views.delete, "The view is deleted."),
}
DONE = {"save": "The view is saved.", "replace": "The view is saved in place of what it was."}
SHOWN = 50
"""Views of colleagues that are listed unless all are asked for."""


class Listed(NamedTuple):
    """A saved view on the Reports page. `owner` is the email of a colleague, "" for the visitor's own."""

    view: SavedView
    address: str
    owner: str


blueprint = Blueprint("views", __name__)


@blueprint.post("/reports/<slug>/views")
def save(slug: str) -> Response:
    view = _sent(report_named(slug))
    name, done = request.form.get("name", ""), "save"
    try:
        views.save(visitor(), slug, name, view.query)
    except views.Taken as taken:
        if request.form.get("replace") != str(taken.view.id):
            return _asked_again(view, name, taken)
        views.replace(asking(), taken.view, view.query)
        done = "replace"
    except Unacceptable as wrong:
        return _asked_again(view, name, wrong)
    return make_response(redirect(f"/reports?done={done}#views", 303))


def _asked_again(view: View, name: str, wrong: Unacceptable) -> Response:
    shown = {"view": view, "words": in_words(view), "url": report_url, "name": name, "errors": wrong.errors}
    taken = wrong.view if isinstance(wrong, views.Taken) else None
    return make_response(render_template("reports/save.html", **shown, taken=taken), 400)


@blueprint.get("/reports/views/<int(max=999999999):view>")
def show(view: int) -> Response:
    """Lead to a saved view; when something of it is left out, say so first."""
    kept = _in_sight(view)
    left, why = _openable(kept)
    if not why:
        return make_response(redirect(report_url(left), 303))
    return make_response(render_template("reports/left.html", kept=kept, why=why, address=report_url(left)))


@blueprint.post(f"/reports/views/<int(max=999999999):view>/<any({', '.join(ACTIONS)}):action>")
def act(view: int, action: str) -> Response:
    kept = _in_sight(view)
    if kept.user_id != visitor().id:
        abort(problem(404, f"You have no saved view “{view}”.", ["Only whoever saved a view can change it."]))
    ACTIONS[action].run(asking(), kept)
    return make_response(redirect(f"/reports?done={action}#views", 303))


def shelves() -> dict[str, Any]:
    """What the Reports page tells of saved views: those of each report that has some, and what was just done."""
    listed: dict[str, list[Listed]] = {slug: [] for slug in REPORTS}
    most = None if "shared" in request.args else SHOWN
    for view in views.views_of(visitor(), most):
        if view.report in REPORTS:
            owner = "" if view.user_id == visitor().id else view.user.email
            listed[view.report].append(Listed(view, _address(view), owner))
    done = request.args.get("done", "")
    told = ACTIONS[done].done if done in ACTIONS else DONE.get(done, "")
    more = max(views.number_shared_with(visitor()) - SHOWN, 0) if most else 0
    return {"shelves": [(REPORTS[slug], found) for slug, found in listed.items() if found], "done": told, "more": more}


def beginning(report: Report) -> str:
    """The address with which opening a report begins for the visitor."""
    default = views.default_view(visitor(), report.slug)
    return _address(default) if default else f"/reports/{report.slug}"


def _in_sight(number: int) -> SavedView:
    """The saved view with this number; the request ends with a 404 when the visitor sees none."""
    found = views.find_view(visitor(), number)
    if found is None:
        abort(
            problem(404, f"There is no saved view “{number}”.", ["It may have been deleted, or isn't shared any more."])
        )
    return found


def _sent(report: Report) -> View:
    """The view that a form sends as its query string, without its place and open rows."""
    if "view" not in request.form:
        abort(problem(400, "view: the query string of the view that should be saved is missing."))
    view = allowed(*parse(report, parse_qsl(request.form["view"]))).start
    if len(report_url(view)) > LONGEST_ADDRESS:
        abort(problem(400, "This view is more than an address can hold.", ["Shorten a filter first."]))
    return view


def _address(kept: SavedView) -> str:
    """The report's own address, or that of the page which says what is left out of the view."""
    left, why = _openable(kept)
    return f"/reports/views/{kept.id}" if why else report_url(left)


def _openable(kept: SavedView) -> tuple[View, list[str]]:
    """What the visitor can have of a saved view, and why the rest is left out.

    A viewer is told which part looks inside rows, but not which certificate type or product it names.
    """
    report, pairs = report_named(kept.report), parse_qsl(kept.query)
    view, complaints = parse(report, pairs)
    why = list(map(str, complaints))
    if visitor().is_admin:
        return view, why
    why += [f"{part}: looking inside rows is for admins, and you are signed in as a viewer." for part in inside(view)]
    return parse(report.outside, pairs)[0], why
