"""Saved views: save one from a report's page, list them there and on the Reports page, open, share and delete them."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app import saved_views
from app.auth.permissions import Permission
from app.reports import REPORTS
from app.reports.standard_views import STANDARD_VIEWS
from app.saved_views import ReportView
from app.table.definitions import Report, permitted_report
from app.table.params import parse_view
from app.table.view import View, describe_view
from app.validation import ValidationError
from app.web.audit import audit_actor
from app.web.errors import error_response
from app.web.fields import is_number
from app.web.reading import match_visitor_spellings
from app.web.redirects import safe_next
from app.web.request_log import set_error_reason
from app.web.security import visitor
from app.web.urls import MAX_URL_LENGTH, report_url
from app.web.view_request import permitted_submission, report_or_404, visitor_report, withheld_parts
from models import SavedView, access_db
from models.audit import AuditActor

# Actions of the buttons beside a saved view, by the last part of their address. The third argument is the field `name`.
ACTIONS: Mapping[str, Callable[[AuditActor, SavedView, str], object]] = {
    "share": lambda actor, view, _: saved_views.set_shared(actor, view, shared=True),
    "unshare": lambda actor, view, _: saved_views.set_shared(actor, view, shared=False),
    "default": lambda _, view, __: saved_views.set_default(view, is_default=True),
    "undefault": lambda _, view, __: saved_views.set_default(view, is_default=False),
    "rename": saved_views.rename_view,
    "delete": lambda actor, view, _: saved_views.delete_view(actor, view),
    "restore": lambda actor, view, name: saved_views.restore_view(actor, view, name or view.name),
}
# Messages on the Reports page after an action, by the value of `done` in its address.
MESSAGES: Mapping[str, str] = {
    "share": "Shared with everybody who sees the same customers.",
    "unshare": "Nobody else sees this view any more.",
    "default": "View Report begins with this view from now on.",
    "undefault": "View Report begins with the report as it is.",
    "rename": "The view has its new name.",
    "restore": "The view is back.",
}
SHARED_PER_PAGE = 100  # views of colleagues on each page when a link has asked for all
_ALL = "all"  # the first of these pages in an address; the others have their number
MAX_TABS = 5  # views above a report's table; the others are under "More"


class TabKind(Enum):
    STANDARD = auto()  # the report as it is
    BUILT_IN = auto()  # another view that comes with the product, see `STANDARD_VIEWS`
    SAVED = auto()


class Tab(NamedTuple):
    """A view as it is listed. `owner` is a colleague's email, "" for the visitor's own views.

    `number` is the id of a saved view, 0 for the standard one, and negative for other views of the product.
    """

    number: int
    name: str
    url: str
    owner: str = ""
    is_shared: bool = False
    is_default: bool = False

    @property
    def kind(self) -> TabKind:
        if self.number == 0:
            return TabKind.STANDARD
        return TabKind.SAVED if self.number > 0 else TabKind.BUILT_IN

    @property
    def is_own(self) -> bool:
        """Whether the visitor may change the view."""
        return self.kind is TabKind.SAVED and not self.owner


class Tabs(NamedTuple):
    """The views of a report for its page: the standard ones, the visitor's own, then those that colleagues share.

    `current` is the tab that is shown, or, with `is_changed`, the one that what is shown was made from. It is among
    the `first` ones. `deleted` are views that the visitor has just deleted and may restore.
    """

    tabs: list[Tab]
    current: Tab
    is_changed: bool
    deleted: list[Tab]

    @property
    def first(self) -> list[Tab]:
        """The tabs above the table; the others are under "More"."""
        return self.tabs[:MAX_TABS]

    @property
    def others(self) -> list[Tab]:
        return self.tabs[MAX_TABS:]


_ID_DIGITS, _PAGE_DIGITS = 9, 6  # of the number of a saved view, and of a page

blueprint = Blueprint("saved_views", __name__)


@blueprint.post("/reports/<slug>/views")
def save(slug: str) -> ResponseReturnValue:
    """Save the view that the form sends and redirect to it; `replace` is the number of a view whose place it takes.

    A taken name is answered by a form that offers to replace the view that has it.
    """
    view, form = _submitted_view(report_or_404(slug)), request.form
    try:
        with access_db.write_transaction():
            if form.get("replace"):
                saved_view = _replace(view, form["replace"])
            else:
                saved_view = saved_views.save_view(visitor(), slug, form.get("name", ""), view.query_string)
            if form.get("shared") and not saved_view.shared and saved_views.find_view(visitor(), saved_view.id):
                saved_views.set_shared(audit_actor(), saved_view, shared=True)
            if form.get("default"):
                saved_views.set_default(saved_view, is_default=True)
    except ValidationError as error:
        return _save_form(view, error)
    return redirect(report_url(view), 303)


@blueprint.get("/reports/views/<id:view>")
def show(view: int) -> ResponseReturnValue:
    """Redirect to the report with a saved view, or list the parts of the view that can't be shown any more."""
    saved_view = _saved_view_or_404(view)
    remaining, reasons = _remaining_view(saved_view)
    if not reasons:
        return redirect(report_url(remaining), 303)
    return render_template(
        "saved_views/incomplete.html", saved_view=saved_view, reasons=reasons, remaining_url=report_url(remaining)
    )


