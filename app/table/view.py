"""A view of a report: columns, sort, filters, page and open rows. It is made from a query string and makes it again."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache, partial
from typing import Any
from urllib.parse import quote
from zlib import crc32

from app.table.definitions import Column, Dimension, Filter, Report
from models import today

NUL = "\0"  # no value can hold it
LAST_PAGE = "end"  # `before=end`; in a form `before=end-CONTEXT`

_CURSOR = re.compile(r"([0-9])-([0-9]{1,18})-([0-9a-f]{8})-([0-9]{1,18})-([0-9a-f]{8})-([0-9a-f]{8})")


@dataclass(frozen=True)
class Cursor:
    """A row at the edge of a page, as it stands in an address: `0-4711-9ae0daaf-50-8c736521-1d0b1f1e`.

    level, row_id: the row's level, and its id there.
    tiebreaker:    a digest of the row's tiebreaker, because a database may give the id of a removed row to another.
    rows_before:   how many rows of the view stand before the edge, so that a page needn't count them.
    context:       `View.cursor_context`. A cursor of another sort, filter or page size is ignored.

    It names the row instead of its sort key. So addresses stay short and hold no data.
    """

    level: int
    row_id: int
    tiebreaker: str
    rows_before: int
    context: str

    def __str__(self) -> str:
        body = f"{self.level}-{self.row_id}-{self.tiebreaker}-{self.rows_before}-{self.context}"
        return f"{body}-{digest(body)}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises ValueError when the text was not made by `str(cursor)`."""
        match = _CURSOR.fullmatch(text)
        if not match or digest(text.rpartition("-")[0]) != match[6]:
            raise ValueError("is not the place of a page; leave it out for the first page")
        return cls(int(match[1]), int(match[2]), match[3], int(match[4]), match[5])


@dataclass(frozen=True)
class PagePosition:
    """The page after the cursor's row (`forward`) or before it. Backward without a cursor is the last page."""

    forward: bool
    cursor: Cursor | None


FIRST_POSITION = PagePosition(forward=True, cursor=None)
LAST_POSITION = PagePosition(forward=False, cursor=None)


def digest(text: str) -> str:
    """Eight hex digits that detect damaged or foreign text. It is a checksum, not a signature."""
    return f"{crc32(text.encode('utf-8', 'surrogatepass')):08x}"


# What names an expandable row: ids, (customer,) or (customer, certificate type), or the texts of a group's values.
RowPath = tuple[Any, ...]

ALL_ROWS: RowPath = ()  # "all" in `open_rows`: every row is open but those that are named beside it

PAGE_SIZES = (25, 50, 100, 200)  # rows on a page
DEFAULT_PAGE_SIZE = 50


_unreserved = re.compile("[A-Za-z0-9_.-]+").fullmatch
_quote = lru_cache(1000)(partial(quote, safe=""))  # pages repeat the same names


def quote_value(text: str) -> str:
    """Quote a value for a query string, "/" and "&" too. Most are ids and keys, which need no quoting."""
    return text if _unreserved(text) else _quote(text)


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join([f"{key}={quote_value(value)}" for key, value in pairs])


def format_path(path: RowPath) -> str:
    """The path as the address has it: "17.3", "2026-11.Renew", or "all" for ALL_ROWS."""
    return ".".join(str(part).replace("%", "%25").replace(".", "%2E") for part in path) or "all"


