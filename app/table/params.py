"""Parse a query string into a View, strictly: an invalid value becomes a ParamError, never a default.

This module makes all errors of a report's query string. `app.web.view_request` turns them into a 400.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from app.table.csv import DIALECT_KEY, DIALECTS, EXCEL, Dialect
from app.table.definitions import Column, Dimension, Report
from app.table.view import (
    ALL_ROWS,
    DEFAULT_PAGE_SIZE,
    LAST_PAGE,
    LAST_POSITION,
    PAGE_SIZES,
    Cursor,
    PagePosition,
    RowPath,
    View,
    format_path,
)

REPEATABLE_KEYS = ("group", "columns", "open")
MAX_GROUP = 3  # dimensions of a grouped view
PAGING_KEYS = ("after", "before", "size", "open")  # these select a page of a view; files ignore them
MAX_VALUE_LENGTH = 200  # characters of a filter's value, which is part of cache keys
_SHOWN_LENGTH = 60  # characters that a message repeats of a value longer than MAX_VALUE_LENGTH

_LAST_PAGE_OF_ANOTHER_VIEW = re.compile(f"{LAST_PAGE}-[0-9a-f]{{8}}")
_PATH = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")


@dataclass(frozen=True)
class ParamError:
    """A key, its invalid value, and what is expected, in words that follow the value."""

    key: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}: “{_shorten(self.value)}” {self.expected}"


@dataclass
class QueryParams:
    """The values of a report's keys, and the errors found so far. An empty value counts as absent."""

    report: Report
    values: dict[str, list[str]] = field(default_factory=dict)
    errors: list[ParamError] = field(default_factory=list)

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        pairs = list(pairs)
        can_open = len(self.report.levels) > 1 or any(key == "group" and value for key, value in pairs)
        keys = [
            *(["group"] if self.report.dimensions else []),
            *("columns", "sort", "size", "after", "before"),
            *(["open"] if can_open else []),
            *self.report.filters_by_key,
        ]
        for key, value in pairs:
            if not value:
                continue
            if key not in keys:
                self.add_error(key, value, f"can't be: this report has no such key, only {', '.join(keys)}")
            elif "\0" in value or _escape_surrogates(value) != value:
                self.add_error(key, _escape_surrogates(value), "holds what no name or id can hold")
            elif key in self.report.filters_by_key and len(value) > MAX_VALUE_LENGTH:
                limit = f"a filter of a view takes at most {MAX_VALUE_LENGTH}"
                self.add_error(key, value, f"has {len(value)} characters; {limit}")
            elif key in self.values and key not in REPEATABLE_KEYS:
                self.add_error(key, value, f"is a second value; {key} can have only one")
            else:
                self.values.setdefault(key, []).append(value)

    def one(self, key: str) -> str | None:
        """The value of a key that isn't repeatable."""
        return self.values.get(key, [None])[0]

    def add_error(self, key: str, value: str, expected: str) -> None:
        self.errors.append(ParamError(key, value, expected))


def _shorten(value: str) -> str:
    return value if len(value) <= MAX_VALUE_LENGTH else f"{value[:_SHOWN_LENGTH]}…"


def _escape_surrogates(value: str) -> str:
    """Command lines can bring lone surrogates, which UTF-8 can't encode."""
    return value.encode("utf-8", "backslashreplace").decode()


def parse_view(report: Report, pairs: Iterable[tuple[str, str]]) -> tuple[View, list[ParamError]]:
    """Parse the (key, value) pairs of a query string. The view is made of the valid ones; the errors name the others.

    Example: parse_view(REPORTS["customer-usage"], [("sort", "-used"), ("reseller", "North")])
    """
    params = QueryParams(report)
    params.add(pairs)
    params.report = report.grouped_by(_parse_group(params))
    columns = _parse_columns(params)
    sort, size = _parse_sort(params, columns), _parse_size(params)
    view = View(params.report, columns, sort, size, open_rows=_parse_open_rows(params), filters=_parse_filters(params))
    return replace(view, position=_parse_position(params, view)), params.errors


def parse_export(report: Report, pairs: Iterable[tuple[str, str]]) -> tuple[View, Dialect, list[ParamError]]:
    """Parse the query string of a CSV: a view without paging, and a dialect."""
    pairs = list(pairs)
    view, errors = parse_view(report, [pair for pair in pairs if pair[0] not in (*PAGING_KEYS, DIALECT_KEY)])
    dialect, dialect_errors = parse_dialect(pairs)
    return view, dialect, [*errors, *dialect_errors]


def parse_dialect(pairs: Iterable[tuple[str, str]]) -> tuple[Dialect, list[ParamError]]:
    """The dialect of a CSV that a query string names, EXCEL if it names none."""
    values = [value for key, value in pairs if key == DIALECT_KEY and value]
    expected = f"is not a dialect of CSV; use one of {', '.join(DIALECTS)}"
    repeated = f"is a second value; {DIALECT_KEY} can have only one"
    errors = [ParamError(DIALECT_KEY, value, expected) for value in values if value not in DIALECTS]
    errors += [ParamError(DIALECT_KEY, value, repeated) for value in values[1:]]
    return (DIALECTS.get(values[0], EXCEL) if values else EXCEL), errors


