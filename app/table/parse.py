"""Query strings read strictly: what can't be is a complaint, never a default."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from app.table.cursor import Cursor
from app.table.report import Column, Report
from app.table.view import DEFAULT_SIZE, END, SIZES, Node, Place, View

PLACE = ("after", "before", "size", "open")
"""The keys that choose a page of a view; a file has no pages and pays no heed to them."""

_MANY = ("columns", "open")
_NODE = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")


@dataclass(frozen=True)
class Complaint:
    """A key, the value it can't have, and what would be right."""

    key: str
    value: str
    right: str

    def __str__(self) -> str:
        return f"{self.key}: “{self.value}” {self.right}"


def parse(report: Report, pairs: Iterable[tuple[str, str]]) -> tuple[View, list[Complaint]]:
    """Read a query string. The view obeys whatever was right; complaints say what wasn't."""
    reader = _Reader(report)
    for key, value in pairs:
        reader.take(key, value)
    return reader.view(), reader.complaints


@dataclass
class _Reader:
    report: Report
    values: dict[str, list[str]] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def complain(self, key: str, value: str, right: str) -> None:
        self.complaints.append(Complaint(key, value, right))

    def take(self, key: str, value: str) -> None:
        known = ["columns", "sort", "size", "after", "before", *(["open"] if len(self.report.levels) > 1 else [])]
        known += self.report.filter_by_key
        if not value:
            return
        if key not in known:
            self.complain(key, value, f"can't be: this report has no such key, only {', '.join(known)}")
        elif _unreadable(value):
            self.complain(key, value.encode("ascii", "backslashreplace").decode(), "holds what no name or id can hold")
        elif key in self.values and key not in _MANY:
            self.complain(key, value, f"is a second value; {key} can have only one")
        else:
            self.values.setdefault(key, []).append(value)

    def view(self) -> View:
        columns = self.columns()
        sort = self.sort(columns)
        view = View(self.report, columns, sort, self.size(), open=self.open(), filters=self.filters())
        return replace(view, place=self.place(view))

    def columns(self) -> tuple[Column, ...]:
        named: list[Column] = []
        for key in self.values.get("columns", []):
            column = self.report.by_key.get(key)
            if not column:
                self.complain("columns", key, f"is not a column of this report; it has {', '.join(self.report.by_key)}")
            elif column in named:
                self.complain("columns", key, "is named twice; name each column once")
            else:
                named.append(column)
        if not named:
            return self.report.default_columns
        fixed = [column for column in self.report.columns if column.fixed]
        return (*fixed, *(column for column in named if not column.fixed))

    def sort(self, columns: tuple[Column, ...]) -> str:
        sort = self.one("sort")
        if not sort:
            return self.report.default_sort
        column = self.report.by_key.get(sort.removeprefix("-"))
        if not column:
            right = "is not a column to sort by; use one of " + ", ".join(each.key for each in columns)
            self.complain("sort", sort, right + ", with - in front for descending")
        return sort if column in columns else self.report.default_sort

    def size(self) -> int:
        size = self.one("size")
        if size and size not in map(str, SIZES):
            self.complain("size", size, f"is not a page size; use one of {', '.join(map(str, SIZES))}")
            return DEFAULT_SIZE
        return int(size or DEFAULT_SIZE)

    def open(self) -> tuple[Node, ...]:
        nodes = set()
        for text in self.values.get("open", []):
            node = parse_node(text)
            if node is None or len(node) >= len(self.report.levels):
                self.complain("open", text, "is not a row that opens; rows are named like 17 or 17.3")
            else:
                nodes.add(node)
        return tuple(sorted(nodes))

    def filters(self) -> dict[str, str]:
        chosen = {}
        for each in self.report.filters:
            value = self.one(each.key)
            if value is None:
                continue
            try:
                chosen[each.key] = each.parse(value)
            except ValueError as wrong:
                self.complain(each.key, value, str(wrong))
        if chosen.get("from", "") > chosen.get("to", "9999-12-31"):
            self.complain("from", chosen["from"], f"is after to, {chosen['to']}; from must be the earlier day")
        return chosen

    def place(self, view: View) -> Place | None:
        """The page that is asked for; a cursor of another sort, filter, search or size is dropped with that change."""
        if not self.values.keys() & {"after", "before"}:
            return None
        if self.values.keys() >= {"after", "before"}:
            self.complain("before", self.values["before"][0], "can't stand beside after; keep one of them")
            return None
        forward = "after" in self.values
        key = "after" if forward else "before"
        text = self.values[key][0]
        if text == END and not forward:
            return Place(forward, None)
        try:
            cursor = Cursor.parse(text)
        except ValueError as wrong:
            self.complain(key, text, str(wrong))
            return None
        return Place(forward, cursor) if cursor.context == view.context else None

    def one(self, key: str) -> str | None:
        return self.values.get(key, [None])[0]


def parse_node(text: str) -> Node | None:
    return tuple(map(int, text.split("."))) if _NODE.fullmatch(text) else None


def _unreadable(value: str) -> bool:
    return "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)
