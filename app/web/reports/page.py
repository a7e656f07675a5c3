"""The page of a report and its fragments."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from app.table.counts import count_rows
from app.table.paging import CursorNotFound, Page, name_open_rows, read_children, read_page
from app.table.params import PAGING_KEYS, ParamError, parse_path
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.view import View
from app.web.errors import error_response, is_fragment_request
from app.web.reports.buttons import apply_button, resolve_date_inputs
from app.web.reports.context import changed_menus, is_form_request, present_rows, table_context, view_frame
from app.web.reports.history import set_history_header
from app.web.request_log import timed
from app.web.security import visitor
from app.web.urls import MAX_URL_LENGTH, report_url
from app.web.view_request import abort_if_invalid, permitted_view, report_or_404, requested_view, single_arg
from models import Import, read_transaction

_IMPORT_NAME = re.compile("[0-9]{1,18}(-[0-9]{1,18})?")

blueprint = Blueprint("reports", __name__)


@blueprint.get("/reports/<slug>")
def show(slug: str) -> Answer:
    report = report_or_404(slug)
    pairs, form = resolve_date_inputs(report, list(request.args.items(multi=True)))
    asked, complaints, button = apply_button(report, pairs)
    view = permitted_view(asked, complaints)
    if view.some_rows_closed:
        with timed("query"):
            view = name_open_rows(view, _read(view, visitor().scope).rows)
    if len(report_url(view)) > MAX_URL_LENGTH:
        why = ["Close more rows at once, show fewer on a page, or shorten a filter."]
        return error_response(400, "This is more than an address can hold.", why)
    if (button or form) and not is_fragment_request():
        return redirect(report_url(view), 303)
    return _page(view, visitor().scope) if not is_fragment_request() else _fragment(view, visitor().scope, button)


def _page(view: View, scope: Scope) -> Response:
    with timed("query"), read_transaction():
        shown = _table(view, scope)
    return _rendered("reports/report.html", shown)


def _fragment(view: View, scope: Scope, button: bool) -> Response:
    """The region, and of the form the fields and the chooser, when they don't tell what is shown any more."""
    with timed("query"), read_transaction():
        shown = _table(view, scope) | {"menus": changed_menus(view, scope)}
    shown["rearranged"] = button or ("columns" not in request.args and is_form_request())
    response = _rendered("reports/_fragment.html", shown)
    set_history_header(response, view)
    return response


def _table(view: View, scope: Scope) -> dict[str, Any]:
    return table_context(_read(view, scope), view) | {"frame": view_frame(view, scope), "as_of": Import.last()}


def _read(view: View, scope: Scope) -> Page:
    try:
        return read_page(view, scope)
    except CursorNotFound:
        if any(each.resolve for each, _ in view.active_filters):  # midnight moved it, as if the filter had been changed
            abort(redirect(report_url(view.start), 303))
        key, cursor = next(pair for pair in view.params() if pair[0] in ("after", "before"))
        abort_if_invalid(view.report, [ParamError(key, cursor, "is a place that has gone; leave it out")])
        raise


def _rendered(template: str, shown: Mapping[str, Any]) -> Response:
    with timed("render"):
        return make_response(render_template(template, **shown))


@blueprint.get("/reports/<slug>/rows")
def expand(slug: str) -> Answer:
    """Bare rows, one level below a node, for htmx to put under it."""
    view = requested_view(slug, "node", "toggle", "as_of")
    name = single_arg("node")
    node = parse_path(name)
    with timed("query"), read_transaction():
        changed = _data_changed()
        rows = read_children(view, visitor().scope, node) if node else None
    if changed:
        why = ["What is inside a row may not add up to it any more."]
        return error_response(409, "The data has changed since this page was read.", why, report_url(view))
    if node is None or rows is None:
        return error_response(404, f"There is no row “{name}” to open.", ["It may have gone; reload the report."])
    opened = view if view.opens(node) else view.toggled(node)
    if len(report_url(opened)) > MAX_URL_LENGTH:
        return error_response(400, "So many rows can't be open at once.", ["Close some rows first."])
    shown = {"rows": present_rows(rows, view), "view": opened, "url": report_url}
    response = _rendered("reports/_rows.html", shown)
    response.headers["HX-Replace-Url"] = report_url(opened)
    return response


def _data_changed() -> bool:
    """Whether the data are others than when the page was read that asks for a part, as far as it says when that was."""
    as_of, last = single_arg("as_of"), Import.last()
    if as_of and not _IMPORT_NAME.fullmatch(as_of):
        abort(error_response(400, f"as_of: “{as_of}” is not the name of an import."))
    return bool(as_of) and (last is None or as_of != last[0])


@blueprint.get("/reports/<slug>/count")
def count(slug: str) -> Answer:
    """How many rows a view has, for a page that was shown before they were counted."""
    view = requested_view(slug, *PAGING_KEYS)
    with timed("query"):
        counted = count_rows(RowQuery(view, visitor().scope, view.level))
    return _rendered("reports/_total.html", {"total": f"{counted:,}", "view": view})
