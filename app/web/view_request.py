"""From a request to its report and view, or to a 400, 403 or 404."""

from collections.abc import Iterable, Sequence

from flask import Response, abort, request

from app.auth.permissions import Permission
from app.reports import REPORTS
from app.table.definitions import Report, permitted_report
from app.table.params import ParamError, parse_view
from app.table.view import View
from app.web.errors import error_response
from app.web.reports.form import Pairs, Submission, parse_submission
from app.web.request_log import safe_key
from app.web.security import forbidden, visitor


def report_or_404(slug: str) -> Report:
    if slug not in REPORTS:
        abort(error_response(404, f"There is no report “{slug}”.", [f"The reports are {', '.join(REPORTS)}."]))
    return REPORTS[slug]


def single_arg(key: str) -> str:
    """Return the value of a query key, "" when it is absent; two values are a 400."""
    values = request.args.getlist(key)
    if len(values) > 1:
        abort(error_response(400, f"{key}: “{values[1]}” is a second value; {key} can have only one."))
    return values[0] if values else ""


def visitor_report(report: Report) -> Report:
    """Return the report as the visitor has it."""
    return permitted_report(report, visitor().permissions)


def requested_view(slug: str, *ignored_keys: str) -> View:
    """Return the view that the query string describes, without regard to `ignored_keys`."""
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key not in ignored_keys]
    return permitted_view(report_or_404(slug), pairs)


def submitted_view(slug: str, *ignored_keys: str, more_errors: Sequence[ParamError] = ()) -> Submission:
    """Return the submission of the form on a report's page, or of an address, without regard to `ignored_keys`.

    `more_errors` are those of keys that aren't the view's. The 400 names them, too.
    """
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key not in ignored_keys]
    return permitted_submission(report_or_404(slug), pairs, more_errors)


def permitted_view(report: Report, pairs: Iterable[tuple[str, str]]) -> View:
    """Return the view that a query string describes, of the report as the visitor has it.

    An error is a 400. A part of the report that this visitor doesn't have, such as costs or inner rows, is a 403.
    """
    pairs = list(pairs)
    view, errors = parse_view(visitor_report(report), pairs)
    if errors:
        _refuse(errors, *parse_view(report, pairs))
    return view


def permitted_submission(report: Report, pairs: Pairs, more_errors: Sequence[ParamError] = ()) -> Submission:
    """Return the submission of a form, or of an address, with its view as `permitted_view` returns it."""
    submission = parse_submission(visitor_report(report), pairs)
    if errors := [*submission.errors, *more_errors]:
        whole = parse_submission(report, pairs)
        _refuse(errors, whole.view, [*whole.errors, *more_errors])
    return submission


def _refuse(errors: Sequence[ParamError], whole: View, whole_errors: Sequence[ParamError]) -> None:
    """Abort with a 400, or a 403 where the view of the whole report has no errors. See `withheld_parts`.

    The 400 says what the visitor's own report has, so that it doesn't mention any more than that.
    """
    if whole_errors:
        abort(invalid_response(whole.report, errors))
    parts_by_permission: dict[Permission, list[str]] = {}
    for permission, part in withheld_parts(errors, whole):
        parts_by_permission.setdefault(permission, []).append(part)
    if parts_by_permission:
        reasons = [
            visitor().denial_message(permission, ", ".join(parts)) for permission, parts in parts_by_permission.items()
        ]
        abort(forbidden(" ".join(reasons), f"/reports/{whole.report.slug}"))


def withheld_parts(errors: Iterable[ParamError], whole: View) -> list[tuple[Permission, str]]:
    """Describe what a query string asks for that the visitor may not see: (missing permission, part of the report).

    `errors` are those that the visitor's report has and the whole one hasn't; `whole` is the view of the whole one. A
    sort by a hidden column isn't among the parts, because nobody's page is sorted by it.
    """
    columns, filters = whole.report.columns_by_key, whole.report.filters_by_key
    parts, details = [], Permission.VIEW_DETAILS
    for error in errors:
        column = columns.get(error.value.removeprefix("-").partition(":")[0])
        if error.key in filters:
            parts.append((details, f"{filters[error.key].label} as a filter"))
        elif error.key == "sort" and column:
            sorts = whole.sort_column is column
            parts += [(permission, f"Sort by {column.label}") for permission in column.permissions if sorts]
        elif error.key in ("columns", "move") and column:
            parts += [(permission, f"{column.label} as a column") for permission in column.permissions]
        elif error.key == "group":
            parts.append((details, f"{whole.report.dimensions_by_key[error.value].label} as a group"))
        else:
            parts.append((details, "Opened rows"))
    return list(dict.fromkeys(parts))


def invalid_response(report: Report, errors: Sequence[ParamError]) -> Response:
    """Return a 400 that lists the errors. The log gets keys and reasons, and no values."""
    reason = "; ".join(f"{safe_key(error.key)}: {error.expected}" for error in errors)
    details = [str(error) for error in errors]
    title = "This report can't be shown like that."
    return error_response(400, title, details, f"/reports/{report.slug}", reason)


def missing_cursor_response(view: View) -> Response:
    """Return the 400 for a page that should begin at a row which the view doesn't have any more."""
    key, cursor = next(pair for pair in view.params() if pair[0] in ("after", "before"))
    return invalid_response(view.report, [ParamError(key, cursor, "is a page that has gone; leave it out")])
