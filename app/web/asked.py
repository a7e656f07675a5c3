"""The report and the view that a request asks for. What can't be, or isn't for the visitor, ends the request."""

from collections.abc import Sequence

from flask import abort, request

from app.reports import REPORTS
from app.table.asked import Complaint
from app.table.dialect import Dialect
from app.table.parse import parse, parse_csv
from app.table.report import Report
from app.table.view import View
from app.web.errors import problem
from app.web.gate import refused, visitor


def report_named(slug: str) -> Report:
    """The report with this name; the request ends with a 404 when there is none."""
    if slug not in REPORTS:
        abort(problem(404, f"There is no report “{slug}”.", [f"The reports are {', '.join(REPORTS)}."]))
    return REPORTS[slug]


def only(key: str) -> str:
    """The one value of a key; the request ends with a 400 when it has two."""
    values = request.args.getlist(key)
    if len(values) > 1:
        abort(problem(400, f"{key}: “{values[1]}” is a second value; {key} can have only one."))
    return values[0] if values else ""


def view_asked(slug: str, *unheeded: str) -> View:
    """The view that is asked for, whatever the keys `unheeded` say."""
    report = report_named(slug)
    view, complaints = parse(report, [pair for pair in request.args.items(multi=True) if pair[0] not in unheeded])
    return allowed(view, complaints)


def csv_asked(slug: str) -> tuple[View, Dialect]:
    """The view that is asked for as a CSV, and in which dialect."""
    view, dialect, complaints = parse_csv(report_named(slug), request.args.items(multi=True))
    return allowed(view, complaints), dialect


def allowed(view: View, complaints: Sequence[Complaint]) -> View:
    """The view as its visitor may have it: viewers see rows from outside, and looking inside is a 403 for them."""
    heed(view.report, complaints)
    if visitor().is_admin:
        return view
    if parts := inside(view):
        why = f"{', '.join(parts)}: looking inside rows is for admins, and you are signed in as a viewer."
        abort(refused(why, f"/reports/{view.report.slug}"))
    return view.outside()


def inside(view: View) -> list[str]:
    """What of a view looks inside its report's rows, in words."""
    parts = [f"{column.label} as a column" for column in view.columns if column.level]
    parts += [f"{each.label} as a filter" for each, _ in view.active if each.level]
    return [*parts, "Opened rows"] if view.open else parts


def heed(report: Report, complaints: Sequence[Complaint]) -> None:
    """End the request with a 400 when there are complaints."""
    if complaints:
        details = list(map(str, complaints))
        abort(problem(400, "This report can't be shown like that.", details, f"/reports/{report.slug}"))
