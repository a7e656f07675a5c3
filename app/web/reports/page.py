"""The page of a report, and the fragments that htmx asks for: the changed region, the rows inside a row, the count."""

import re
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.table.counts import count_rows
from app.table.paging import CursorNotFound, Page, name_open_rows, read_children, read_page
from app.table.params import PAGING_KEYS, ParamError, parse_path
from app.table.query import RowQuery
from app.table.view import View
from app.web.errors import error_response, is_fragment_request
from app.web.reports.context import changed_fields, present_rows, report_context
from app.web.reports.form import parse_submission
from app.web.reports.htmx import is_form_request, set_history_header
from app.web.request_log import timed
from app.web.security import visitor
from app.web.urls import MAX_URL_LENGTH, report_url
from app.web.view_request import abort_if_invalid, permitted_view, report_or_404, requested_view, single_arg
from models import Import, read_transaction

_IMPORT_NAME = re.compile("[0-9]{1,18}(-[0-9]{1,18})?")

blueprint = Blueprint("reports", __name__)


@blueprint.get("/reports/<slug>")
def show(slug: str) -> BaseResponse:
    """The report page; for htmx only the region that changed."""
    report = report_or_404(slug)
    submission = parse_submission(report, list(request.args.items(multi=True)))
    view = permitted_view(submission.view, submission.errors)
    if view.some_rows_closed:  # "all but these" becomes a list of the page's open rows
        with timed("query"):
            view = name_open_rows(view, _read_page(view).rows)
    if len(report_url(view)) > MAX_URL_LENGTH:
        details = ["Close more rows at once, show fewer on a page, or shorten a filter."]
        return error_response(400, "This is more than an address can hold.", details)
    is_fragment = is_fragment_request()
    if not is_fragment and (submission.is_form or submission.has_button):
        return redirect(report_url(view), 303)
    with timed("query"), read_transaction():
        context = report_context(_read_page(view), view, visitor().scope)
    return _fragment(context, submission.has_button) if is_fragment else _render("reports/report.html", context)


@blueprint.get("/reports/<slug>/rows")
def expand(slug: str) -> Response:
    """The rows one level below the row that `node` names, for htmx to put under it."""
    view = requested_view(slug, "node", "toggle", "as_of")
    name = single_arg("node")
    path = parse_path(name)
    with timed("query"), read_transaction():
        changed = _data_changed()
        rows = read_children(view, visitor().scope, path) if path else None
    if changed:
        details = ["What is inside a row may not add up to it any more."]
        return error_response(409, "The data has changed since this page was read.", details, report_url(view))
    if path is None or rows is None:
        return error_response(404, f"There is no row “{name}” to open.", ["It may have gone; reload the report."])
    opened = view if view.is_open(path) else view.with_toggled(path)
    if len(report_url(opened)) > MAX_URL_LENGTH:
        return error_response(400, "So many rows can't be open at once.", ["Close some rows first."])
    context = {"rows": present_rows(rows, view), "view": opened, "url": report_url}
    response = _render("reports/_rows.html", context)
    response.headers["HX-Replace-Url"] = report_url(opened)
    return response


@blueprint.get("/reports/<slug>/count")
def count(slug: str) -> Response:
    """The number of rows of a view, for a page that was sent before they were counted."""
    view = requested_view(slug, *PAGING_KEYS)
    with timed("query"):
        total = count_rows(RowQuery(view, visitor().scope, view.level))
    return _render("reports/_total.html", {"total": f"{total:,}", "view": view})


def _read_page(view: View) -> Page:
    """Read the page of a view. Abort when the row where it begins is gone."""
    try:
        return read_page(view, visitor().scope)
    except CursorNotFound:
        if any(active.resolve for active, _ in view.active_filters):  # at midnight "today" means another day
            abort(redirect(report_url(view.first_page), 303))
        key, cursor = next(pair for pair in view.params() if pair[0] in ("after", "before"))
        abort_if_invalid(view.report, [ParamError(key, cursor, "is a place that has gone; leave it out")])
        raise


def _fragment(context: dict[str, Any], has_button: bool) -> Response:
    """The region of the rows, and the parts of the form that show something else in the browser."""
    view = context["view"]
    context["fields"] = changed_fields(context["fields"], view)
    context["update_chooser"] = has_button or ("columns" not in request.args and is_form_request())
    response = _render("reports/_fragment.html", context)
    set_history_header(response, view)
    return response


def _data_changed() -> bool:
    """Whether something was imported since the page that sends `as_of` was read. Abort when that names no import."""
    as_of, last = single_arg("as_of"), Import.last()
    if as_of and not _IMPORT_NAME.fullmatch(as_of):
        abort(error_response(400, f"as_of: “{as_of}” is not the name of an import."))
    return bool(as_of) and (last is None or as_of != last[0])


def _render(template: str, context: dict[str, Any]) -> Response:
    with timed("render"):
        return make_response(render_template(template, **context))
