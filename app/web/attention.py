"""What needs attention, and of when the data are: read after the Reports page."""

from typing import NamedTuple

from flask import Blueprint, render_template

from app.reports import REPORTS
from app.reports.attention import ATTENTION, Attention
from app.table.counting import count
from app.table.rows import Rows
from app.web.asked import allowed
from app.web.errors import fragment_wanted
from app.web.gate import visitor
from app.web.links import report_url
from app.web.timing import timed
from models import Load, reading

_FROM_STDIN = "-"


class Needed(NamedTuple):
    """How many rows something needs attention in, what is said of them, and the address of just these rows."""

    number: int
    words: str
    url: str


class Loaded(NamedTuple):
    """A report's last import. Whose rows are a reseller's sees neither the `file` nor `who` loaded it."""

    title: str
    at: str
    file: str
    who: str


blueprint = Blueprint("attention", __name__)


@blueprint.get("/reports/attention")
def show() -> str:
    with timed("query"), reading():
        shown = {"needed": [_needed(each) for each in ATTENTION], "loaded": _loaded()}
    fragment = fragment_wanted()
    with timed("render"):
        return render_template("reports/_attention.html" if fragment else "reports/attention.html", **shown)


def _needed(each: Attention) -> Needed:
    view = allowed(each.view, [])
    number = count(Rows(view, visitor().scope, view.level))
    return Needed(number, each.one if number == 1 else each.many if number else each.none, report_url(view))


def _loaded() -> list[Loaded]:
    last = Load.last_of_each()
    return [_told(report.title.removesuffix(" Report"), last.get(slug)) for slug, report in REPORTS.items()]


def _told(title: str, load: Load | None) -> Loaded:
    if load is None:
        return Loaded(title, "", "", "")
    if visitor().reseller is not None:
        return Loaded(title, str(load.loaded_at), "", "")
    file = "standard input" if load.file == _FROM_STDIN else load.file.rpartition("/")[2]
    return Loaded(title, str(load.loaded_at), file, load.who)