@blueprint.post(f"/reports/views/<id:view>/<any({', '.join(ACTIONS)}):action>")
def act(view: int, action: str) -> ResponseReturnValue:
    """Do what a button beside one of the visitor's own views says, and redirect to the page that `next` names."""
    deleted = saved_views.find_deleted_view(visitor(), view) if action == "restore" else None
    saved_view, next_url = deleted or _own_view_or_404(view), request.form.get("next", "")
    try:
        ACTIONS[action](audit_actor(), saved_view, request.form.get("name", ""))
    except ValidationError as error:
        if action not in ("rename", "restore"):
            abort(error_response(409, f"{error}.", ["Nothing was changed."]))
        set_error_reason(*error.errors.values())
        context = {"saved_view": saved_view, "action": action, "next": next_url, "errors": error.errors}
        return render_template("saved_views/name.html", **context), 400
    number = f"&view={view}" if action == "delete" else ""
    return redirect(safe_next(next_url) if next_url else f"/reports?done={action}{number}#views", 303)


def saved_views_context() -> dict[str, Any]:
    """Template context of the list on the Reports page: views by report, and a message after an action."""
    page = _shared_page()
    limit, offset = (SHARED_PER_PAGE, (page - 1) * SHARED_PER_PAGE) if page else (saved_views.MAX_SHARED, 0)
    listed: dict[str, list[Tab]] = {slug: [] for slug in REPORTS}
    for view in saved_views.visible_views(visitor(), limit, offset):
        if view.report in REPORTS:
            owner = "" if view.user_id == visitor().id else view.user.email
            listed[view.report].append(_tab(view, view.report, owner))
    return {
        "views_by_report": [(REPORTS[slug], views) for slug, views in listed.items() if views],
        "unlisted_count": max(saved_views.count_shared_with(visitor()) - offset - limit, 0),
        "next_shared": page + 1 if page else _ALL,
        "message": MESSAGES.get(request.args.get("done", ""), ""),
        "deleted": _deleted_tabs(request.args.get("view", "")) if request.args.get("done") == "delete" else [],
    }


def report_tabs(view: View, opened: str) -> Tabs:
    """Return the views of a report for the page that shows `view`.

    `opened` is the field `opened` of the page's form: the number of the view that the page was opened with. It only
    says which tab has changed when what is shown is no tab's view, so an unknown number means the same as none.
    """
    slug, url = view.report.slug, report_url(view.closed_first_page)
    rows = saved_views.report_views(visitor(), slug)
    saved = [_tab(row, slug, row.owner) for row in rows if not row.is_deleted]
    deleted = [_tab(row, slug, row.owner) for row in rows if row.is_deleted]
    standard, *built_in = _standard_tabs(slug, visitor().permissions)
    standard = standard._replace(is_default=not any(tab.is_default for tab in saved))
    tabs = [standard, *built_in, *saved]
    shown = [tab for tab in tabs if tab.url == url]
    current = _current_tab(shown or tabs, opened)
    if current not in tabs[:MAX_TABS]:
        tabs.remove(current)
        tabs.insert(MAX_TABS - 1, current)
    return Tabs(tabs, current, is_changed=not shown, deleted=deleted)


def _current_tab(candidates: Sequence[Tab], opened: str) -> Tab:
    """Return the opened tab, else the standard one, else the visitor's own that was saved last, else a colleague's."""
    for tab in candidates:
        if str(tab.number) == opened:
            return tab
    if candidates[0].kind is TabKind.STANDARD:
        return candidates[0]
    return max(candidates, key=lambda tab: (not tab.owner, tab.number))


@lru_cache(maxsize=100)
def _standard_tabs(slug: str, permissions: frozenset[Permission]) -> list[Tab]:
    """Return the tabs that everybody with these permissions has.

    A view goes without the columns that need another permission, and isn't there when what it is grouped by does.
    """
    tabs = [Tab(0, "Standard", f"/reports/{slug}")]
    for number, built_in in enumerate(STANDARD_VIEWS, 1):
        if built_in.slug == slug:
            pairs = parse_qsl(built_in.query)
            view, _ = parse_view(permitted_report(REPORTS[slug], permissions), pairs)
            if len(view.group) == sum(key == "group" for key, _ in pairs):
                tabs.append(Tab(-number, built_in.name, report_url(view)))
    return tabs


