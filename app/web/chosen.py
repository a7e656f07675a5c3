"""What is chosen: chips above the table, and the fields of the form, which must say the same."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import request

from app.table.address import quoted
from app.table.memo import until_next_load
from app.table.report import Filter
from app.table.scope import Scope
from app.table.view import View
from app.web.history import present
from app.web.links import fitting, report_url

LONGEST_MENU = 300
"""Names in a menu; a filter with more is typed."""


class Menu(NamedTuple):
    """A filter of the form, its present value, and its choices if it has some."""

    filter: Filter
    value: str
    options: Sequence[tuple[str, str]]


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
    return Menu(each, view.filters.get(each.key, ""), _options(view, each, scope))


def _short(options: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The choices that an address can hold."""
    return [(value, label) for value, label in options if fitting(quoted(value))]


def _options(view: View, each: Filter, scope: Scope) -> Sequence[tuple[str, str]]:
    """The choices of a menu, the present value among them even when nothing has it any more."""
    if not each.options:
        return []
    list_options, finest = each.options, view.report.finest
    options = until_next_load((view.report.slug, each.key, scope), lambda: _short(list_options(finest, scope)))
    value = view.filters.get(each.key)
    if len(options) > LONGEST_MENU:
        return []
    return options if not value or value in dict(options) else [*options, (value, each.words(value, view.today))]
