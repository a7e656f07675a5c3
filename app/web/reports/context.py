"""The template context of a report page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache, partial
from itertools import repeat
from typing import Any, NamedTuple

from flask import request
from jinja2.environment import TemplateModule

from app.importing import IMPORTABLE
from app.table.cache import cached_until_import
from app.table.cursor import digest
from app.table.definitions import Column, Filter, Note, Report
from app.table.paging import Page, Row
from app.table.scope import Scope
from app.table.view import SIZES, View, chooser_columns, format_path, quote_value
from app.web.reports.formats import FORMATS, Format, file_url, last_format
from app.web.reports.fragments import render_fragment
from app.web.reports.history import current_view
from app.web.reports.summary import summary_url
from app.web.urls import MakeCompanions, link_maker, other_reports, report_url, url_if_fits
from models import Import

MAX_MENU_OPTIONS = 300
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
        Chip(each.key, each.label, each.words(value, view.today), report_url(view.without_filter(each.key)))
        for each, value in view.active_filters
    ]


def menus(view: View, scope: Scope) -> list[Menu]:
    return [_menu(view, each, scope) for each in view.report.filters]


def changed_menus(view: View, scope: Scope) -> list[Menu]:
    """The fields that say something else on the screen: in the form that is sent, or beside a link that is followed."""
    shown = request.args if is_form_request() else current_view(view.report)[0].filters
    changed = (each for each in view.report.filters if shown.get(each.key, "") != view.filters.get(each.key, ""))
    return [_menu(view, each, scope) for each in changed]


def is_form_request() -> bool:
    """Whether htmx sends the form, and no link of the page."""
    return request.headers.get("HX-Source", "").startswith("form")


def _menu(view: View, each: Filter, scope: Scope) -> Menu:
    return Menu(each, view.filters.get(each.key, ""), _choices(view, each, scope))


def _choices(view: View, each: Filter, scope: Scope) -> TemplateModule | None:
    """The choices of a menu, the present value among them even when nothing has it any more."""
    options, value = _options(view.report, each, scope), view.filters.get(each.key, "")
    if not options or len(options) > MAX_MENU_OPTIONS:
        return None
    if value and value not in dict(options):  # of such there is no end, so that none is remembered
        return render_fragment(_CHOICES, options=[*options, (value, each.words(value, view.today))], chosen=value)
    key = (view.report.slug, each.key, scope, value)
    choices: TemplateModule = cached_until_import(key, lambda: render_fragment(_CHOICES, options=options, chosen=value))
    return choices


def _options(report: Report, each: Filter, scope: Scope) -> Sequence[tuple[str, str]]:
    """The choices of a filter, of which an address can hold each; none where it has no menu."""
    if (choices := each.options) is None:
        return []
    found: Sequence[tuple[str, str]] = cached_until_import(
        (report.slug, each.key, scope),
        lambda: [
            (value, label) for value, label in choices(report.base_table, scope) if url_if_fits(quote_value(value))
        ],
    )
    return found


_CHOOSERS = 200
"""Column choosers that are remembered, of some kilobytes each."""


Cell = tuple[str, str, str | int | tuple[int, ...] | None]
"""The name of a kind, the text, and what goes with it: the address of an id, the note of a date, a number's excess.