def _shared_page() -> int:
    """Return the number of the requested page of colleagues' views, 0 for the first few. Anything else is a 400."""
    shared = request.args.get("shared") or "0"
    if shared != _ALL and not is_number(shared, _PAGE_DIGITS):
        details = [f"shared: “{shared}” is no page; use “{_ALL}”, or a number from 2."]
        abort(error_response(400, "These views can't be listed like that.", details))
    return 1 if shared == _ALL else int(shared)


def start_url(report: Report) -> str:
    """Return the address at which a report opens for the visitor: of their default view, or the report's own."""
    view = saved_views.default_view(visitor(), report.slug)
    return _view_url(view, report.slug) if view else f"/reports/{report.slug}"


def _replace(view: View, number: str) -> SavedView:
    """Put `view` in the place of one of the visitor's own views. Raises ValidationError when it isn't theirs."""
    replaced = saved_views.find_view(visitor(), int(number)) if is_number(number, _ID_DIGITS) else None
    if replaced is None or (replaced.user_id, replaced.report) != (visitor().id, view.report.slug):
        raise ValidationError({"name": f"replace: “{number}” is none of your views of this report; save a new one."})
    saved_views.replace_view(audit_actor(), replaced, view.query_string)
    return replaced


def _save_form(view: View, error: ValidationError) -> ResponseReturnValue:
    set_error_reason(*error.errors.values())
    existing = error.existing if isinstance(error, saved_views.NameTaken) else None
    context = {"view": view, "description": describe_view(view), "existing": existing}
    return render_template("saved_views/save.html", errors=error.errors, **context), 400


def _saved_view_or_404(view_id: int) -> SavedView:
    saved_view = saved_views.find_view(visitor(), view_id)
    if saved_view is None:
        details = ["It may have been deleted, or isn't shared any more."]
        abort(error_response(404, f"There is no saved view “{view_id}”.", details))
    return saved_view


def _own_view_or_404(view_id: int) -> SavedView:
    saved_view = _saved_view_or_404(view_id)
    if saved_view.user_id != visitor().id:
        abort(error_response(404, f"You have no saved view “{view_id}”.", ["Only whoever saved a view can change it."]))
    return saved_view


def _deleted_tabs(number: str) -> list[Tab]:
    """Return the visitor's deleted view with this number, if there is one that can be restored."""
    view = saved_views.find_deleted_view(visitor(), int(number)) if is_number(number, _ID_DIGITS) else None
    return [_tab(view, view.report, "")] if view and view.report in REPORTS else []


def _submitted_view(report: Report) -> View:
    """Return the view that the field `view` holds, without paging and open rows.

    It is a query string, or all that the form of a report's page sends: pressed buttons and the opened view too.
    """
    if "view" not in request.form:
        abort(error_response(400, "view: the query string of the view that should be saved is missing."))
    pairs = parse_qsl(request.form["view"], keep_blank_values=True)
    view = match_visitor_spellings(permitted_submission(report, pairs).view).closed_first_page
    if len(report_url(view)) > MAX_URL_LENGTH:
        abort(error_response(400, "This view is more than an address can hold.", ["Shorten a filter first."]))
    return view


def _tab(view: SavedView | ReportView, slug: str, owner: str) -> Tab:
    is_default = bool(view.is_default) and not owner
    return Tab(view.id, view.name, _view_url(view, slug), owner, bool(view.shared), is_default)


def _view_url(view: SavedView | ReportView, slug: str) -> str:
    """Return the report's address with the view, or the page that lists what can't be shown of it."""
    return _whole_url(slug, view.query, visitor().permissions) or f"/reports/views/{view.id}"


@lru_cache(maxsize=1000)  # parsing takes longer than all else that a tab needs
def _whole_url(slug: str, query: str, permissions: frozenset[Permission]) -> str:
    """Return the report's address with a saved query, "" if a part of it needs other permissions."""
    view, errors = parse_view(permitted_report(REPORTS[slug], permissions), parse_qsl(query))
    return "" if errors else report_url(view)


def _remaining_view(saved_view: SavedView) -> tuple[View, list[str]]:
    """Return the part of a saved view that can be shown, and a sentence about each other part."""
    report, params = report_or_404(saved_view.report), parse_qsl(saved_view.query)
    view, errors = parse_view(visitor_report(report), params)
    whole, whole_errors = parse_view(report, params)
    unknown = {(error.key, error.value) for error in whole_errors}
    reasons = [str(error) for error in errors if (error.key, error.value) in unknown]
    withheld = [error for error in errors if (error.key, error.value) not in unknown]
    denials = [visitor().denial_message(permission, part) for permission, part in withheld_parts(withheld, whole)]
    return view, reasons + denials
