"""Parse the cells of a file as people and programs write them: numbers, dates and moments.

A parser takes a cell and returns its value. It raises ValueError with words that follow the cell in a message, such as
"is not a date such as 2026-11-22". It raises Ambiguous where the cell has two readings, and nobody has said which one
the file means.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from unicodedata import category

from app.table.kinds import DATE, DATETIME, INTEGER, MONEY, Kind, unguard
from models import clean_text

Parser = Callable[[str], Any]

DATE_ORDERS = {"iso": "year-month-day", "dmy": "day/month/year", "mdy": "month/day/year"}
DECIMALS = {"point": "written like 1,234.50", "comma": "written like 1.234,50"}


class Ambiguous(Exception):
    """A cell has two readings. `setting` is the one of Formats that decides."""

    def __init__(self, setting: str) -> None:
        super().__init__(setting)
        self.setting = setting


@dataclass(frozen=True)
class Formats:
    """How a file writes dates and numbers: keys of DATE_ORDERS and DECIMALS, "" while nobody has said."""

    date_order: str = ""
    decimal: str = ""

    def parser(self, kind: Kind) -> Parser:
        """The parser of a kind's cells. A cell as our own files have it is read without looking at the formats."""
        parse = {INTEGER: self._integer, MONEY: self._money, DATE: self._date, DATETIME: self._moment}[kind]

        def parse_cell(cell: str) -> Any:
            try:
                return kind.parse(cell)
            except ValueError as error:
                value = parse(clean_text(unguard(cell)))  # other programs guard a minus
                if value is None:
                    raise error from None
                return value

        return parse_cell

    def _integer(self, text: str) -> int | None:
        number = _read_number(text)
        whole, fraction = number.split(self.decimal, counts=True) if number else ("", "")
        return number.sign * int(whole) if number and not fraction and len(whole) <= _MAX_DIGITS else None

    def _money(self, text: str) -> int | None:
        number = _read_number(text)
        whole, fraction = number.split(self.decimal, counts=False) if number else ("", "")
        fits = len(fraction) <= _CENTS and len(whole) <= _MAX_DIGITS
        return number.sign * int(f"{whole}{fraction:0<2}") if number and fits else None

    def _date(self, text: str) -> str | None:
        moment = self._moment(text)
        return moment and moment[:10]

    def _moment(self, text: str) -> str | None:
        if _MONTH.fullmatch(text):
            raise ValueError("is a month, not a day such as 2026-11-22")
        if _SERIAL.fullmatch(text):
            day = _EXCEL_EPOCH + timedelta(int(text))
            raise ValueError(f"is a number, which Excel shows as {day} once the column has a format of dates")
        match = _MOMENT.fullmatch(text)
        try:
            return match and _in_utc(date(*self._year_month_day(match["day"])), match)
        except (ValueError, OverflowError):  # well-formed, but not in the calendar
            return None

    def _year_month_day(self, text: str) -> tuple[int, int, int]:
        """Raises ValueError and Ambiguous."""
        if match := _YEAR_FIRST.fullmatch(text):
            year, month, day = map(int, match.groups())
            return year, month, day
        if match := _DAY_MONTH_NAME.fullmatch(text) or _MONTH_NAME_DAY.fullmatch(text):
            return _year(match["year"]), _month(match["month"]), int(match["number"])
        match = _NUMBERS.fullmatch(text)
        if match is None or self.date_order == "iso":
            raise ValueError
        first, second, year = int(match["first"]), int(match["second"]), _year(match["year"])
        order = self.date_order or _order_of(match)
        return (year, second, first) if order == "dmy" else (year, first, second)


def evidence(kind: Kind, cell: str) -> tuple[str, str]:
    """The setting of Formats of which a cell tells, and what it says: ("date_order", "dmy"); ("", "") if it doesn't."""
    text = clean_text(unguard(cell))
    if kind in (INTEGER, MONEY) and (number := _read_number(text)):
        return "decimal", number.decimal_mark(counts=kind is INTEGER)
    if kind in (DATE, DATETIME) and (match := _MOMENT.fullmatch(text)) and (day := _NUMBERS.fullmatch(match["day"])):
        try:
            return "date_order", _order_of(day)
        except Ambiguous:
            pass
    return "", ""


# --- Numbers

_MAX_DIGITS, _CENTS = 12, 2  # of a number before the decimal mark, and after it
_THOUSAND = 3  # digits
_MINUS = "\u2212\u2010\u2011\u2013-"  # minus sign, hyphens, en dash
_CURRENCY = rf"(?:[A-Z]{{0,3}}[^\w\s.,'’()+{_MINUS}]|[A-Z]{{3}})"  # €, US$, CHF
_SIGNED = re.compile(
    rf"(?P<before>{_CURRENCY} ?)?(?P<sign>[+{_MINUS}] ?)?(?P<between>{_CURRENCY} ?)?"
    rf"(?P<digits>[0-9.,][0-9.,'’ ]*)?(?P<after> ?{_CURRENCY})?(?P<last_sign> ?[{_MINUS}])?"
)
_DIGITS = re.compile(
    r"(?:(?P<grouped>[0-9]{1,3}(?P<mark>[.,'’ ])[0-9]{3}(?:(?P=mark)[0-9]{3})*)|(?P<plain>[0-9]*))"
    r"(?:(?P<decimal>[.,])(?P<fraction>[0-9]+))?"
)
_DECIMAL_OF = {".": "point", ",": "comma"}  # by the mark before the fraction
_OTHER_OF = {".": "comma", ",": "point"}  # by the mark between thousands


