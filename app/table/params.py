"""Parse a query string into a view, strictly: what is wrong becomes a ParamError, never a default."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from app.table.cursor import LAST_PAGE, Cursor, PagePosition
from app.table.definitions import Column, Report
from app.table.dialects import DIALECT_KEY, DIALECTS, EXCEL, Dialect
from app.table.view import ALL_ROWS, DEFAULT_SIZE, SIZES, RowPath, View, format_path

REPEATABLE_KEYS = ("columns", "open")


@dataclass(frozen=True)
class ParamError:
    """A key, the value it can't have, and what would be right."""

    key: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}: “{self.value}” {self.expected}"


@dataclass
class QueryParams:
    """The values of each key that a report has; all else is a complaint. An empty value is an absent one."""

    report: Report
    values: dict[str, list[str]] = field(default_factory=dict)
    errors: list[ParamError] = field(default_factory=list)

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        keys = _known_keys(self.report)
        for key, value in pairs:
            if not value:
                continue
            if key not in keys:
                self.add_error(key, value, f"can't be: this report has no such key, only {', '.join(keys)}")
            elif _is_unreadable(value):
                self.add_error(key, _escaped(value), "holds what no name or id can hold")
            elif key in self.values and key not in REPEATABLE_KEYS:
                self.add_error(key, value, f"is a second value; {key} can have only one")
            else:
                self.values.setdefault(key, []).append(value)

    def one(self, key: str) -> str | None:
        return self.values.get(key, [None])[0]

    def add_error(self, key: str, value: str, right: str) -> None:
        self.errors.append(ParamError(key, value, right))


def _known_keys(report: Report) -> list[str]:
    opening = ["open"] if len(report.levels) > 1 else []
    return ["columns", "sort", "size", "after", "before", *opening, *report.filters_by_key]


def _is_unreadable(value: str) -> bool:
    return "\0" in value or _escaped(value) != value


def _escaped(value: str) -> str:
    """`value` with what can't be written as UTF-8, halves of characters from a command line, in ASCII."""
    return value.encode("utf-8", "backslashreplace").decode()


PAGING_KEYS = ("after", "before", "size", "open")
"""The keys that choose a page of a view; a file has no pages and pays no heed to them."""

_PATH = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")


def parse_view(report: Report, pairs: Iterable[tuple[str, str]]) -> tuple[View, list[ParamError]]:
    """Read a query string. The view obeys whatever was right; complaints say what wasn't."""
    asked = QueryParams(report)
    asked.add(pairs)
    columns = _columns(asked)
    view = View(report, columns, _sort(asked, columns), _size(asked), open_rows=_open(asked), filters=_filters(asked))
    return replace(view, position=_position(asked, view)), asked.errors


def parse_export(report: Report, pairs: Iterable[tuple[str, str]]) -> tuple[View, Dialect, list[ParamError]]:
    """Read the query string of a CSV: that of a view, whose place it pays no heed to, and the dialect."""
    asked = list(pairs)
    view, complaints = parse_view(report, [pair for pair in asked if pair[0] not in (*PAGING_KEYS, DIALECT_KEY)])
    dialect, more = parse_dialect(asked)
    return view, dialect, [*complaints, *more]


def parse_path(text: str) -> RowPath | None:
    return tuple(map(int, text.split("."))) if _PATH.fullmatch(text) else None


def _columns(asked: QueryParams) -> tuple[Column, ...]:
    named: list[Column] = []
    known = asked.report.columns_by_key
    for key in asked.values.get("columns", []):
        column = known.get(key)
        if not column:
            asked.add_error("columns", key, f"is not a column of this report; it has {', '.join(known)}")
        elif column in named:
            asked.add_error("columns", key, "is named twice; name each column once")
        else:
            named.append(column)
    if not named:
        return asked.report.default_columns
    fixed = [column for column in asked.report.columns if column.fixed]
    return (*fixed, *(column for column in named if not column.fixed))


def _sort(asked: QueryParams, columns: tuple[Column, ...]) -> str:
    """The sort that is asked for; hiding its column brings the default one back."""
    sort = asked.one("sort")
    if not sort:
        return asked.report.default_sort
    column = asked.report.columns_by_key.get(sort.removeprefix("-"))
    if not column:
        keys = ", ".join(each.key for each in columns)
        asked.add_error("sort", sort, f"is not a column to sort by; use one of {keys}, with - in front for descending")
    return sort if column in columns else asked.report.default_sort


def _size(asked: QueryParams) -> int:
    size = asked.one("size") or str(DEFAULT_SIZE)
    if size not in map(str, SIZES):
        asked.add_error("size", size, f"is not a page size; use one of {', '.join(map(str, SIZES))}")
        return DEFAULT_SIZE
    return int(size)


def _open(asked: QueryParams) -> tuple[RowPath, ...]:
    nodes = set()
    for text in asked.values.get("open", []):
        node = ALL_ROWS if text == format_path(ALL_ROWS) else parse_path(text)
        if node is None or len(node) >= len(asked.report.levels):
            asked.add_error("open", text, "is not a row that opens; rows are named like 17 or 17.3, or all")
        else:
            nodes.add(node)
    return (ALL_ROWS,) if ALL_ROWS in nodes else tuple(sorted(nodes))


def _filters(asked: QueryParams) -> dict[str, str]:
    chosen = {}
    for each in asked.report.filters:
        value = asked.one(each.key)
        if value is None:
            continue
        try:
            chosen[each.key] = each.parse(value)
        except ValueError as wrong:
            asked.add_error(each.key, value, str(wrong))
    if chosen.get("from", "") > chosen.get("to", "9999-12-31"):
        asked.add_error("from", chosen["from"], f"is after to, {chosen['to']}; from must be the earlier day")
    if "period" in chosen and {"from", "to"} & chosen.keys():
        asked.add_error("period", chosen["period"], "can't stand beside from or to; keep the period or the days")
    return chosen


def _position(asked: QueryParams, view: View) -> PagePosition | None:
    """The page that is asked for; a cursor of another sort, filter, search or size is dropped with that change."""
    after, before = asked.one("after"), asked.one("before")
    if after and before:
        asked.add_error("before", before, "can't stand beside after; keep one of them")
    if before == LAST_PAGE:
        return PagePosition(forward=False, cursor=None)
    text = after or before
    if not text:
        return None
    try:
        cursor = Cursor.parse(text)
    except ValueError as wrong:
        asked.add_error("after" if after else "before", text, str(wrong))
        return None
    return PagePosition(bool(after), cursor) if cursor.context == view.cursor_context else None


def parse_dialect(pairs: Iterable[tuple[str, str]]) -> tuple[Dialect, list[ParamError]]:
    """Read the dialect that a query string names."""
    named = [value for key, value in pairs if key == DIALECT_KEY and value]
    right = f"is not a dialect of CSV; use one of {', '.join(DIALECTS)}"
    complaints = [ParamError(DIALECT_KEY, value, right) for value in named if value not in DIALECTS]
    complaints += [
        ParamError(DIALECT_KEY, value, f"is a second value; {DIALECT_KEY} can have only one") for value in named[1:]
    ]
    return (DIALECTS.get(named[0], EXCEL) if named else EXCEL), complaints
