"""Saved views: save one from a report's page, list them on the Reports page, open, share and delete them."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.auth import saved_views
from app.auth.permissions import AuditActor, Permission
from app.auth.users import ValidationError
from app.reports import REPORTS
from app.table.definitions import Report
from app.table.params import parse_view
from app.table.view import View, describe_view
from app.web.audit import audit_actor
from app.web.errors import error_response
from app.web.request_log import set_error_reason
from app.web.security import visitor
from app.web.urls import MAX_URL_LENGTH, report_url
from app.web.view_request import detail_parts, permitted_view, report_or_404
from models import SavedView

# Actions of the buttons beside a saved view, by the last part of their address.
ACTIONS: Mapping[str, Callable[[AuditActor, SavedView], object]] = {
    "share": partial(saved_views.set_shared, shared=True),
    "unshare": partial(saved_views.set_shared, shared=False),
    "default": lambda _, view: saved_views.set_default(view, is_default=True),
    "undefault": lambda _, view: saved_views.set_default(view, is_default=False),
    "delete": saved_views.delete_view,
}
# Messages on the Reports page after an action, by the value of `done` in its address.
MESSAGES: Mapping[str, str] = {
    "save": "The view is saved.",
    "replace": "The view is saved in place of what it was.",
    "share": "Shared with everybody who sees the same customers.",
    "unshare": "Nobody else sees this view any more.",
    "default": "View Report begins with this view from now on.",
    "undefault": "View Report begins with the report as it is.",
    "delete": "The view is deleted.",
}
MAX_LISTED_SHARED = 50  # views of colleagues on the Reports page
SHARED_PER_PAGE = 100  # views of colleagues on each page when a link has asked for all
_ALL = "all"  # the first of these pages in an address; the others have their number

_PAGE_NUMBER = re.compile("[0-9]{1,6}")

blueprint = Blueprint("saved_views", __name__)


@blueprint.post("/reports/<slug>/views")
def save(slug: str) -> ResponseReturnValue:
    """Save the view that the form sends; a taken name is answered by a form that offers to replace that view."""
    view = _submitted_view(report_or_404(slug))
    name, done = request.form.get("name", ""), "save"
    try:
        saved_views.save_view(visitor(), slug, name, view.query_string)
    except saved_views.NameTaken as error:
        if request.form.get("replace") != str(error.existing.id):
            return _save_form(view, name, error, error.existing)
        saved_views.replace_view(audit_actor(), error.existing, view.query_string)
        done = "replace"
    except ValidationError as error:
        return _save_form(view, name, error)
    return redirect(f"/reports?done={done}#views", 303)


@blueprint.get("/reports/views/<int(max=999999999):view>")
def show(view: int) -> ResponseReturnValue:
    """Redirect to the report with a saved view, or list the parts of the view that can't be shown any more."""
    saved_view = _saved_view_or_404(view)
    remaining, reasons = _remaining_view(saved_view)
    if not reasons:
        return redirect(report_url(remaining), 303)
    return render_template(
        "saved_views/incomplete.html", saved_view=saved_view, reasons=reasons, remaining_url=report_url(remaining)
    )


@blueprint.post(f"/reports/views/<int(max=999999999):view>/<any({', '.join(ACTIONS)}):action>")
def act(view: int, action: str) -> ResponseReturnValue:
    """Do what a button beside one of the visitor's own views says."""
    saved_view = _saved_view_or_404(view)
    if saved_view.user_id != visitor().id:
        abort(error_response(404, f"You have no saved view “{view}”.", ["Only whoever saved a view can change it."]))
    ACTIONS[action](audit_actor(), saved_view)
    return redirect(f"/reports?done={action}#views", 303)


def saved_views_context() -> dict[str, Any]:
    """Template context of the list on the Reports page: views by report, and a message after an action.

    A view comes with its address and its owner: a colleague's email, "" for the visitor's own views.
    """
    page = _shared_page()
    limit, offset = (SHARED_PER_PAGE, (page - 1) * SHARED_PER_PAGE) if page else (MAX_LISTED_SHARED, 0)
    listed: dict[str, list[tuple[SavedView, str, str]]] = {slug: [] for slug in REPORTS}
    for view in saved_views.visible_views(visitor(), limit, offset):
        if view.report in REPORTS:
            owner = "" if view.user_id == visitor().id else view.user.email
            listed[view.report].append((view, _saved_view_url(view), owner))
    return {
        "views_by_report": [(REPORTS[slug], views) for slug, views in listed.items() if views],
        "unlisted_count": max(saved_views.count_shared_with(visitor()) - offset - limit, 0),
        "next_shared": page + 1 if page else _ALL,
        "message": MESSAGES.get(request.args.get("done", ""), ""),
    }


def _shared_page() -> int:
    """Return which page of colleagues' views is asked for, 0 for the first few views. Anything else is a 400."""
    shared = request.args.get("shared") or "0"
    if shared != _ALL and not _PAGE_NUMBER.fullmatch(shared):
        details = [f"shared: “{shared}” is no page; use “{_ALL}”, or a number from 2."]
        abort(error_response(400, "These views can't be listed like that.", details))
    return 1 if shared == _ALL else int(shared)


def start_url(report: Report) -> str:
    """Return the address at which a report opens for the visitor: of their default view, or the report's own."""
    view = saved_views.default_view(visitor(), report.slug)
    return _saved_view_url(view) if view else f"/reports/{report.slug}"


def _save_form(view: View, name: str, error: ValidationError, existing: SavedView | None = None) -> ResponseReturnValue:
    set_error_reason(*error.errors.values())
    context = {"view": view, "description": describe_view(view), "name": name, "existing": existing}
    return render_template("saved_views/save.html", errors=error.errors, **context), 400


def _saved_view_or_404(view_id: int) -> SavedView:
    saved_view = saved_views.find_view(visitor(), view_id)
    if saved_view is None:
        details = ["It may have been deleted, or isn't shared any more."]
        abort(error_response(404, f"There is no saved view “{view_id}”.", details))
    return saved_view


def _submitted_view(report: Report) -> View:
    """Return the view whose query string the form sends, without paging and open rows."""
    if "view" not in request.form:
        abort(error_response(400, "view: the query string of the view that should be saved is missing."))
    view = permitted_view(*parse_view(report, parse_qsl(request.form["view"]))).first_page
    if len(report_url(view)) > MAX_URL_LENGTH:
        abort(error_response(400, "This view is more than an address can hold.", ["Shorten a filter first."]))
    return view


def _saved_view_url(saved_view: SavedView) -> str:
    """Return the report's address with the view, or the page that lists what can't be shown of it."""
    remaining, reasons = _remaining_view(saved_view)
    return f"/reports/views/{saved_view.id}" if reasons else report_url(remaining)


def _remaining_view(saved_view: SavedView) -> tuple[View, list[str]]:
    """Return what can be shown of a saved view, and a sentence about each part that can't."""
    report, params = report_or_404(saved_view.report), parse_qsl(saved_view.query)
    view, errors = parse_view(report, params)
    reasons = [str(error) for error in errors]
    if visitor().can(Permission.VIEW_DETAILS):
        return view, reasons
    reasons += [visitor().refusal(Permission.VIEW_DETAILS, part) for part in detail_parts(view)]
    return parse_view(report.summary_only, params)[0], reasons
