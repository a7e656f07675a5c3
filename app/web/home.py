"""The Reports page with its "Needs attention" part, the address that opens a report, and the health check."""

from flask import Blueprint, Response, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from app.reports import REPORTS
from app.reports.attention import ATTENTION_ITEMS, AttentionItem
from app.table.paging import count_view
from app.table.view import View
from app.web.errors import is_fragment_request
from app.web.request_log import timed
from app.web.saved_views import saved_views_context, start_url
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import permitted_view, report_or_404, single_arg, visitor_report
from models import Import, access_db, read_transaction

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def index() -> BaseResponse:
    return redirect("/reports", 303)


@blueprint.get("/reports")
def list_reports() -> str:
    """Show the reports. What needs attention is only counted by the request that the page sends for it."""
    last = Import.last_of_each()
    imports = [(report.title.removesuffix(" Report"), last.get(slug)) for slug, report in REPORTS.items()]
    uncounted = [(None, item.many, report_url(_view(item))) for item in ATTENTION_ITEMS]
    context = {"imports": imports, "counts": uncounted, **saved_views_context()}
    reports = {slug: visitor_report(report) for slug, report in REPORTS.items()}
    with timed("render"):
        return render_template("home/reports.html", reports=reports, **context)


@blueprint.get("/reports/open")
def open_report() -> BaseResponse:
    """Redirect to a report, with the visitor's default view of it."""
    return redirect(start_url(report_or_404(single_arg("report"))), 303)


@blueprint.get("/reports/attention")
def show_attention() -> str:
    """Show what needs attention. The Reports page loads it as a fragment, so that it doesn't wait for the counts."""
    with timed("query"), read_transaction():
        counts = [_attention_count(item) for item in ATTENTION_ITEMS]
    template = "home/_attention.html" if is_fragment_request() else "home/attention.html"
    with timed("render"):
        return render_template(template, counts=counts)


@blueprint.get("/healthz")
def health() -> Response:
    """Answer 200 when both databases can be read."""
    Import.version()
    access_db.execute_sql("SELECT 1 FROM session LIMIT 1")
    return Response("ok", mimetype="text/plain")


def _attention_count(item: AttentionItem) -> tuple[int, str, str]:
    """Return the number of rows that need attention, the words after the number, and the address of the rows."""
    view = _view(item)
    number = count_view(view, visitor().scope)
    return number, item.words(number), report_url(view)


def _view(item: AttentionItem) -> View:
    return permitted_view(REPORTS[item.slug], item.query)
