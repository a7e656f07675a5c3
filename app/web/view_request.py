"""Parse the report and the view of a request, or end it with a 400, 403 or 404."""

from collections.abc import Sequence

from flask import Response, abort, request

from app.auth.permissions import Permission
from app.reports import REPORTS
from app.table.csv import DIALECT_KEY, Dialect
from app.table.definitions import Report
from app.table.params import PAGING_KEYS, ParamError, parse_dialect, parse_view
from app.table.spellings import use_spellings
from app.table.view import View
from app.web.errors import error_response
from app.web.reports.form import Submission, parse_submission
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


def requested_view(slug: str, *ignored_keys: str) -> View:
    """Return the view that the query string describes, without regard to `ignored_keys`."""
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key not in ignored_keys]
    return permitted_view(*parse_view(report_or_404(slug), pairs))


def submitted_view(slug: str, *ignored_keys: str, more_errors: Sequence[ParamError] = ()) -> Submission:
    """Return the view that the form of a report asks for, or an address, without regard to `ignored_keys`.

    `more_errors` are those of keys that aren't the view's; the 400 names them too.
    """
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key not in ignored_keys]
    submission = parse_submission(report_or_404(slug), pairs)
    return submission._replace(view=permitted_view(submission.view, [*submission.errors, *more_errors]))


def submitted_export(slug: str) -> tuple[View, Dialect]:
    """Return the view of a CSV, all rows of it, and its dialect."""
    dialect, errors = parse_dialect(request.args.items(multi=True))
    return submitted_view(slug, DIALECT_KEY, *PAGING_KEYS, more_errors=errors).view, dialect


def permitted_view(view: View, errors: Sequence[ParamError]) -> View:
    """Return the view as its visitor may see it: viewers get top-level rows, and a 403 for anything inside them.

    Ids and names are spelled as the data that the visitor sees has them. `errors` are those of the query string that
    the view was parsed from; any error is a 400.
    """
    if errors:
        abort(invalid_response(view.report, errors))
    if not visitor().can(Permission.VIEW_DETAILS):
        if parts := detail_parts(view):
            why = visitor().refusal(Permission.VIEW_DETAILS, ", ".join(parts))
            abort(forbidden(why, f"/reports/{view.report.slug}"))
        view = view.summary_only()
    return use_spellings(view, visitor().scope)


def detail_parts(view: View) -> list[str]:
    """Describe what of a view looks inside its report's rows: columns, filters, opened rows."""
    parts = [f"{column.label} as a column" for column in view.columns if column.level]
    parts += [f"{condition.label} as a filter" for condition, _ in view.active_filters if condition.level]
    return [*parts, "Opened rows"] if view.open_rows else parts


def invalid_response(report: Report, errors: Sequence[ParamError]) -> Response:
    """Return a 400 that lists the errors. The log gets keys and reasons, and no values."""
    reason = "; ".join(f"{safe_key(error.key)}: {error.expected}" for error in errors)
    details = [str(error) for error in errors]
    title = "This report can't be shown like that."
    return error_response(400, title, details, f"/reports/{report.slug}", reason)


def missing_cursor_response(view: View) -> Response:
    """Return a 400 that says that the view hasn't the row any more at which its page should begin."""
    key, cursor = next(pair for pair in view.params() if pair[0] in ("after", "before"))
    return invalid_response(view.report, [ParamError(key, cursor, "is a place that has gone; leave it out")])
