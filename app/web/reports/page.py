"""The page of a report, the fragments that htmx asks for (the changed region, the count), and the rows inside a row."""

import re
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from app.table.paging import CursorNotFound, count_view, read_children, read_group, read_page
from app.table.params import parse_path
from app.table.scope import Scope
from app.table.view import RowPath, View
from app.web.errors import error_response, is_fragment_request
from app.web.reading import read_report
from app.web.reports.context import report_context
from app.web.reports.htmx import columns_changed, corrections, group_changed, history_headers
from app.web.reports.rows import RowLine, present_rows
from app.web.request_log import timed
from app.web.saved_views import report_tabs
from app.web.urls import MAX_URL_LENGTH, report_url
from app.web.view_request import missing_cursor_response, requested_view, single_arg, submitted_view
from models import Import

_IMPORT_NAME = re.compile("[0-9]{1,18}(-[0-9]{1,18})?")

blueprint = Blueprint("reports", __name__)


@blueprint.get("/reports/<slug>")
def show(slug: str) -> BaseResponse:
    """The report page; for htmx only the region that changed.

    Groups of very many rows come after the page, which asks for them with `wait`.
    """
    submission, is_fragment = submitted_view(slug, "wait"), is_fragment_request()
    with read_report(submission.view) as (view, scope):
        page = read_page(view, scope, bool(single_arg("wait")))
        context = report_context(page, scope) | {"tabs": report_tabs(page.view, submission.opened)}
    view, url = page.view, report_url(page.view)
    if len(url) > MAX_URL_LENGTH:
        details = ["Close more rows at once, show fewer on a page, or shorten a filter."]
        return error_response(400, "This is more than an address can hold.", details)
    if submission.is_form and not is_fragment:
        return redirect(url, 303)
    if not is_fragment:
        return _render("reports/report.html", context)
    updates = {
        "corrections": list(corrections(view)),
        "update_chooser": columns_changed(view),
        "update_group": group_changed(view),
    }
    response = _render("reports/_fragment.html", context | updates)
    response.headers.update(history_headers(view))
    return response


@blueprint.get("/reports/<slug>/rows")
def expand(slug: str) -> Response:
    """The rows one level below the row that `node` names, as `<tr>`s. Pages open rows by their form instead."""
    view = requested_view(slug, "node", "toggle", "as_of")
    name = single_arg("node")
    path = parse_path(view.report, name)
    with read_report(view) as (view, scope):
        changed = _data_changed()
        rows = _read_inside(view, scope, path) if path else None
    if changed:
        details = ["What is inside a row may not add up to it any more."]
        return error_response(409, "The data has changed since this page was read.", details, report_url(view))
    if path is None or rows is None:
        return error_response(404, f"There is no row “{name}” to open.", ["It may have gone; reload the report."])
    opened = view if view.is_open(path) else view.with_toggled(path)
    if len(report_url(opened)) > MAX_URL_LENGTH:
        return error_response(400, "So many rows can't be open at once.", ["Close some rows first."])
    response = _render("reports/_rows.html", {"rows": rows, "view": opened})
    response.headers["HX-Replace-Url"] = report_url(opened)
    return response


def _read_inside(view: View, scope: Scope, path: RowPath) -> list[RowLine] | None:
    if not view.group:
        children = read_children(view, scope, path)
        return None if children is None else present_rows(children, view)
    group = read_group(view, scope, path)
    return present_rows([group], view) if group else None


@blueprint.get("/reports/<slug>/count")
def count(slug: str) -> Response:
    """The number of rows of a view, for a page that was sent before they were counted."""
    with read_report(requested_view(slug, "after", "before", "open")) as (view, scope):
        total = count_view(view, scope)
    return _render("reports/_total.html", {"total": f"{total:,}", "view": view})


@blueprint.errorhandler(CursorNotFound)
def cursor_not_found(error: CursorNotFound) -> BaseResponse:
    """The row at which the page should begin is gone: a 400, or the first page if it went because a day has passed."""
    view = error.view
    if any(active.resolve for active, _ in view.active_filters):  # at midnight "today" means another day
        return redirect(report_url(view.closed_first_page), 303)
    return missing_cursor_response(view)


def _data_changed() -> bool:
    """Whether something was imported since the page that sends `as_of` was read. Abort when that names no import."""
    as_of, last = single_arg("as_of"), Import.last()
    if as_of and not _IMPORT_NAME.fullmatch(as_of):
        abort(error_response(400, f"as_of: “{as_of}” is not the name of an import."))
    return bool(as_of) and (last is None or as_of != last.name)


def _render(template: str, context: dict[str, Any]) -> Response:
    with timed("render"):
        return make_response(render_template(template, **context))
