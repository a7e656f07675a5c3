"""The template context of a report page: rows as cells, the fields of the filter form, and links."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat, takewhile
from typing import Any, NamedTuple

from flask import request

from app.importing import IMPORTABLE
from app.reports.periods import period_title
from app.table.cache import cached_until_import
from app.table.definitions import ROWS, ROWS_COLUMN, Column, Filter
from app.table.paging import Page, Row, open_paths
from app.table.params import MAX_GROUP, MAX_VALUE_LENGTH
from app.table.scope import Scope
from app.table.view import LAST_PAGE, SIZES, View, digest, format_path, quote_value
from app.web.reports.export import FORMATS, last_format
from app.web.urls import filtered_url, link_maker, other_reports, summary_url
from models import Import

NUL = "\0"  # no value can hold it
MAX_MENU_OPTIONS = 300  # a filter with more options is a text field instead of a menu

# A cell: the name of its kind, its text, and a detail that depends on the kind: the URL of an ID or a text, the note of
# a date, the overage of a number. A "filter" is a text whose URL is the view filtered by it; the detail of a "value" is
# its color and this URL. The detail of a "share" is three numbers: overage, value, whole.
Cell = tuple[str, str, Any]


class FilterField(NamedTuple):
    """A filter as a field of the form: its value, and the labels of all values that it finds, {} where it is typed."""

    filter: Filter
    value: str
    labels: Mapping[str, str]

    @property
    def options(self) -> Mapping[str, str]:
        """The labels of its menu by value; {} for a text field."""
        return self.labels if len(self.labels) <= MAX_MENU_OPTIONS else {}


class RowLine(NamedTuple):
    """A row for the template. `name_cell` is its heading, `cells` are the cells behind it.

    `depth` is 0 for the view's own rows, and 1 or 2 for rows inside an open row. `expand_label` is empty where nothing
    is inside. Of a group, `repeated` is the number of its first values that are those of the group above, and `members`
    the rows that it is made of, if it is open.
    """

    id: str
    path: str
    depth: int
    name_cell: Cell
    cells: Sequence[Cell]
    expand_label: str
    is_open: bool
    repeated: int = 0
    members: "Members | None" = None


class Members(NamedTuple):
    """The first of the rows that a group is made of, and the address of all."""

    view: View
    rows: Sequence[RowLine]
    url: str


_MakeDetails = Callable[[Sequence[Any], Iterable[Any]], Iterable[Any]]  # a column's values, what was read beside each


class _CellMaker(NamedTuple):
    """How the values of one column become cells.

    `whole_index` is the position of the column of which this one is a share, None when it is hidden.
    """

    kind: str
    format: Callable[[Any], str]
    has_companion: bool
    make_details: _MakeDetails | None
    whole_index: int | None


def report_context(page: Page, scope: Scope) -> dict[str, Any]:
    """What the templates of a report page and of its fragment need; all of it is data, nothing is markup."""
    view = page.view
    summary, display = summary_url(view), request.cookies.get("display", "").split(".")
    fields = {each.key: _field(each, view, scope) for each in view.report.filters}
    return {
        "view": view,
        "report": view.report,
        "page": page,
        "rows": present_rows(page.rows, view, fields),
        "can_import": view.report.slug in IMPORTABLE,
        "kinds": {column.kind.name for column in view.columns},
        "fields": fields,
        "period_label": _period_label(fields, view),
        "filter_count": len(view.filters.keys() - {"q", "period", "from", "to"}) or "",
        "hidden_state": _hidden_state(page),
        "group_keys": [dimension.key for dimension in view.group],
        "max_group": MAX_GROUP if view.report.dimensions else 0,
        "other_reports": other_reports(view),
        "formats": FORMATS.values(),
        "last_format": last_format(),
        "sizes": SIZES,
        "summary_url": summary,
        "columns_id": digest(",".join(column.key for column in view.columns)),
        "summary_id": digest(f"{summary} {view.today} {Import.version()}"),
        "as_of": Import.last(),
        "row_height": next((each for each in ("compact", "wrap") if each in display), "regular"),
    }


def present_rows(rows: Sequence[Row], view: View, fields: Mapping[str, FilterField] | None = None) -> list[RowLine]:
    """Rows of one level as lines, each followed by the lines of what is open inside it.

    With `fields`, the values of a column with a filter lead to the view filtered by them, where its menu offers them.
    """
    return list(_lines(rows, view, [_cell_maker(column, view, fields or {}) for column in view.columns]))


def _field(filter_: Filter, view: View, scope: Scope) -> FilterField:
    value = view.filters.get(filter_.key, "")
    labels = _labels(filter_, view, scope)
    if labels and value and value not in labels:  # no row has it any more, but it is still set
        labels = {**labels, value: filter_.describe(value, view.today)}
    return FilterField(filter_, value, labels)


def _labels(filter_: Filter, view: View, scope: Scope) -> Mapping[str, str]:
    """The values that a filter finds in the scope's rows, with their labels; none for a filter that is typed."""
    list_options, report = filter_.options, view.report
    if list_options is None:
        return {}

    def read() -> dict[str, str]:
        found = list_options(report.base_table, scope)
        return {value: label for value, label in found if len(value) <= MAX_VALUE_LENGTH}

    labels: dict[str, str] = cached_until_import((report.slug, filter_.key, scope), read)
    return labels


