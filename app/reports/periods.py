"""Named periods such as "last-month". Their days follow from the current day, so that a saved link stays current."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

Days = tuple[date, date]  # the first and the last day, both included

FIRST_DAY = date(1900, 1, 1)  # that filters and charts know

_MONTH, _QUARTER, _YEAR = 1, 3, 12  # in months


def _days(first: int, last: int) -> Callable[[date], Days]:
    """From the `first` to the `last` day, counted from today: 0 is today, -1 is yesterday."""
    return lambda today: (today + timedelta(first), today + timedelta(last))


def _calendar(months: int, offset: int = 0) -> Callable[[date], Days]:
    """The calendar month, quarter or year with today, or the one `offset` later. `months` is its length."""

    def days(today: date) -> Days:
        first = ((today.year * 12 + today.month - 1) // months + offset) * months
        return _first_of_month(first), _first_of_month(first + months) - timedelta(1)

    return days


def _first_of_month(month: int) -> date:
    """The first day of a month, which is counted from January of the year 0."""
    return date(month // 12, month % 12 + 1, 1)


# "Last" and "next" days include today.
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


def month_dates(month: str) -> tuple[str, str]:
    """The first and the last day of a month: "2026-11" is ("2026-11-01", "2026-11-30")."""
    year, number = map(int, month.split("-"))
    return f"{month}-01", f"{month}-{monthrange(year, number)[1]}"


def period_title(name: str) -> str:
    """The label of a period: "last-month" is "Last month"."""
    return name.replace("-", " ").capitalize()


def describe_period(name: str, today: date) -> str:
    """The label of a period with its days: "Last month, 2026-10-01 to 2026-10-31"."""
    first, last = period_dates(name, today)
    return f"{period_title(name)}, {first}" if first == last else f"{period_title(name)}, {first} to {last}"
