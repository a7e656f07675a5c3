"""Named periods such as "last-month". Their days follow from the current day, so that a saved link stays current."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

Days = tuple[date, date]  # the first and the last day, both included

FIRST_DAY = date(1900, 1, 1)  # that filters and charts know

_MONTH, _QUARTER, _YEAR = 1, 3, 12  # in months


def _days(first: int, last: int) -> Callable[[date], Days]:
    """From the `first` to the `last` day, counted from today: 0 is today, -1 is yesterday."""
    return lambda today: (today + timedelta(first), today + timedelta(last))


def _calendar(months: int, offset: int = 0, number: int = 1) -> Callable[[date], Days]:
    """The calendar month, quarter or year with today, or the one `offset` later. `months` is its length.

    With `number` it is the first of so many.
    """

    def days(today: date) -> Days:
        first = ((today.year * 12 + today.month - 1) // months + offset) * months
        return _first_of_month(first), _first_of_month(first + months * number) - timedelta(1)

    return days


def _first_of_month(month: int) -> date:
    """The first day of a month, which is counted from January of the year 0."""
    return date(month // 12, month % 12 + 1, 1)


# "Last" and "next" days include today, and the next 12 months the current one.
PERIODS = {
    "today": _days(0, 0),
    "yesterday": _days(-1, -1),
    "this-month": _calendar(_MONTH),
    "last-month": _calendar(_MONTH, -1),
    "next-month": _calendar(_MONTH, 1),
    "this-quarter": _calendar(_QUARTER),
    "last-quarter": _calendar(_QUARTER, -1),
    "this-year": _calendar(_YEAR),
    "last-year": _calendar(_YEAR, -1),
    "this-and-last-year": _calendar(_YEAR, -1, 2),
    "next-12-months": _calendar(_MONTH, 0, 12),
    "last-7-days": _days(-6, 0),
    "last-30-days": _days(-29, 0),
    "last-90-days": _days(-89, 0),
    "next-30-days": _days(0, 29),
    "next-90-days": _days(0, 89),
}
PAST_PERIODS = tuple(name for name in PERIODS if not name.startswith("next-"))


def period_dates(name: str, today: date) -> tuple[str, str]:
    """The first and the last day of a period: "last-month" on 2026-11-24 is ("2026-10-01", "2026-10-31")."""
    first, last = PERIODS[name](today)
    return str(first), str(last)


def months_around(first: int, last: int) -> Callable[[date], list[str]]:
    """The months of a chart, from the `first` to the `last`, counted from the current one: 0 is this month.

    Example: `months_around(-1, 0)(date(2026, 11, 24))` is `["2026-10", "2026-11"]`. The years 1900 to 9999 limit them.
    """

    def months(today: date) -> list[str]:
        month = today.year * 12 + today.month - 1
        numbers = range(max(month + first, FIRST_DAY.year * 12), min(month + last, date.max.year * 12 + 11) + 1)
        return [str(_first_of_month(number))[:7] for number in numbers]

    return months


@dataclass(frozen=True)
class PeriodLength:
    """The calendar's months, quarters or years. `key` names one of them, `months` is how long it is."""

    key: str
    months: int

    def of_day(self, day: str) -> str:
        """The period with a day: "2026-11-23" is in "2026-11", "2026-Q4" and "2026"."""
        return self._name((int(day[:4]) * 12 + int(day[5:7]) - 1) // self.months)

    def days(self, period: str) -> tuple[str, str]:
        """The first and the last day of a period: "2026-11" is ("2026-11-01", "2026-11-30")."""
        first = self._number(period) * self.months
        (year, month), (last_year, last_month) = divmod(first, 12), divmod(first + self.months - 1, 12)
        last_day = monthrange(last_year, last_month + 1)[1]
        return f"{year:04}-{month + 1:02}-01", f"{last_year:04}-{last_month + 1:02}-{last_day}"

    def between(self, first: str, last: str) -> list[str]:
        """The periods from the first to the last."""
        return list(map(self._name, range(self._number(first), self._number(last) + 1)))

    def _number(self, period: str) -> int:
        """The number of a period since the year 0."""
        year, part = int(period[:4]), period[5:].removeprefix("Q") or "1"
        return year * (12 // self.months) + int(part) - 1

    def _name(self, number: int) -> str:
        year, part = divmod(number, 12 // self.months)
        return f"{year:04}" + {_MONTH: f"-{part + 1:02}", _QUARTER: f"-Q{part + 1}", _YEAR: ""}[self.months]


MONTH, QUARTER, YEAR = PeriodLength("month", _MONTH), PeriodLength("quarter", _QUARTER), PeriodLength("year", _YEAR)


def period_title(name: str) -> str:
    """The label of a period: "last-month" is "Last month"."""
    return name.replace("-", " ").capitalize()


def describe_period(name: str, today: date) -> str:
    """The label of a period with its days: "Last month, 2026-10-01 to 2026-10-31"."""
    first, last = period_dates(name, today)
    return f"{period_title(name)}, {first}" if first == last else f"{period_title(name)}, {first} to {last}"
