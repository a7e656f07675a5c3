"""What needs attention, and of when the data are: read after the Reports page."""

from typing import NamedTuple

from flask import Blueprint, render_template

from app.reports import REPORTS
from app.reports.attention import ATTENTION_ITEMS, AttentionItem
from app.table.counts import count_rows
from app.table.query import RowQuery
from app.web.errors import is_fragment_request
from app.web.request_log import timed
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import permitted_view
from models import Import, read_transaction

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


blueprint = Blueprint("attention", __name__)


@blueprint.get("/reports/attention")
def show_attention() -> str:
    with timed("query"), read_transaction():
        shown = {"needed": [_attention_count(each) for each in ATTENTION_ITEMS], "loaded": _last_imports()}
    fragment = is_fragment_request()
    with timed("render"):
        return render_template("reports/_attention.html" if fragment else "reports/attention.html", **shown)


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
