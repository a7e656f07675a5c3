"""The kinds of values: how each is parsed from a file, shown on a page, and written to a CSV."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Value = Any  # what the database holds: text, an integer, money in cents, or a date as its ISO text

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,11})")
_AMOUNT = re.compile(r"-?(?:0|[1-9][0-9]{0,11})\.[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")

# The formula guard of CSV cells, as patterns by the delimiter of the file.
_FORMULA = r"[=+\-@＝＋－＠\t\r\n]"  # what spreadsheets begin a formula with, full-width forms too
_BLANKS = r" \x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # \s but for tab, CR, LF
_OTHERS = {",": ";|\t", ";": ",|\t"}  # what other programs may take for the delimiter of such a file
_STARTS = {delimiter: f"((?:^|[{others}])[{_BLANKS}']*)" for delimiter, others in _OTHERS.items()}
_UNGUARDED = {delimiter: re.compile(f"{start}(?={_FORMULA})") for delimiter, start in _STARTS.items()}
_GUARDED = {delimiter: re.compile(f"{start}'(?={_FORMULA})") for delimiter, start in _STARTS.items()}
# Quick tests, because most texts need no guard: one that does begins like _FIRST, or has one of the _OTHERS in it.
_FIRST = re.compile(f"{_FORMULA}|[{_BLANKS}']")
_INNER = {delimiter: re.compile(f"[{others}]") for delimiter, others in _OTHERS.items()}


def guard(text: str, delimiter: str = ",") -> str:
    """Put an apostrophe before each character at which a spreadsheet would begin a formula (CSV injection).

    These are formula characters at the start of a cell, after spaces and apostrophes there, and likewise after each
    character that another program may take for the delimiter of the file.
    """
    if _FIRST.match(text) or _INNER[delimiter].search(text):
        return _UNGUARDED[delimiter].sub(r"\1'", text)
    return text


def unguard(text: str, delimiter: str = ",") -> str:
    """Remove the apostrophes that `guard` puts in for this delimiter, and no others."""
    return _GUARDED[delimiter].sub(r"\1", text) if "'" in text else text


def needs_no_guard(texts: Sequence[str], delimiter: str) -> bool:
    """Whether none of the texts may need a guard. One search of all texts as one string is faster than many."""
    joined = "".join(texts)
    return not (
        _FIRST.search("".join([text[:1] for text in texts])) or any(map(joined.__contains__, _OTHERS[delimiter]))
    )


def _text(cell: str) -> str:
    text = unguard(cell)
    return "" if text.isspace() else text


def _integer(cell: str) -> int:
    if not _INTEGER.fullmatch(cell) or cell == "-0":
        raise ValueError("is not a whole number of up to 12 digits such as 1234")
    return int(cell)


def _money(cell: str) -> int:
    if not _AMOUNT.fullmatch(cell) or cell == "-0.00":
        raise ValueError("is not an amount of up to 12 digits and two decimals such as -1234.50")
    return int(cell.replace(".", ""))


def _date(cell: str) -> str:
    try:
        if _DAY.fullmatch(cell):
            return date.fromisoformat(cell).isoformat()
    except ValueError:
        pass  # well-formed, but not in the calendar: 2026-02-30
    raise ValueError("is not a date such as 2026-11-22")


def _datetime(cell: str) -> str:
    try:
        if _DAY.fullmatch(cell):
            return f"{date.fromisoformat(cell)} 00:00:00"
        if _DATETIME.fullmatch(cell):
            return str(datetime.fromisoformat(cell))
    except ValueError:
        pass  # well-formed, but not in the calendar
    raise ValueError("is not a date and time such as 2026-11-22 13:05:00")


def _export_cents(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def _show_cents(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02}"


@dataclass(frozen=True, eq=False)
class Kind:
    """How values of one kind are read and written.

    name:    the kind's name in templates and CSS.
    parse:   a cell of an imported file → the value. Raises ValueError with words that follow the cell in the error
             message: "is not a date such as 2026-11-22".
    show:    the value → its text on a page: "1,234.50".
    export:  the value → its cell in a CSV, before quoting: "1234.50".
    numeric: whether it is a number, which can be summed and is aligned to the right.
    width:   the CSS class of the width of its columns (`app.table.definitions.Column`).
    """

    name: str
    parse: Callable[[str], Value]
    show: Callable[[Value], str] = str
    export: Callable[[Value], str] = str
    numeric: bool = False
    width: str = "text-2"


TEXT = Kind("text", _text, export=guard)
OPTIONAL_NAME = Kind("text", _text, show=lambda name: name or "Not specified", export=guard)
ID = Kind("id", _text, export=guard, width="ch-12")
BADGE = Kind("badge", _text, export=guard, width="ch-12")
INTEGER = Kind("integer", _integer, show="{:,}".format, numeric=True, width="ch-12")
MONEY = Kind("money", _money, show=_show_cents, export=_export_cents, numeric=True, width="ch-14")
DATE = Kind("date", _date, width="ch-12")
PERIOD = Kind("period", _text, width="ch-12")  # a month, a quarter or a year: "2026-11", "2026-Q4", "2026"
DATETIME = Kind("datetime", _datetime, width="ch-19")
