"""What is chosen: chips above the table, and the fields of the form, which must say the same."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import request
from jinja2.environment import TemplateModule

from app.table.address import quoted
from app.table.memo import until_next_load
from app.table.report import Filter, Report
from app.table.scope import Scope
from app.table.view import View
from app.web.history import present
from app.web.links import fitting, report_url
from app.web.written import written

LONGEST_MENU = 300
"""Names in a menu; a filter with more is typed."""

_CHOICES = "reports/_choices.html"


class Menu(NamedTuple):
    """A filter of the form, its present value, and its choices as they are written, None where it is typed."""

    filter: Filter
    value: str
    choices: TemplateModule | None


class Chip(NamedTuple):
    """A filter that is set, its value in words, and the address of the view without it."""

    key: str
    label: str
    words: str
    url: str


def chips(view: View) -> list[Chip]:
    return [
        Chip(each.key, each.label, each.words(value, view.today), report_url(view.without(each.key)))
        for each, value in view.active
    ]


def menus(view: View, scope: Scope) -> list[Menu]:
    return [_menu(view, each, scope) for each in view.report.filters]


def outdated(view: View, scope: Scope) -> list[Menu]:
    """The fields that say something else on the screen: in the form that is sent, or beside a link that is followed."""
    shown = request.args if form_sent() else present(view.report)[0].filters
    changed = (each for each in view.report.filters if shown.get(each.key, "") != view.filters.get(each.key, ""))
    return [_menu(view, each, scope) for each in changed]


def form_sent() -> bool:
    """Whether htmx sends the form, and no link of the page."""
    return request.headers.get("HX-Source", "").startswith("form")


def _menu(view: View, each: Filter, scope: Scope) -> Menu:
    return Menu(each, view.filters.get(each.key, ""), _choices(view, each, scope))


def _choices(view: View, each: Filter, scope: Scope) -> TemplateModule | None:
    """The choices of a menu, the present value among them even when nothing has it any more."""
    options, value = _options(view.report, each, scope), view.filters.get(each.key, "")
    if not options or len(options) > LONGEST_MENU:
        return None
    if value and value not in dict(options):  # of such there is no end, so that none is remembered
        return written(_CHOICES, options=[*options, (value, each.words(value, view.today))], chosen=value)
    key = (view.report.slug, each.key, scope, value)
    choices: TemplateModule = until_next_load(key, lambda: written(_CHOICES, options=options, chosen=value))
    return choices


def _options(report: Report, each: Filter, scope: Scope) -> Sequence[tuple[str, str]]:
    """The choices of a filter, of which an address can hold each; none where it has no menu."""
    if (choices := each.options) is None:
        return []
    found: Sequence[tuple[str, str]] = until_next_load(
        (report.slug, each.key, scope),
        lambda: [(value, label) for value, label in choices(report.finest, scope) if fitting(quoted(value))],
    )
    return found
