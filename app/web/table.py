"""A page of rows made ready for its template, so that the template only writes it down."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache, partial
from itertools import repeat
from typing import Any, NamedTuple

from jinja2.environment import TemplateModule

from app.table.address import node_text
from app.table.arrange import arranged
from app.table.page import Page
from app.table.report import Column, Note, Report
from app.table.row import Row
from app.table.view import View
from app.web.links import Beside, links_to, report_url
from app.web.written import written

_CHOOSERS = 200
"""Column choosers that are remembered, of some kilobytes each."""


Cell = tuple[str, str, str | int | tuple[int, ...] | None]
"""The name of a kind, the text, and what goes with it: the address of an id, the note of a date, a number's excess.

A share is a number that goes with its excess, itself, and what it is a part of.
"""


class Shown(NamedTuple):
    """How a column's values become cells; `beside` makes what goes with them, of all and what was `read` beside each.

    `whole` is the place of the numbers of which they are a part, if those are seen.
    """

    kind: str
    show: Callable[[Any], str]
    read: bool
    beside: Beside | None
    whole: int | None


class Line(NamedTuple):
    """A row as it is shown: `depth` counts from the row that was opened; `first` is the cell that names it, and `cells`
    are those behind it."""

    id: str
    node: str
    depth: int
    first: Cell
    cells: Sequence[Cell]
    expand: str
    is_open: bool


def table(page: Page, view: View) -> dict[str, Any]:
    """What the templates of a report need."""
    return {
        "view": view,
        "report": view.report,
        "page": page,
        "chooser": _chooser(view.report, view.columns),
        "rows": presented(page.rows, view),
        "kinds": {column.kind.name for column in view.columns},
        "url": report_url,
    }


@lru_cache(maxsize=_CHOOSERS)
def _chooser(report: Report, columns: tuple[Column, ...]) -> TemplateModule:
    """What the column chooser lists."""
    return written("reports/_columns.html", arranged=arranged(report, columns), columns=columns)


def presented(rows: Sequence[Row], view: View) -> list[Line]:
    return _lines(rows, view, [_shown(view, column) for column in view.columns])


def _lines(rows: Sequence[Row], view: View, shown: Sequence[Shown]) -> list[Line]:
    """The lines of rows of one level, each followed by those that stand open inside it."""
    lines = []
    for row, cells in zip(rows, _cells(rows, shown), strict=True):
        node, expand = (node_text(row.node), view.report.levels[row.level].expand) if row.opens else ("", "")
        is_open = row.children is not None
        lines.append(Line(f"{row.level}-{row.id}", node, row.level - view.level, cells[0], cells[1:], expand, is_open))
        if row.children:
            lines += _lines(row.children, view, shown)
    return lines


def _cells(rows: Sequence[Row], shown: Sequence[Shown]) -> Iterator[tuple[Cell, ...]]:
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


def _shown(view: View, column: Column) -> Shown:
    beside = (
        links_to(column.link, column.ref is not None)
        if column.link
        else partial(_noted, column.note, view.today)
        if column.note
        else None
    )
    whole = next((place for place, each in enumerate(view.columns) if each.key == column.whole), None)
    kind = "share" if whole is not None else column.kind.name
    return Shown(kind, column.kind.show, column.beside is not None, beside, whole)


def _noted(note: Note, today: date, values: Sequence[str], _: Iterable[None]) -> list[str]:
    return [note(value, today) if value else "" for value in values]
