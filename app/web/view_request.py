"""The report and the view that a request asks for. What can't be, or isn't for the visitor, ends the request."""

from collections.abc import Sequence

from flask import abort, request

from app.auth.permissions import Permission
from app.reports import REPORTS
from app.table.definitions import Report
from app.table.dialects import Dialect
from app.table.params import ParamError, parse_export, parse_view
from app.table.view import View
from app.web.errors import error_response
from app.web.security import forbidden, visitor


def report_or_404(slug: str) -> Report:
    """The report with this name; the request ends with a 404 when there is none."""
    if slug not in REPORTS:
        abort(error_response(404, f"There is no report “{slug}”.", [f"The reports are {', '.join(REPORTS)}."]))
    return REPORTS[slug]


def single_arg(key: str) -> str:
    """The one value of a key; the request ends with a 400 when it has two."""
    values = request.args.getlist(key)
    if len(values) > 1:
        abort(error_response(400, f"{key}: “{values[1]}” is a second value; {key} can have only one."))
    return values[0] if values else ""


def requested_view(slug: str, *unheeded: str) -> View:
    """The view that is asked for, whatever the keys `unheeded` say."""
    report = report_or_404(slug)
    view, complaints = parse_view(report, [pair for pair in request.args.items(multi=True) if pair[0] not in unheeded])
    return permitted_view(view, complaints)


def requested_export(slug: str) -> tuple[View, Dialect]:
    """The view that is asked for as a CSV, and in which dialect."""
    view, dialect, complaints = parse_export(report_or_404(slug), request.args.items(multi=True))
    return permitted_view(view, complaints), dialect


def permitted_view(view: View, complaints: Sequence[ParamError]) -> View:
    """The view as its visitor may have it: viewers see rows from outside, and looking inside is a 403 for them."""
    abort_if_invalid(view.report, complaints)
    if visitor().can(Permission.VIEW_DETAILS):
        return view
    if parts := detail_parts(view):
        why = visitor().refusal(f"{', '.join(parts)}: looking inside rows is", Permission.VIEW_DETAILS)
        abort(forbidden(why, f"/reports/{view.report.slug}"))
    return view.summary_only()


def detail_parts(view: View) -> list[str]:
    """What of a view looks inside its report's rows, in words."""
    parts = [f"{column.label} as a column" for column in view.columns if column.level]
    parts += [f"{each.label} as a filter" for each, _ in view.active_filters if each.level]
    return [*parts, "Opened rows"] if view.open_rows else parts


def abort_if_invalid(report: Report, complaints: Sequence[ParamError]) -> None:
    """End the request with a 400 when there are complaints."""
    if complaints:
        details = list(map(str, complaints))
        abort(error_response(400, "This report can't be shown like that.", details, f"/reports/{report.slug}"))
