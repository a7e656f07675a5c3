"""A page of rows made ready for its template, so that the template only writes it down."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from app.table.address import node_text
from app.table.fetch import Row
from app.table.memo import until_next_load
from app.table.page import Page
from app.table.report import Column, Filter
from app.table.scope import Scope
from app.table.view import SIZES, View
from app.web.links import report_url

LONGEST_MENU = 300
"""Names in a menu; a filter with more is typed."""


class Heading(NamedTuple):
    column: Column
    url: str
    direction: str


class Line(NamedTuple):
    """A row as it is shown: `depth` counts from the row that was opened; `cells`, those behind the first one, are the
    name of their kind, their text and their excess."""

    id: str
    node: str
    depth: int
    name: str
    cells: Sequence[tuple[str, str, int]]
    expand: str
    is_open: bool


class Menu(NamedTuple):
    """A filter of the form, its present value, and its choices if it has some."""

    filter: Filter
    value: str
    options: Sequence[tuple[str, str]]


def table(page: Page, view: View) -> dict[str, Any]:
    """What the templates of a report need."""
    return {
        "view": view,
        "report": view.report,
        "page": page,
        "headings": [_heading(view, column) for column in view.columns],
        "rows": presented(page.rows, view),
        "kinds": {column.kind.name for column in view.columns},
        "sizes": SIZES,
        "url": report_url,
    }


def presented(rows: Iterable[Row], view: View) -> list[Line]:
    kinds = [column.kind for column in view.columns]
    return list(_lines(rows, view, [kind.name for kind in kinds[1:]], [kind.show for kind in kinds]))


def menus(view: View, scope: Scope) -> list[Menu]:
    return [Menu(each, view.filters.get(each.key, ""), _options(view, each, scope)) for each in view.report.filters]


def _heading(view: View, column: Column) -> Heading:
    direction = ("descending" if view.descending else "ascending") if column is view.sort_column else ""
    return Heading(column, report_url(view.sorted_by(column)), direction)


def _lines(
    rows: Iterable[Row], view: View, kinds: Sequence[str], shows: Sequence[Callable[[Any], str]]
) -> Iterator[Line]:
    for row in rows:
        name, *texts = [show(value) for show, value in zip(shows, row.values, strict=True)]
        cells = list(zip(kinds, texts, row.excess[1:], strict=True))
        expand = view.report.levels[row.level].expand if row.opens else ""
        is_open = row.children is not None
        yield Line(f"{row.level}-{row.id}", node_text(row.node), row.level - view.level, name, cells, expand, is_open)
        if row.children:
            yield from _lines(row.children, view, kinds, shows)


def _options(view: View, each: Filter, scope: Scope) -> Sequence[tuple[str, str]]:
    """The choices of a menu, the present value among them even when nothing has it any more."""
    if not each.options:
        return []
    list_options, finest = each.options, view.report.finest
    options = until_next_load((view.report.slug, each.key, scope), lambda: list_options(finest, scope))
    value = view.filters.get(each.key)
    if len(options) > LONGEST_MENU:
        return []
    return options if not value or value in dict(options) else [*options, (value, value)]
