"""Saved views: kept from a report's page, listed on the Reports page, opened even when something of them has gone."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request

from app.auth import saved_views
from app.auth.permissions import Permission
from app.auth.validation import ValidationError
from app.reports import REPORTS
from app.table.definitions import Report
from app.table.params import parse_view
from app.table.view import View, describe_view
from app.web.actions import Action
from app.web.audit import audit_actor
from app.web.errors import error_response
from app.web.security import visitor
from app.web.urls import MAX_URL_LENGTH, report_url
from app.web.view_request import detail_parts, permitted_view, report_or_404
from models import SavedView

VIEW_ACTIONS: dict[str, Action[SavedView]] = {
    "share": Action(saved_views.share_view, "Shared with everybody who sees the same customers."),
    "unshare": Action(saved_views.unshare_view, "Nobody else sees this view any more."),
    "default": Action(saved_views.set_default_view, "View Report begins with this view from now on."),
    "undefault": Action(saved_views.clear_default_view, "View Report begins with the report as it is."),
    "delete": Action(saved_views.delete_view, "The view is deleted."),
}
MESSAGES = {"save": "The view is saved.", "replace": "The view is saved in place of what it was."}
SHARED_SHOWN = 50
"""Views of colleagues that are listed unless all are asked for."""


class ListedView(NamedTuple):
    """A saved view on the Reports page. `owner` is the email of a colleague, "" for the visitor's own."""

    view: SavedView
    address: str
    owner: str


blueprint = Blueprint("saved_views", __name__)


@blueprint.post("/reports/<slug>/views")
def save(slug: str) -> Response:
    view = _submitted_view(report_or_404(slug))
    name, done = request.form.get("name", ""), "save"
    try:
        saved_views.save_view(visitor(), slug, name, view.query)
    except saved_views.NameTaken as taken:
        if request.form.get("replace") != str(taken.view.id):
            return _save_form(view, name, taken)
        saved_views.replace_view(audit_actor(), taken.view, view.query)
        done = "replace"
    except ValidationError as wrong:
        return _save_form(view, name, wrong)
    return make_response(redirect(f"/reports?done={done}#views", 303))


def _save_form(view: View, name: str, wrong: ValidationError) -> Response:
    shown = {"view": view, "words": describe_view(view), "url": report_url, "name": name, "errors": wrong.errors}
    taken = wrong.view if isinstance(wrong, saved_views.NameTaken) else None
    return make_response(render_template("saved_views/save.html", **shown, taken=taken), 400)


@blueprint.get("/reports/views/<int(max=999999999):view>")
def show(view: int) -> Response:
    """Lead to a saved view; when something of it is left out, say so first."""
    kept = _visible_view(view)
    left, why = _remaining_view(kept)
    if not why:
        return make_response(redirect(report_url(left), 303))
    return make_response(render_template("saved_views/incomplete.html", kept=kept, why=why, address=report_url(left)))


@blueprint.post(f"/reports/views/<int(max=999999999):view>/<any({', '.join(VIEW_ACTIONS)}):action>")
def act(view: int, action: str) -> Response:
    kept = _visible_view(view)
    if kept.user_id != visitor().id:
        abort(error_response(404, f"You have no saved view “{view}”.", ["Only whoever saved a view can change it."]))
    VIEW_ACTIONS[action].run(audit_actor(), kept)
    return make_response(redirect(f"/reports?done={action}#views", 303))


def saved_views_context() -> dict[str, Any]:
    """What the Reports page tells of saved views: those of each report that has some, and what was just done."""
    listed: dict[str, list[ListedView]] = {slug: [] for slug in REPORTS}
    most = None if "shared" in request.args else SHARED_SHOWN
    for view in saved_views.visible_views(visitor(), most):
        if view.report in REPORTS:
            owner = "" if view.user_id == visitor().id else view.user.email
            listed[view.report].append(ListedView(view, _view_url(view), owner))
    done = request.args.get("done", "")
    told = VIEW_ACTIONS[done].done if done in VIEW_ACTIONS else MESSAGES.get(done, "")
    more = max(saved_views.count_shared_with(visitor()) - SHARED_SHOWN, 0) if most else 0
    return {"shelves": [(REPORTS[slug], found) for slug, found in listed.items() if found], "done": told, "more": more}


def start_url(report: Report) -> str:
    """The address with which opening a report begins for the visitor."""
    default = saved_views.default_view(visitor(), report.slug)
    return _view_url(default) if default else f"/reports/{report.slug}"


def _visible_view(number: int) -> SavedView:
    """The saved view with this number; the request ends with a 404 when the visitor sees none."""
    found = saved_views.find_view(visitor(), number)
    if found is None:
        abort(
            error_response(
                404, f"There is no saved view “{number}”.", ["It may have been deleted, or isn't shared any more."]
            )
        )
    return found


def _submitted_view(report: Report) -> View:
    """The view that a form sends as its query string, without its place and open rows."""
    if "view" not in request.form:
        abort(error_response(400, "view: the query string of the view that should be saved is missing."))
    view = permitted_view(*parse_view(report, parse_qsl(request.form["view"]))).start
    if len(report_url(view)) > MAX_URL_LENGTH:
        abort(error_response(400, "This view is more than an address can hold.", ["Shorten a filter first."]))
    return view


def _view_url(kept: SavedView) -> str:
    """The report's own address, or that of the page which says what is left out of the view."""
    left, why = _remaining_view(kept)
    return f"/reports/views/{kept.id}" if why else report_url(left)


def _remaining_view(kept: SavedView) -> tuple[View, list[str]]:
    """What the visitor can have of a saved view, and why the rest is left out.

    A viewer is told which part looks inside rows, but not which certificate type or product it names.
    """
    report, pairs = report_or_404(kept.report), parse_qsl(kept.query)
    view, complaints = parse_view(report, pairs)
    why = list(map(str, complaints))
    if visitor().can(Permission.VIEW_DETAILS):
        return view, why
    why += [
        visitor().refusal(f"{part}: looking inside rows is", Permission.VIEW_DETAILS) for part in detail_parts(view)
    ]
    return parse_view(report.summary_only, pairs)[0], why
