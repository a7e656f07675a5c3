"""One reader's view of a report: its columns, sort, filters and place. The query string is all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from app.table.address import EVERY, Node, node_text, query
from app.table.cursor import END, Place, digest
from app.table.report import Column, Filter, Report
from models import today

SIZES = (25, 50, 100, 200)
DEFAULT_SIZE = 50


@dataclass(frozen=True)
class View:
    """Immutable; made from a query string by `app.table.parse.parse`, and back into one by `params`."""

    report: Report
    columns: tuple[Column, ...]
    sort: str
    size: int = DEFAULT_SIZE
    place: Place | None = None
    open: tuple[Node, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    today: date = field(default_factory=today)

    @cached_property
    def level(self) -> int:
        """The level of the rows: the deepest that a visible column belongs to."""
        return max(column.level for column in self.columns)

    @property
    def sort_column(self) -> Column:
        return self.report.by_key[self.sort.removeprefix("-")]

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @cached_property
    def active(self) -> list[tuple[Filter, str]]:
        """The filters that are set, in the report's order, with their values."""
        return [(each, self.filters[each.key]) for each in self.report.filters if each.key in self.filters]

    @cached_property
    def meant(self) -> list[tuple[Filter, Any]]:
        """The same with what their values stand for today."""
        return [(each, each.means(value, self.today) if each.means else value) for each, value in self.active]

    @property
    def days(self) -> tuple[str, str]:
        """The first and the last day that are chosen, by a period or as days; empty where nothing bounds them."""
        meant = {each.key: value for each, value in self.meant}
        return meant.get("period") or (meant.get("from", ""), meant.get("to", ""))

    @cached_property
    def context(self) -> str:
        """What a cursor belongs to: the report, and everything but the columns, the place and the open rows."""
        return digest(f"{self.report.slug}?{query(self.start.params(columns=False))}")

    def params(self, columns: bool = True) -> list[tuple[str, str]]:
        """The canonical query: keys in the contract's order, defaults left out."""
        pairs: list[tuple[str, str]] = []
        if columns and self.columns != self.report.default_columns:
            pairs += [("columns", column.key) for column in self.columns]
        if self.sort != self.report.default_sort:
            pairs.append(("sort", self.sort))
        if self.size != DEFAULT_SIZE:
            pairs.append(("size", str(self.size)))
        if self.place:
            pairs.append(("after" if self.place.forward else "before", str(self.place.cursor or END)))
        pairs += [("open", node_text(node)) for node in self.open]
        return pairs + [(each.key, value) for each, value in self.active]

    @property
    def opens_all(self) -> bool:
        return EVERY in self.open

    @property
    def opens_all_but_some(self) -> bool:
        """Whether rows were closed while all stood open. Only the page tells which others there are."""
        return self.opens_all and len(self.open) > 1

    def opens(self, node: Node) -> bool:
        """Whether a row stands open: it is named, or all are but those that are."""
        return self.opens_all is not (node in self.open)

    @cached_property
    def query(self) -> str:
        return query(self.params())

    # Every change of what or in which order leads back to the first page; a change of columns stays.

    @cached_property
    def start(self) -> "View":
        return replace(self, place=None, open=())

    def anywhere(self) -> "View":
        """This view without a page of it, its open rows kept."""
        return replace(self, place=None, size=DEFAULT_SIZE)

    def closed(self) -> "View":
        return replace(self, open=())

    def opened(self) -> "View":
        return replace(self, open=(EVERY,))

    def at(self, place: Place) -> "View":
        return replace(self, place=place, open=())

    def ending(self) -> "View":
        return self.at(Place(forward=False, cursor=None))

    def sorted_by(self, column: Column) -> "View":
        """Sort by `column`, or the other way round when it is the sorted one already."""
        sort = f"-{column.key}" if self.sort == column.key else column.key
        return replace(self.start, sort=sort)

    def filtered(self, filters: Mapping[str, str]) -> "View":
        return replace(self.start, filters=filters)

    def also(self, key: str, value: str) -> "View":
        """Only those of its rows that one more filter leaves, at the same place."""
        return replace(self, filters={**self.filters, key: value})

    def without(self, key: str) -> "View":
        return self.filtered({each: value for each, value in self.filters.items() if each != key})

    def sized(self, size: int) -> "View":
        return replace(self.start, size=size)

    def with_default_columns(self) -> "View":
        """The columns as declared; a sort by one that goes then goes too."""
        columns = self.report.default_columns
        changed = self if self.sort_column in columns else replace(self.start, sort=self.report.default_sort)
        return replace(changed, columns=columns)

    def toggled(self, node: Node) -> "View":
        """Open a closed row, close an open one together with what is open inside it."""
        if node not in self.open:
            return replace(self, open=tuple(sorted({*self.open, node})))
        return replace(self, open=tuple(each for each in self.open if each[: len(node)] != node))

    def outside(self) -> "View":
        """This view, which looks inside nothing, on the report without what is inside."""
        return replace(self, report=self.report.outside)
