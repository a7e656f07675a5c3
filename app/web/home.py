"""The Reports page, its "Needs attention" part, the address that opens a report, and the health check."""

from typing import NamedTuple

from flask import Blueprint, Response, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from app.reports import REPORTS
from app.reports.attention import ATTENTION_ITEMS, AttentionItem
from app.table.counts import count_rows
from app.table.query import RowQuery
from app.web.errors import is_fragment_request
from app.web.request_log import timed
from app.web.saved_views import saved_views_context, start_url
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import permitted_view, report_or_404, single_arg
from models import Import, access_db, read_transaction

_FROM_STDIN = "-"


class AttentionCount(NamedTuple):
    """How many rows something needs attention in, what is said of them, and the address of just these rows."""

    number: int
    words: str
    url: str


class LastImport(NamedTuple):
    """A report's last import. Whose rows are a reseller's sees neither the `file` nor `who` loaded it."""

    title: str
    at: str
    file: str
    who: str


blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def index() -> BaseResponse:
    return redirect("/reports", 303)


@blueprint.get("/reports")
def list_reports() -> str:
    return render_template("home/reports.html", reports=REPORTS, **saved_views_context())


@blueprint.get("/reports/open")
def open_report() -> BaseResponse:
    """Redirect to the report, or to the visitor's default view of it."""
    return redirect(start_url(report_or_404(single_arg("report"))), 303)


@blueprint.get("/healthz")
def health() -> Response:
    """Answer 200 when both databases can be read."""
    Import.version()
    access_db.execute_sql("SELECT 1 FROM session LIMIT 1")
    return Response("ok", mimetype="text/plain")


@blueprint.get("/reports/attention")
def show_attention() -> str:
    with timed("query"), read_transaction():
        shown = {"needed": [_attention_count(each) for each in ATTENTION_ITEMS], "loaded": _last_imports()}
    fragment = is_fragment_request()
    with timed("render"):
        return render_template("home/_attention.html" if fragment else "home/attention.html", **shown)


def _attention_count(each: AttentionItem) -> AttentionCount:
    view = permitted_view(each.view, [])
    number = count_rows(RowQuery(view, visitor().scope, view.level))
    return AttentionCount(number, each.one if number == 1 else each.many if number else each.none, report_url(view))


def _last_imports() -> list[LastImport]:
    last = Import.last_of_each()
    return [_last_import(report.title.removesuffix(" Report"), last.get(slug)) for slug, report in REPORTS.items()]


def _last_import(title: str, load: Import | None) -> LastImport:
    if load is None:
        return LastImport(title, "", "", "")
    if visitor().reseller is not None:
        return LastImport(title, str(load.loaded_at), "", "")
    file = "standard input" if load.file == _FROM_STDIN else load.file.rpartition("/")[2]
    return LastImport(title, str(load.loaded_at), file, load.who)