A share is a number that goes with its excess, itself, and what it is a part of.
"""


class ColumnPresenter(NamedTuple):
    """How a column's values become cells; `beside` makes what goes with them, of all and what was `read` beside each.

    `whole` is the place of the numbers of which they are a part, if those are seen.
    """

    kind: str
    show: Callable[[Any], str]
    read: bool
    beside: MakeCompanions | None
    whole: int | None


class RowLine(NamedTuple):
    """A row as it is shown: `depth` counts from the row that was opened; `first` is the cell that names it, and `cells`
    are those behind it."""

    id: str
    node: str
    depth: int
    first: Cell
    cells: Sequence[Cell]
    expand_label: str
    is_open: bool


def table_context(page: Page, view: View) -> dict[str, Any]:
    """What the templates of a report need."""
    return {
        "view": view,
        "report": view.report,
        "page": page,
        "chooser": _chooser(view.report, view.columns),
        "rows": present_rows(page.rows, view),
        "can_import": view.report.slug in IMPORTABLE,
        "kinds": {column.kind.name for column in view.columns},
        "url": report_url,
    }


@lru_cache(maxsize=_CHOOSERS)
def _chooser(report: Report, columns: tuple[Column, ...]) -> TemplateModule:
    """What the column chooser lists."""
    return render_fragment("reports/_columns.html", arranged=chooser_columns(report, columns), columns=columns)


def present_rows(rows: Sequence[Row], view: View) -> list[RowLine]:
    return _row_lines(rows, view, [_presenter(view, column) for column in view.columns])


def _row_lines(rows: Sequence[Row], view: View, shown: Sequence[ColumnPresenter]) -> list[RowLine]:
    """The lines of rows of one level, each followed by those that stand open inside it."""
    lines = []
    for row, cells in zip(rows, _cells(rows, shown), strict=True):
        node, expand = (format_path(row.node), view.report.levels[row.level].expand_label) if row.opens else ("", "")
        is_open = row.children is not None
        lines.append(
            RowLine(f"{row.level}-{row.id}", node, row.level - view.level, cells[0], cells[1:], expand, is_open)
        )
        if row.children:
            lines += _row_lines(row.children, view, shown)
    return lines


def _cells(rows: Sequence[Row], shown: Sequence[ColumnPresenter]) -> Iterator[tuple[Cell, ...]]:
    """The cells of each row, made a column at a time."""
    values = list(zip(*(row.values for row in rows), strict=True))
    others = zip(*(row.beside for row in rows), strict=True)
    columns = []
    for (kind, show, is_read, beside, whole), column in zip(shown, values, strict=False):
        read: Iterable[Any] = next(others) if is_read else repeat(None)
        more = beside(column, read) if beside else read
        if whole is not None:
            more = zip(read, column, values[whole], strict=False)
        columns.append(zip(repeat(kind), column if show is str else map(show, column), more))
    return zip(*columns, strict=True)


def _presenter(view: View, column: Column) -> ColumnPresenter:
    beside = (
        link_maker(column.link, column.ref is not None)
        if column.link
        else partial(_with_notes, column.note, view.today)
        if column.note
        else None
    )
    whole = next((place for place, each in enumerate(view.columns) if each.key == column.whole), None)
    kind = "share" if whole is not None else column.kind.name
    return ColumnPresenter(kind, column.kind.show, column.beside is not None, beside, whole)


def _with_notes(note: Note, today: date, values: Sequence[str], _: Iterable[None]) -> list[str]:
    return [note(value, today) if value else "" for value in values]


class Heading(NamedTuple):
    """A column's heading; `direction` is in which the rows are sorted by it, "" when they aren't."""

    key: str
    label: str
    numeric: bool
    url: str
    direction: str


def view_frame(view: View, scope: Scope) -> TemplateModule:
    """The same for all pages of a view, and therefore written only once: without that it takes a quarter of a page."""
    form = last_format()
    key = (view.report, view.start.query, view.today, scope, form.key)
    kept: TemplateModule = cached_until_import(key, lambda: _frame(view.start, scope, form))
    return kept


def _frame(view: View, scope: Scope, form: Format) -> TemplateModule:
    sums = summary_url(view)
    return render_fragment(
        "reports/_frame.html",
        view=view,
        url=report_url,
        menus=menus(view, scope),
        others=other_reports(view),
        chips=chips(view),
        file_url=file_url,
        last_format=form,
        all_formats=FORMATS.values(),
        headings=[_heading(view, column) for column in view.columns],
        sums_url=sums,
        sums_id=digest(f"{sums} {view.today} {Import.version()}"),
        all_sizes=SIZES,
    )


def _heading(view: View, column: Column) -> Heading:
    direction = ("descending" if view.descending else "ascending") if column is view.sort_column else ""
    return Heading(column.key, column.label, column.kind.numeric, report_url(view.sorted_by(column)), direction)