def parse_path(report: Report, text: str) -> RowPath | None:
    """The path of a row that may open; None if it isn't one.

    "17.3" is (17, 3), or in a grouped report "2026-11.Renew" is ("2026-11", "Renew").
    """
    if report.group:
        names = tuple(part.replace("%2E", ".").replace("%25", "%") for part in text.split("."))
        return names if len(names) == len(report.group) else None
    path = tuple(map(int, text.split("."))) if _PATH.fullmatch(text) else ()
    return path if 0 < len(path) < len(report.levels) else None


def row_names(report: Report) -> str:
    """How rows that open are named, for messages."""
    return f"named by their {report.group_label.lower()}" if report.group else "named like 17 or 17.3"


def _parse_group(params: QueryParams) -> tuple[Dimension, ...]:
    dimensions: list[Dimension] = []
    known = params.report.dimensions_by_key
    for key in params.values.get("group", []):
        if key not in known:
            params.add_error("group", key, f"can't be grouped by; this report can be grouped by {', '.join(known)}")
        elif known[key] in dimensions:
            params.add_error("group", key, "is named twice; name each once")
        elif len(dimensions) == MAX_GROUP:
            params.add_error("group", key, f"is one too many; a view is grouped by at most {MAX_GROUP}")
        else:
            dimensions.append(known[key])
    return tuple(dimensions)


def _parse_columns(params: QueryParams) -> tuple[Column, ...]:
    columns: list[Column] = []
    known = params.report.columns_by_key
    for key in params.values.get("columns", []):
        column = known.get(key)
        if not column:
            params.add_error("columns", key, f"is not a column of this report; it has {', '.join(known)}")
        elif column in columns:
            params.add_error("columns", key, "is named twice; name each column once")
        else:
            columns.append(column)
    if not columns:
        return params.report.default_columns
    fixed = [column for column in params.report.columns if column.fixed]
    return (*fixed, *(column for column in columns if not column.fixed))


def _parse_sort(params: QueryParams, columns: tuple[Column, ...]) -> str:
    """The sort, or the default one when its column is hidden."""
    sort = params.one("sort")
    if not sort:
        return params.report.default_sort
    column = params.report.columns_by_key.get(sort.removeprefix("-"))
    if not column:
        keys = ", ".join(column.key for column in columns)
        params.add_error("sort", sort, f"is not a column to sort by; use one of {keys}, with - in front for descending")
    return sort if column in columns else params.report.default_sort


def _parse_size(params: QueryParams) -> int:
    size = params.one("size") or str(DEFAULT_PAGE_SIZE)
    if size not in map(str, PAGE_SIZES):
        params.add_error("size", size, f"is not a page size; use one of {', '.join(map(str, PAGE_SIZES))}")
        return DEFAULT_PAGE_SIZE
    return int(size)


def _parse_open_rows(params: QueryParams) -> tuple[RowPath, ...]:
    paths = set()
    for text in params.values.get("open", []):
        is_all = text == format_path(ALL_ROWS) and not params.report.group
        path = ALL_ROWS if is_all else parse_path(params.report, text)
        if path is None:
            expected = f"is not a row that opens; rows are {row_names(params.report)}"
            params.add_error("open", text, expected if params.report.group else f"{expected}, or all")
        else:
            paths.add(path)
    return (ALL_ROWS,) if ALL_ROWS in paths else tuple(sorted(paths))


def _parse_filters(params: QueryParams) -> dict[str, str]:
    filters = {}
    for filter_ in params.report.filters:
        value = params.one(filter_.key)
        if value is None:
            continue
        try:
            if parsed := filter_.parse(value):
                filters[filter_.key] = parsed
        except ValueError as error:
            params.add_error(filter_.key, value, str(error))
    if filters.get("from", "") > filters.get("to", "9999-12-31"):
        params.add_error("from", filters["from"], f"is after to, “{filters['to']}”; from must be the earlier day")
    if "period" in filters and {"from", "to"} & filters.keys():
        params.add_error("period", filters["period"], "can't stand beside from or to; keep the period or the days")
    return filters


def _parse_position(params: QueryParams, view: View) -> PagePosition | None:
    """The position of the page. A cursor of another sort, filter or size is ignored: the change leads to page one."""
    after, before = params.one("after"), params.one("before")
    if after and before:
        params.add_error("before", before, "can't stand beside after; keep one of them")
    if before in (LAST_PAGE, f"{LAST_PAGE}-{view.cursor_context}"):
        return LAST_POSITION
    if before and _LAST_PAGE_OF_ANOTHER_VIEW.fullmatch(before):
        return None
    text = after or before
    if not text:
        return None
    try:
        cursor = Cursor.parse(text)
    except ValueError as error:
        params.add_error("after" if after else "before", text, str(error))
        return None
    return PagePosition(bool(after), cursor) if cursor.context == view.cursor_context else None
