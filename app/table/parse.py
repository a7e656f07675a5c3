"""Query strings read strictly: what can't be is a complaint, never a default."""

import re
from collections.abc import Iterable
from dataclasses import replace

from app.table.address import EVERY, Node, node_text
from app.table.asked import Asked, Complaint
from app.table.cursor import END, Cursor, Place
from app.table.dialect import KEY, Dialect, parse_dialect
from app.table.report import Column, Report
from app.table.view import DEFAULT_SIZE, SIZES, View

PLACE = ("after", "before", "size", "open")
"""The keys that choose a page of a view; a file has no pages and pays no heed to them."""

_NODE = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")


def parse(report: Report, pairs: Iterable[tuple[str, str]]) -> tuple[View, list[Complaint]]:
    """Read a query string. The view obeys whatever was right; complaints say what wasn't."""
    asked = Asked(report)
    asked.take(pairs)
    columns = _columns(asked)
    view = View(report, columns, _sort(asked, columns), _size(asked), open=_open(asked), filters=_filters(asked))
    return replace(view, place=_place(asked, view)), asked.complaints


def parse_csv(report: Report, pairs: Iterable[tuple[str, str]]) -> tuple[View, Dialect, list[Complaint]]:
    """Read the query string of a CSV: that of a view, whose place it pays no heed to, and the dialect."""
    asked = list(pairs)
    view, complaints = parse(report, [pair for pair in asked if pair[0] not in (*PLACE, KEY)])
    dialect, more = parse_dialect(asked)
    return view, dialect, [*complaints, *more]


def parse_node(text: str) -> Node | None:
    return tuple(map(int, text.split("."))) if _NODE.fullmatch(text) else None


def _columns(asked: Asked) -> tuple[Column, ...]:
    named: list[Column] = []
    known = asked.report.by_key
    for key in asked.values.get("columns", []):
        column = known.get(key)
        if not column:
            asked.complain("columns", key, f"is not a column of this report; it has {', '.join(known)}")
        elif column in named:
            asked.complain("columns", key, "is named twice; name each column once")
        else:
            named.append(column)
    if not named:
        return asked.report.default_columns
    fixed = [column for column in asked.report.columns if column.fixed]
    return (*fixed, *(column for column in named if not column.fixed))


def _sort(asked: Asked, columns: tuple[Column, ...]) -> str:
    """The sort that is asked for; hiding its column brings the default one back."""
    sort = asked.one("sort")
    if not sort:
        return asked.report.default_sort
    column = asked.report.by_key.get(sort.removeprefix("-"))
    if not column:
        keys = ", ".join(each.key for each in columns)
        asked.complain("sort", sort, f"is not a column to sort by; use one of {keys}, with - in front for descending")
    return sort if column in columns else asked.report.default_sort


def _size(asked: Asked) -> int:
    size = asked.one("size") or str(DEFAULT_SIZE)
    if size not in map(str, SIZES):
        asked.complain("size", size, f"is not a page size; use one of {', '.join(map(str, SIZES))}")
        return DEFAULT_SIZE
    return int(size)


def _open(asked: Asked) -> tuple[Node, ...]:
    nodes = set()
    for text in asked.values.get("open", []):
        node = EVERY if text == node_text(EVERY) else parse_node(text)
        if node is None or len(node) >= len(asked.report.levels):
            asked.complain("open", text, "is not a row that opens; rows are named like 17 or 17.3, or all")
        else:
            nodes.add(node)
    return (EVERY,) if EVERY in nodes else tuple(sorted(nodes))


def _filters(asked: Asked) -> dict[str, str]:
    chosen = {}
    for each in asked.report.filters:
        value = asked.one(each.key)
        if value is None:
            continue
        try:
            chosen[each.key] = each.parse(value)
        except ValueError as wrong:
            asked.complain(each.key, value, str(wrong))
    if chosen.get("from", "") > chosen.get("to", "9999-12-31"):
        asked.complain("from", chosen["from"], f"is after to, {chosen['to']}; from must be the earlier day")
    if "period" in chosen and {"from", "to"} & chosen.keys():
        asked.complain("period", chosen["period"], "can't stand beside from or to; keep the period or the days")
    return chosen


def _place(asked: Asked, view: View) -> Place | None:
    """The page that is asked for; a cursor of another sort, filter, search or size is dropped with that change."""
    after, before = asked.one("after"), asked.one("before")
    if after and before:
        asked.complain("before", before, "can't stand beside after; keep one of them")
    if before == END:
        return Place(forward=False, cursor=None)
    text = after or before
    if not text:
        return None
    try:
        cursor = Cursor.parse(text)
    except ValueError as wrong:
        asked.complain("after" if after else "before", text, str(wrong))
        return None
    return Place(bool(after), cursor) if cursor.context == view.context else None