@dataclass(frozen=True)
class View:
    """What a visitor looks at. Immutable; `app.table.params.parse_view` makes it, and `query_string` writes it.

    report, columns: the report, and its visible columns in their order.
    sort:      the key of the sort column, "-" in front for descending.
    size:      rows on a page, one of PAGE_SIZES.
    position:  where the page begins or ends; None is the first page.
    open_rows: the paths of the open rows, or ALL_ROWS and the paths of the closed ones.
    filters:   filter key → value as it stands in the address.
    spellings: (filter key, value) → the texts that the data has instead where it has several, see `Filter.spellings`.
    today:     the day for which relative values such as "last-month" are resolved.
    """

    report: Report
    columns: tuple[Column, ...]
    sort: str
    size: int = DEFAULT_PAGE_SIZE
    position: PagePosition | None = None
    open_rows: tuple[RowPath, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    today: date = field(default_factory=today)

    @cached_property
    def level(self) -> int:
        """The level of the rows: the deepest level of a visible column."""
        return max(column.level for column in self.columns)

    @property
    def chooser_columns(self) -> list[Column]:
        """All columns: the visible ones in their order, each hidden one after its default neighbour."""
        listed = list(self.columns)
        for before, column in zip((None, *self.report.columns), self.report.columns, strict=False):
            if column not in listed:
                listed.insert(listed.index(before) + 1 if before else 0, column)
        return listed

    @property
    def sort_column(self) -> Column:
        return self.report.columns_by_key[self.sort.removeprefix("-")]

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @cached_property
    def active_filters(self) -> list[tuple[Filter, str]]:
        """The filters that are set, in the report's order, with their values."""
        return [(filter_, self.filters[filter_.key]) for filter_ in self.report.filters if filter_.key in self.filters]

    @cached_property
    def resolved_filters(self) -> list[tuple[Filter, Any]]:
        """The active filters with what their values stand for. Queries and cache keys are made of these."""
        implied = self.report.group_filters if self.group else {}
        active = self.active_filters + [
            (self.report.filters_by_key[key], value) for key, value in implied.items() if key not in self.filters
        ]
        return [(filter_, self._resolve(filter_, value)) for filter_, value in active]

    def _resolve(self, filter_: Filter, value: str) -> Any:
        if filter_.resolve:
            return filter_.resolve(value, self.today)
        return self.spellings.get((filter_.key, value), value)

    @property
    def group(self) -> tuple[Dimension, ...]:
        """The dimensions by which rows are grouped, () where they aren't."""
        return self.report.group

    @property
    def date_range(self) -> tuple[str, str]:
        """The first and the last day, from the period or the `from` and `to` filters; "" where there is no bound."""
        values = {filter_.key: value for filter_, value in self.resolved_filters}
        return values.get("period") or (values.get("from", ""), values.get("to", ""))

    @property
    def file_stem(self) -> str:
        """The name of a file of the view, after its range of days, else after today; nothing that a person typed."""
        first, last = self.date_range
        if first and last:
            days = f"{first}-to-{last}"
        elif first or last:
            days = f"from-{first}" if first else f"to-{last}"
        else:
            days = str(self.today)
        return f"{self.report.slug}-{days}"

    @cached_property
    def cursor_context(self) -> str:
        """A digest of all that a cursor depends on: the report, sort, filters and page size."""
        return digest(f"{self.report.slug}?{encode_query(self.closed_first_page.params(columns=False))}")

    def params(self, columns: bool = True) -> list[tuple[str, str]]:
        """The canonical query string as pairs: keys in a fixed order, defaults left out."""
        pairs = [("group", dimension.key) for dimension in self.group]
        if columns and self.columns != self.report.default_columns:
            pairs += [("columns", column.key) for column in self.columns]
        if self.sort != self.report.default_sort:
            pairs.append(("sort", self.sort))
        if self.size != DEFAULT_PAGE_SIZE:
            pairs.append(("size", str(self.size)))
        if self.position:
            pairs.append(("after" if self.position.forward else "before", str(self.position.cursor or LAST_PAGE)))
        pairs += [("open", format_path(path)) for path in self.open_rows]
        return pairs + [(filter_.key, value) for filter_, value in self.active_filters]

    @cached_property
    def query_string(self) -> str:
        return encode_query(self.params())

    @property
    def all_rows_open(self) -> bool:
        return ALL_ROWS in self.open_rows

    @property
    def all_but_some_open(self) -> bool:
        """Whether all rows are open but some that are named. Which others are open, only the page's rows tell."""
        return self.all_rows_open and len(self.open_rows) > 1

    def is_open(self, path: RowPath) -> bool:
        return self.all_rows_open is not (path in self.open_rows)

    # Other views. A change of sort, filters or size leads to the first page; a change of columns stays on the page.
    # Open rows stay open.

    @property
    def first_page(self) -> "View":
        return self.at_position(None)

    @cached_property
    def closed_first_page(self) -> "View":
        """The first page, with all rows closed. Addresses of files, counts and sums are made of it."""
        return replace(self, position=None, open_rows=())

    @property
    def last_page(self) -> "View":
        return self.at_position(LAST_POSITION)

    def at_position(self, position: PagePosition | None) -> "View":
        return replace(self, position=position)

    def with_all_closed(self) -> "View":
        return replace(self, open_rows=())

    def with_all_open(self) -> "View":
        return replace(self, open_rows=(ALL_ROWS,))

    def with_toggled(self, path: RowPath) -> "View":
        """Open a closed row, or close an open one and all rows inside it."""
        if path not in self.open_rows:
            return replace(self, open_rows=tuple(sorted({*self.open_rows, path})))
        return replace(
            self, open_rows=tuple(open_path for open_path in self.open_rows if open_path[: len(path)] != path)
        )

    def with_next_sort(self, column: Column) -> "View":
        """Sort by `column`; descending if it is the ascending sort column already."""
        return replace(self, position=None, sort=self.next_sort(column))

    def next_sort(self, column: Column) -> str:
        """The sort of `with_next_sort`."""
        return f"-{column.key}" if self.sort == column.key else column.key

    def with_filters(self, filters: Mapping[str, str]) -> "View":
        return replace(self, position=None, filters=filters)

    def with_filter(self, key: str, value: str) -> "View":
        return self.with_filters({**self.filters, key: value})

    def without_filter(self, key: str) -> "View":
        return self.with_filters({each: value for each, value in self.filters.items() if each != key})

    def narrowed_by(self, filters: Mapping[str, str]) -> "View":
        """Add filters, such as those of a group. The view's own date range still holds."""
        added, kept = dict(filters), dict(self.filters)
        if "from" in added:
            first, last = self.date_range
            added |= {"from": max(added["from"], first), "to": min(added["to"], last or added["to"])}
            kept.pop("period", None)
        return self.with_filters(kept | added)

    def with_size(self, size: int) -> "View":
        return replace(self, position=None, size=size)

    def with_default_columns(self) -> "View":
        """Show the default columns; sort by the default if the sort column isn't one of them."""
        columns = self.report.default_columns
        changed = self if self.sort_column in columns else replace(self.first_page, sort=self.report.default_sort)
        return replace(changed, columns=columns)

    def grouped_by(self, group: tuple[Dimension, ...]) -> "View":
        """The same rows grouped by these dimensions, or not at all, with the default columns.

        A chosen order stays where these have its column.
        """
        report = self.report.grouped_by(group)
        keys = {column.key for column in report.default_columns}
        is_kept = self.sort != self.report.default_sort and self.sort_column.key in keys
        sort = self.sort if is_kept else report.default_sort
        return replace(self.closed_first_page, report=report, columns=report.default_columns, sort=sort)


def describe_view(view: View) -> list[tuple[str, str]]:
    """The report's title, the filters and the sort, as (label, text) for people."""
    filters = [(filter_.label, filter_.describe(value, view.today)) for filter_, value in view.active_filters]
    groups = [("Grouped by", view.report.group_label)] if view.group else []
    order = f"{view.sort_column.label}{', descending' if view.descending else ''}"
    return [("Report", view.report.title), *groups, *(filters or [("Filters", "none")]), ("Sorted by", order)]


def move_column(view: View, key: str, step: int) -> View:
    """Move a visible column by `step` places, between the fixed columns and the end."""
    columns = list(view.columns)
    index = next((i for i, column in enumerate(columns) if column.key == key), None)
    if index is None or columns[index].fixed:
        return view
    first = sum(column.fixed for column in columns)
    columns.insert(max(first, index + step), columns.pop(index))
    return replace(view, columns=tuple(columns))