def _period_label(fields: Mapping[str, FilterField], view: View) -> str:
    """The label of the button that opens the period: "Date: This quarter", "End: 2026-11-01 – 2026-11-30"."""
    if "period" not in fields:
        return ""
    label, period = fields["period"].filter.label.removesuffix(" in"), fields["period"].value
    if period:
        return f"{label}: {period_title(period)}"
    first, last = view.date_range
    return f"{label}: {first} – {last}" if first or last else f"{label}: Any time"


def _hidden_state(page: Page) -> list[tuple[str, str]]:
    """What the form sends besides its fields: sort, size, position, and the open rows that the page doesn't list."""
    view = page.view
    listed = set() if view.all_rows_open else {format_path(path) for path in open_paths(page.rows)}
    pairs = [pair for pair in view.params(columns=False) if pair[0] in ("sort", "size", "after", "before", "open")]
    pairs = [pair for pair in pairs if pair[0] != "open" or pair[1] not in listed]
    if view.report.dimensions:
        pairs.append(("grouped", ".".join(dimension.key for dimension in view.group)))
    last_page = f"{LAST_PAGE}-{view.cursor_context}"  # so that another view begins with its first page
    return [("before", last_page) if pair == ("before", LAST_PAGE) else pair for pair in pairs]


def _lines(rows: Sequence[Row], view: View, makers: Sequence[_CellMaker]) -> Iterator[RowLine]:
    above: Row | None = None
    for row, (name_cell, *cells) in zip(rows, _cells(rows, makers), strict=True):
        path, label = (
            (format_path(row.path), view.report.levels[row.level].expand_label) if row.expandable else ("", "")
        )
        depth, is_open = row.level - view.level, row.children is not None
        line = RowLine(f"{row.level}-{row.id}", path, depth, name_cell, cells, label, is_open)
        if view.group:
            yield line._replace(
                id=f"group-{digest(path or name_cell[1])}", repeated=_repeated(row, above), members=_members(row)
            )
            above = row
        else:
            yield line
            if row.children:
                yield from _lines(row.children, view, makers)


def _repeated(row: Row, above: Row | None) -> int:
    pairs = zip(row.path, above.path if above else (), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _members(row: Row) -> Members | None:
    if row.members is None or row.children is None:
        return None
    return Members(row.members, present_rows(row.children, row.members), filtered_url(row.members))


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
        if maker.kind == ROWS:
            details = [filtered_url(row.members) if row.members else "" for row in rows]
        texts = values if maker.format is str else map(maker.format, values)
        made.append(zip(repeat(maker.kind), texts, details, strict=False))
    return zip(*made, strict=True)


def _cell_maker(column: Column, view: View, fields: Mapping[str, FilterField]) -> _CellMaker:
    kind, make_details = column.kind.name, None
    if column.link:
        make_details = link_maker(column.link, column.link_id is not None)
    elif note := column.note:
        make_details = lambda days, _: [note(day, view.today) if day else "" for day in days]  # noqa: E731
    elif column.filter:
        kind, make_details = "filter", _filter_links(column, view, fields)
    if column is ROWS_COLUMN:
        kind = ROWS
    if column.colored_values:
        kind, make_details = "value", _colors(column, make_details)
    whole = next((index for index, other in enumerate(view.columns) if other.key == column.share_of), None)
    if whole is not None:
        kind = "share"
    return _CellMaker(kind, column.kind.show, column.companion is not None, make_details, whole)


def _filter_links(column: Column, view: View, fields: Mapping[str, FilterField]) -> _MakeDetails:
    """Make values the addresses of the view filtered by them; "" where the filter doesn't find a value or is set."""
    field = fields.get(column.filter)
    if field is None or column.filter in view.filters:
        return lambda values, _: [""] * len(values)
    # A relative address is short; it stands in a good part of all cells.
    before, _, behind = f"?{view.with_filter(column.filter, NUL).query_string}".partition(quote_value(NUL))

    def details(values: Sequence[Any], _: Iterable[Any]) -> Iterable[str]:
        known = {value for value in values if value in field.labels}
        urls = {value: f"{before}{quote_value(value)}{behind}" for value in known}
        return [urls.get(value, "") for value in values]

    return details


def _colors(column: Column, make_urls: _MakeDetails | None) -> _MakeDetails:
    colors = {value: index for index, value in enumerate(column.colored_values)}

    def details(values: Sequence[Any], companions: Iterable[Any]) -> Iterable[tuple[int | None, str]]:
        urls = make_urls(values, companions) if make_urls else repeat("")
        return zip(map(colors.get, values), urls, strict=False)

    return details
