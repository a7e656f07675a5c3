"""A view of a report: its columns, sort, filters, page and open rows, and how it is written as a query string."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import quote

from app.table.cursor import LAST_PAGE, PagePosition, digest
from app.table.definitions import Column, Filter, Report
from models import today

RowPath = tuple[int, ...]
"""The path to a row that can be expanded: customer, then certificate type."""

ALL_ROWS: RowPath = ()
"""Stands for all rows where open ones are named: everything is inside it."""

_plain = re.compile("[A-Za-z0-9_.-]+").fullmatch
_plain_lines = re.compile("(?:[A-Za-z0-9_.-]{1,100}\n)+").fullmatch


def quote_value(text: str) -> str:
    """The text as it stands in an address. Most ids and keys are plain, which is told sooner than they are quoted."""
    return text if _plain(text) else quote(text, safe="")


def need_no_quoting(texts: Sequence[Any]) -> bool:
    """Whether all texts stand in an address as they are, and none is long: told of fifty ids sooner than of three."""
    return None not in texts and bool(_plain_lines("\n".join([*texts, ""])))


def encode_query(pairs: list[tuple[str, str]]) -> str:
    return "&".join([f"{key}={quote_value(value)}" for key, value in pairs])


def format_path(node: RowPath) -> str:
    return ".".join(map(str, node)) or "all"


SIZES = (25, 50, 100, 200)
DEFAULT_SIZE = 50


@dataclass(frozen=True)
class View:
    """Immutable; made from a query string by `app.table.parse.parse`, and back into one by `params`."""

    report: Report
    columns: tuple[Column, ...]
    sort: str
    size: int = DEFAULT_SIZE
    position: PagePosition | None = None
    open_rows: tuple[RowPath, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    today: date = field(default_factory=today)

    @cached_property
    def level(self) -> int:
        """The level of the rows: the deepest that a visible column belongs to."""
        return max(column.level for column in self.columns)

    @property
    def sort_column(self) -> Column:
        return self.report.columns_by_key[self.sort.removeprefix("-")]

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @cached_property
    def active_filters(self) -> list[tuple[Filter, str]]:
        """The filters that are set, in the report's order, with their values."""
        return [(each, self.filters[each.key]) for each in self.report.filters if each.key in self.filters]

    @cached_property
    def resolved_filters(self) -> list[tuple[Filter, Any]]:
        """The same with what their values stand for today."""
        return [
            (each, each.resolve(value, self.today) if each.resolve else value) for each, value in self.active_filters
        ]

    @property
    def date_range(self) -> tuple[str, str]:
        """The first and the last day that are chosen, by a period or as days; empty where nothing bounds them."""
        meant = {each.key: value for each, value in self.resolved_filters}
        return meant.get("period") or (meant.get("from", ""), meant.get("to", ""))

    @cached_property
    def cursor_context(self) -> str:
        """What a cursor belongs to: the report, and everything but the columns, the place and the open rows."""
        return digest(f"{self.report.slug}?{encode_query(self.first_page.params(columns=False))}")

    def params(self, columns: bool = True) -> list[tuple[str, str]]:
        """The canonical query: keys in the contract's order, defaults left out."""
        pairs: list[tuple[str, str]] = []
        if columns and self.columns != self.report.default_columns:
            pairs += [("columns", column.key) for column in self.columns]
        if self.sort != self.report.default_sort:
            pairs.append(("sort", self.sort))
        if self.size != DEFAULT_SIZE:
            pairs.append(("size", str(self.size)))
        if self.position:
            pairs.append(("after" if self.position.forward else "before", str(self.position.cursor or LAST_PAGE)))
        pairs += [("open", format_path(node)) for node in self.open_rows]
        return pairs + [(each.key, value) for each, value in self.active_filters]

    @property
    def all_rows_open(self) -> bool:
        return ALL_ROWS in self.open_rows

    @property
    def some_rows_closed(self) -> bool:
        """Whether rows were closed while all stood open. Only the page tells which others there are."""
        return self.all_rows_open and len(self.open_rows) > 1

    def is_open(self, node: RowPath) -> bool:
        """Whether a row stands open: it is named, or all are but those that are."""
        return self.all_rows_open is not (node in self.open_rows)

    @cached_property
    def query_string(self) -> str:
        return encode_query(self.params())

    # Every change of what or in which order leads back to the first page; a change of columns stays.

    @cached_property
    def first_page(self) -> "View":
        return replace(self, position=None, open_rows=())

    def without_paging(self) -> "View":
        """This view without a page of it, its open rows kept."""
        return replace(self, position=None, size=DEFAULT_SIZE)

    def with_all_closed(self) -> "View":
        return replace(self, open_rows=())

    def with_all_open(self) -> "View":
        return replace(self, open_rows=(ALL_ROWS,))

    def at_position(self, place: PagePosition) -> "View":
        return replace(self, position=place, open_rows=())

    @property
    def last_page(self) -> "View":
        return self.at_position(PagePosition(forward=False, cursor=None))

    def with_sort(self, column: Column) -> "View":
        """Sort by `column`, or the other way round when it is the sorted one already."""
        sort = f"-{column.key}" if self.sort == column.key else column.key
        return replace(self.first_page, sort=sort)

    def with_filters(self, filters: Mapping[str, str]) -> "View":
        return replace(self.first_page, filters=filters)

    def with_filter(self, key: str, value: str) -> "View":
        """Only those of its rows that one more filter leaves, at the same place."""
        return replace(self, filters={**self.filters, key: value})

    def without_filter(self, key: str) -> "View":
        return self.with_filters({each: value for each, value in self.filters.items() if each != key})

    def with_size(self, size: int) -> "View":
        return replace(self.first_page, size=size)

    def with_default_columns(self) -> "View":
        """The columns as declared; a sort by one that goes then goes too."""
        columns = self.report.default_columns
        changed = self if self.sort_column in columns else replace(self.first_page, sort=self.report.default_sort)
        return replace(changed, columns=columns)

    def with_toggled(self, node: RowPath) -> "View":
        """Open a closed row, close an open one together with what is open inside it."""
        if node not in self.open_rows:
            return replace(self, open_rows=tuple(sorted({*self.open_rows, node})))
        return replace(self, open_rows=tuple(each for each in self.open_rows if each[: len(node)] != node))

    def summary_only(self) -> "View":
        """This view, which looks inside nothing, on the report without what is inside."""
        return replace(self, report=self.report.summary_only)


def describe_view(view: View) -> list[tuple[str, str]]:
    """Which report it is, what chooses its rows, and what they are sorted by."""
    chosen = [(each.label, each.describe(value, view.today)) for each, value in view.active_filters]
    order = f"{view.sort_column.label}{', descending' if view.descending else ''}"
    return [("Report", view.report.title), *(chosen or [("Filters", "none")]), ("Sorted by", order)]


def move_column(view: View, key: str, step: int) -> View:
    """Move a visible column by `step` places, as far as the fixed ones and the ends allow."""
    columns = list(view.columns)
    index = next((i for i, column in enumerate(columns) if column.key == key), None)
    if index is None or columns[index].fixed:
        return view
    first = sum(column.fixed for column in columns)
    columns.insert(max(first, index + step), columns.pop(index))
    return replace(view, columns=tuple(columns))


def chooser_columns(report: Report, columns: Sequence[Column]) -> list[Column]:
    """All columns as the chooser lists them: the visible in their order, each hidden one in its natural place."""
    listed = list(columns)
    for before, column in zip((None, *report.columns), report.columns, strict=False):
        if column not in listed:
            listed.insert(listed.index(before) + 1 if before else 0, column)
    return listed
