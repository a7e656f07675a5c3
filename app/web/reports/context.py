"""The template context of a report page: rows as cells, the fields of the filter form, and links."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from app.importing import IMPORTABLE
from app.table.cache import cached_until_import
from app.table.definitions import Column, Filter
from app.table.paging import Page, Row
from app.table.params import MAX_VALUE_LENGTH
from app.table.scope import Scope
from app.table.view import SIZES, View, digest, format_path
from app.web.reports.export import FORMATS, file_url, last_format
from app.web.urls import link_maker, other_reports, summary_url
from models import Import

MAX_MENU_OPTIONS = 300  # a filter with more options is a text field instead of a menu

# A cell: the name of its kind, its text, and a detail that depends on the kind: the URL of an ID or a text, the note of
# a date, the overage of a number. The detail of a "share" is three numbers: overage, value, whole.
Cell = tuple[str, str, Any]


class FilterField(NamedTuple):
    """A filter as a field of the form: its value, and the options of its menu; a text field where it has none."""

    filter: Filter
    value: str
    options: Sequence[tuple[str, str]]


class RowLine(NamedTuple):
    """A row for the template. `name_cell` is its heading, `cells` are the cells behind it.

    `depth` is 0 for the view's own rows, and 1 or 2 for rows inside an open row. `expand_label` is empty where nothing
    is inside.
    """

    id: str
    path: str
    depth: int
    name_cell: Cell
    cells: Sequence[Cell]
    expand_label: str
    is_open: bool


class _CellMaker(NamedTuple):
    """How the values of one column become cells.

    `make_details` gets the column's values and what was read beside each. `whole_index` is the position of the column
    of which this one is a share, None when it is hidden.
    """

    kind: str
    format: Callable[[Any], str]
    has_companion: bool
    make_details: Callable[[Sequence[Any], Iterable[Any]], Iterable[Any]] | None
    whole_index: int | None


def report_context(page: Page, scope: Scope) -> dict[str, Any]:
    """What the templates of a report page and of its fragment need; all of it is data, nothing is markup."""
    view = page.view
    summary = summary_url(view)
    return {
        "view": view,
        "report": view.report,
        "page": page,
        "rows": present_rows(page.rows, view),
        "can_import": view.report.slug in IMPORTABLE,
        "kinds": {column.kind.name for column in view.columns},
        "fields": [_field(filter_, view, scope) for filter_ in view.report.filters],
        "other_reports": other_reports(view),
        "formats": FORMATS.values(),
        "last_format": last_format(),
        "sizes": SIZES,
        "summary_url": summary,
        "summary_id": digest(f"{summary} {view.today} {Import.version()}"),
        "as_of": Import.last(),
        "file_url": file_url,
    }


def present_rows(rows: Sequence[Row], view: View) -> list[RowLine]:
    """Rows of one level as lines, each followed by the lines of what is open inside it."""
    return list(_lines(rows, view, [_cell_maker(column, view) for column in view.columns]))


def _field(filter_: Filter, view: View, scope: Scope) -> FilterField:
    value = view.filters.get(filter_.key, "")
    options = _options(filter_, view, scope)
    if len(options) > MAX_MENU_OPTIONS:
        return FilterField(filter_, value, [])
    if options and value and value not in dict(options):  # no row has it any more, but it is still set
        options = [*options, (value, filter_.describe(value, view.today))]
    return FilterField(filter_, value, options)


def _options(filter_: Filter, view: View, scope: Scope) -> Sequence[tuple[str, str]]:
    """The values that a filter finds in the scope's rows, with their labels; none for a filter that is typed."""
    list_options, report = filter_.options, view.report
    if list_options is None:
        return []

    def read() -> list[tuple[str, str]]:
        found = list_options(report.base_table, scope)
        return [(value, label) for value, label in found if len(value) <= MAX_VALUE_LENGTH]

    options: list[tuple[str, str]] = cached_until_import((report.slug, filter_.key, scope), read)
    return options


def _lines(rows: Sequence[Row], view: View, makers: Sequence[_CellMaker]) -> Iterator[RowLine]:
    for row, (name_cell, *cells) in zip(rows, _cells(rows, makers), strict=True):
        path, label = (
            (format_path(row.path), view.report.levels[row.level].expand_label) if row.expandable else ("", "")
        )
        depth = row.level - view.level
        yield RowLine(f"{row.level}-{row.id}", path, depth, name_cell, cells, label, row.children is not None)
        if row.children:
            yield from _lines(row.children, view, makers)


def _cells(rows: Sequence[Row], makers: Sequence[_CellMaker]) -> Iterator[tuple[Cell, ...]]:
    """The cells of each row. They are made column by column, which is faster than cell by cell."""
    columns = list(zip(*(row.values for row in rows), strict=True))
    companions = zip(*(row.companions for row in rows), strict=True)
    made = []
    for maker, values in zip(makers, columns, strict=False):
        details: Iterable[Any] = next(companions) if maker.has_companion else repeat(None)
        if maker.make_details:
            details = maker.make_details(values, details)
        if maker.whole_index is not None:
            details = zip(details, values, columns[maker.whole_index], strict=False)
        texts = values if maker.format is str else map(maker.format, values)
        made.append(zip(repeat(maker.kind), texts, details, strict=False))
    return zip(*made, strict=True)


def _cell_maker(column: Column, view: View) -> _CellMaker:
    make_details = None
    if column.link:
        make_details = link_maker(column.link, column.link_id is not None)
    elif note := column.note:
        make_details = lambda days, _: [note(day, view.today) if day else "" for day in days]  # noqa: E731
    whole = next((index for index, other in enumerate(view.columns) if other.key == column.share_of), None)
    kind = column.kind.name if whole is None else "share"
    return _CellMaker(kind, column.kind.show, column.companion is not None, make_details, whole)
