"""The rows of a view as cells: their texts, where they lead, and what else a template shows of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat, takewhile
from operator import itemgetter
from typing import Any, NamedTuple

from app.table.definitions import ROWS, ROWS_COLUMN, Column
from app.table.kinds import DATETIME
from app.table.rows import Row
from app.table.view import NUL, View, digest, format_path, quote_value
from app.web.urls import filtered_url, link_maker

_DAY, _TIME = slice(10), slice(11, None)  # of "2026-11-27 10:30:00"

# A cell: the name of its kind, its text, where it leads ("" for nowhere), and a detail that depends on the kind: the
# note of a date, the overage of a number, the time after a day. A "filter" leads to the view filtered by its text. A
# "value" has a color, which is its detail. The detail of a "share" is what `_share` returns.
Cell = tuple[str, str, str, Any]

# The labels of the values that menus offer, by the key of the filter.
Labels = Mapping[str, Mapping[str, str]]


class RowLine(NamedTuple):
    """A row for the template. `name_cell` is its heading, `cells` are the cells after it.

    `depth` is 0 for the view's own rows, and 1 or 2 for rows inside an open row. `expand_label` is empty where nothing
    is inside. For a group, `repeated` is how many of its first values repeat those of the group above, and `members`
    are the rows that it is made of, None unless it is open.
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


# (a column's values, their companions) → an address, or a detail, for each.
_ColumnFunction = Callable[[Sequence[Any], Iterable[Any]], Iterable[Any]]


class _CellMaker(NamedTuple):
    """How the values of one column become cells.

    `whole_index` is the position of the column of which this one is a share, None when it is hidden.
    """

    kind: str
    format: Callable[[Any], str]
    has_companion: bool
    make_urls: _ColumnFunction | None
    make_details: _ColumnFunction | None
    whole_index: int | None


def present_rows(rows: Sequence[Row], view: View, labels: Labels | None = None) -> list[RowLine]:
    """Rows of one level as lines, each followed by the lines of the rows that are open inside it.

    With `labels`, values lead to the view filtered by them, if the menu of their column's filter offers them.
    """
    return list(_lines(rows, view, [_cell_maker(column, view, labels or {}) for column in view.columns]))


def _lines(rows: Sequence[Row], view: View, makers: Sequence[_CellMaker]) -> Iterator[RowLine]:
    above: Row | None = None
    view_level, is_grouped = view.level, bool(view.group)
    labels = [level.expand_label for level in view.report.levels]
    for row, (name_cell, *cells) in zip(rows, _cells(rows, makers, is_grouped), strict=True):
        path, label = (format_path(row.path), labels[row.level]) if row.expandable else ("", "")
        is_open, depth = row.children is not None, row.level - view_level
        line = RowLine(f"{row.level}-{row.id}", path, depth, name_cell, cells, label, is_open)
        if is_grouped:
            yield line._replace(
                id=f"group-{digest(path or name_cell[1])}", repeated=_repeated(row, above), members=_members(row)
            )
            above = row
        else:
            yield line
            if row.children:
                yield from _lines(row.children, view, makers)


def _repeated(row: Row, above: Row | None) -> int:
    """How many of a group's first values repeat those of the group above."""
    pairs = zip(row.path, above.path if above else (), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))


def _members(row: Row) -> Members | None:
    if row.members is None or row.children is None:
        return None
    return Members(row.members, present_rows(row.children, row.members), filtered_url(row.members))


def _cells(rows: Sequence[Row], makers: Sequence[_CellMaker], is_grouped: bool) -> Iterator[tuple[Cell, ...]]:
    """The cells of each row. They are made column by column, which is faster than cell by cell."""
    columns = list(zip(*(row.values for row in rows), strict=True))
    companions = zip(*(row.companions for row in rows), strict=True)
    made = []
    for maker, values in zip(makers, columns, strict=False):
        details: Iterable[Any] = next(companions) if maker.has_companion else repeat(None)
        urls = maker.make_urls(values, details) if maker.make_urls else repeat("")
        if maker.kind == ROWS:
            urls = [filtered_url(row.members) if row.members else "" for row in rows]
        if maker.make_details:
            details = maker.make_details(values, details)
        if maker.whole_index is not None:
            details = map(_share, details, values, columns[maker.whole_index], repeat(is_grouped))
        texts = values if maker.format is str else map(maker.format, values)
        made.append(zip(repeat(maker.kind), texts, urls, details, strict=False))
    return zip(*made, strict=True)


def _cell_maker(column: Column, view: View, labels: Labels) -> _CellMaker:
    kind, show = column.kind.name, column.kind.show
    make_urls: _ColumnFunction | None = None
    make_details: _ColumnFunction | None = None
    if column.link:
        make_urls = link_maker(column.link, column.link_id is not None)
    elif note := column.note:
        make_details = lambda days, _: [note(day, view.today) if day else "" for day in days]  # noqa: E731
    elif column.filter:
        kind, make_urls = "filter", _filter_links(column, view, labels)
    elif column.kind is DATETIME:
        show, make_details = itemgetter(_DAY), lambda times, _: map(itemgetter(_TIME), times)
    if column is ROWS_COLUMN:
        kind = ROWS
    if column.colored_values:
        colors = {value: str(color) for color, value in enumerate(column.colored_values)}
        kind, make_details = "value", lambda values, _: map(colors.get, values)
    whole = None
    if column.share_of:
        whole = next((index for index, other in enumerate(view.columns) if other.key == column.share_of), None)
        kind = kind if whole is None else "share"
    return _CellMaker(kind, show, column.companion is not None, make_urls, make_details, whole)


def _share(overage: int, number: int, whole: int, is_grouped: bool) -> tuple[str, bool, str, str]:
    """Return the overage, whether only some rows of a group have it, the number, and the whole."""
    is_part = is_grouped and number <= whole
    return f"{overage:,}" if overage else "", is_part, str(number), str(whole) if whole > 0 else ""


def _filter_links(column: Column, view: View, labels: Labels) -> _ColumnFunction:
    """Return a function that gives each value the address of the view filtered by it.

    The address is "" for values that the menu doesn't offer, and for all if the filter is set.
    """
    known = labels.get(column.filter)
    if not known or column.filter in view.filters:
        return lambda *_: repeat("")
    # A relative address is short; it stands in a good part of all cells.
    before, _, after = f"?{view.with_filter(column.filter, NUL).query_string}".partition(quote_value(NUL))

    def urls(values: Sequence[Any], _: Iterable[Any]) -> Iterable[str]:
        found = {value: f"{before}{quote_value(value)}{after}" for value in set(values) if value in known}
        return [found.get(value, "") for value in values]

    return urls
