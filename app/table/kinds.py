"""How one sort of value reads: shown to a person, written to a file, parsed from one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Value = Any
"""What the database holds: text, a whole number, money in cents, or a date as its ISO text."""

_DIGITS = re.compile(r"-?(?:0|[1-9][0-9]{0,11})")
_AMOUNT = re.compile(r"-?(?:0|[1-9][0-9]{0,11})\.[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def guard(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    return "'" + text if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """Take away the apostrophe that `guard` put there, and no other."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text, 1) else text


def _text(cell: str) -> str:
    text = unguard(cell)
    return "" if text.isspace() else text


def _integer(cell: str) -> int:
    if not _DIGITS.fullmatch(cell) or cell == "-0":
        raise ValueError("is not a whole number of up to 12 digits such as 1234")
    return int(cell)


def _money(cell: str) -> int:
    if not _AMOUNT.fullmatch(cell) or cell == "-0.00":
        raise ValueError("is not an amount with two decimals such as -1234.50")
    return int(cell.replace(".", ""))


def _date(cell: str) -> str:
    try:
        if _DAY.fullmatch(cell):
            return date.fromisoformat(cell).isoformat()
    except ValueError:
        pass  # the form is right, the day isn't in the calendar
    raise ValueError("is not a date such as 2026-11-22")


def _datetime(cell: str) -> str:
    try:
        if _DAY.fullmatch(cell):
            return f"{date.fromisoformat(cell)} 00:00:00"
        if _MOMENT.fullmatch(cell):
            return str(datetime.fromisoformat(cell))
    except ValueError:
        pass  # the form is right, the moment isn't in the calendar
    raise ValueError("is not a date and time such as 2026-11-22 13:05:00")


def _cents(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def _grouped_cents(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02}"


@dataclass(frozen=True, eq=False)
class Kind:
    """`parse` raises ValueError with words that follow the value: "is not a date such as …"."""

    name: str
    parse: Callable[[str], Value]
    show: Callable[[Value], str] = str
    export: Callable[[Value], str] = str
    numeric: bool = False


TEXT = Kind("text", _text, export=guard)
ID = Kind("id", _text, export=guard)
BADGE = Kind("badge", _text, export=guard)
INTEGER = Kind("integer", _integer, show="{:,}".format, numeric=True)
MONEY = Kind("money", _money, show=_grouped_cents, export=_cents, numeric=True)
DATE = Kind("date", _date)
DATETIME = Kind("datetime", _datetime)