class _Number(NamedTuple):
    """A number's sign and the parts of its digits. `mark` stands between thousands, `decimal` before the fraction."""

    sign: int
    whole: str
    mark: str = ""
    decimal: str = ""
    fraction: str = ""

    def _is_ambiguous(self, counts: bool) -> bool:
        """Whether 1,234 may be one and a bit. Among counts only 1,000 may, since no other is a whole number."""
        single = self.mark in _OTHER_OF and not self.decimal and len(self.whole) <= 2 * _THOUSAND
        return single and (not counts or self.whole.endswith("000"))

    def decimal_mark(self, counts: bool) -> str:
        """The key of DECIMALS that the file must have, "" where this number doesn't tell."""
        if self._is_ambiguous(counts):
            return ""
        return _DECIMAL_OF.get(self.decimal) or _OTHER_OF.get(self.mark, "")

    def split(self, decimal: str, counts: bool) -> tuple[str, str]:
        """The digits before and after the decimal mark; those of an amount without zeros at the end."""
        whole, fraction = self.whole, self.fraction
        if self._is_ambiguous(counts):
            if not decimal:
                raise Ambiguous("decimal")
            if decimal == _DECIMAL_OF[self.mark]:
                whole, fraction = whole[:-_THOUSAND], whole[-_THOUSAND:]
        return whole.lstrip("0") or "0", fraction if counts else fraction.rstrip("0")


def _read_number(text: str) -> _Number | None:
    """Read 1,234.50, 1.234,50, 1'234.50, (12.00), 12-, € 12.00, 12.00 USD, or - for zero. None if it is no number."""
    in_brackets = text.startswith("(") and text.endswith(")")
    match = _SIGNED.fullmatch(text[1:-1].strip() if in_brackets else text)
    if match is None:
        return None
    currencies = [match[name].strip() for name in ("before", "between", "after") if match[name]]
    signs = [sign for sign in (match["sign"], match["last_sign"], in_brackets) if sign]
    if len(currencies) > 1 or len(signs) > 1 or any(category(text[-1]) not in ("Sc", "Lu") for text in currencies):
        return None
    if not match["digits"]:  # accountants write a dash for zero
        return _Number(1, "0") if match["sign"] and match["sign"][0] != "+" else None
    parts = _DIGITS.fullmatch(match["digits"].strip())
    if parts is None or not (parts["grouped"] or parts["plain"] or parts["fraction"]):
        return None
    sign = -1 if signs and match["sign"] not in ("+", "+ ") else 1
    mark, decimal = parts["mark"] or "", parts["decimal"] or ""
    whole = "".join(filter(str.isdigit, parts["grouped"] or parts["plain"])) or "0"
    if mark and (mark == decimal or whole.startswith("0")):  # 1,234,50 is no number, and 0.500 has no thousands
        small = _DECIMAL_OF.get(mark) and not decimal and len(whole) <= 2 * _THOUSAND
        return _Number(sign, whole[:-_THOUSAND], "", mark, whole[-_THOUSAND:]) if small else None
    return _Number(sign, whole, mark, decimal, parts["fraction"] or "")


# --- Dates

_TIME = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?"
)
_MOMENT = re.compile(rf"(?P<day>[^:]*?)(?:(?:T|,? ){_TIME})?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_NUMBERS = re.compile(rf"(?P<first>[0-9]{{1,2}})(?P<mark>[-/.])(?P<second>[0-9]{{1,2}})(?P=mark){_YEAR}")
_NAME = r"(?P<month>[A-Za-z]{3,9})\.?"
_DAY_MONTH_NAME = re.compile(rf"(?P<number>[0-9]{{1,2}})[-/. ]+{_NAME}[-/., ]+{_YEAR}")
_MONTH_NAME_DAY = re.compile(rf"{_NAME}[- ](?P<number>[0-9]{{1,2}}),? (?P<year>[0-9]{{4}})")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_MONTH = re.compile(
    rf"(?:{'|'.join(f'{name[:3]}[a-z]*' for name in _MONTHS)})[-/. ]*(?:[0-9]{{4}}|[0-9]{{2}})?"
    r"|[0-9]{4}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{4}",
    re.IGNORECASE,
)
_SERIAL, _EXCEL_EPOCH = re.compile(r"[1-9][0-9]{4}"), date(1899, 12, 30)  # a day as Excel counts it, up to 2173
_PIVOT, _HALF_DAY = 69, 12  # two digits from 69 on are a year of the last century, as POSIX has it


def _order_of(numbers: re.Match[str]) -> str:
    """The order of day and month, "" where it makes no difference. Raises Ambiguous.

    22/11/26 doesn't tell: it may be of 2022.
    """
    first, second = int(numbers["first"]), int(numbers["second"])
    if len(numbers["year"]) < len("2026"):
        raise Ambiguous("date_order")
    if first == second or (first > len(_MONTHS) and second > len(_MONTHS)):
        return ""
    if first > len(_MONTHS):
        return "dmy"
    if second > len(_MONTHS):
        return "mdy"
    raise Ambiguous("date_order")


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == len("2026") else year + (1900 if year >= _PIVOT else 2000)


def _month(name: str) -> int:
    """Raises ValueError."""
    beginning = "sep" if name.lower() == "sept" else name.lower()
    (number,) = (at for at, month in enumerate(_MONTHS, 1) if month.startswith(beginning))
    return number


def _in_utc(day: date, match: re.Match[str]) -> str:
    """The moment in UTC. Without a zone the file's time is UTC. Raises ValueError and OverflowError."""
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= _HALF_DAY:
            raise ValueError
        hour = hour % _HALF_DAY + _HALF_DAY * (match["half"] in "Pp")
    zone = (match["zone"] or "Z").replace("GMT", "Z").replace("UTC", "Z")
    moment = datetime.fromisoformat(f"{day}T{hour:02}:{match['minute'] or '00'}:{match['second'] or '00'}{zone}")
    return str(moment.astimezone(UTC).replace(tzinfo=None))
