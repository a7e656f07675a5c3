"""Periods by name, and which days they are: a saved link that names one stays alive."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

Days = tuple[date, date]
"""The first day and the last one, both included."""

_MONTH, _QUARTER, _YEAR = 1, 3, 12


def _from_today(first: int, last: int) -> Callable[[date], Days]:
    """The `first` to the `last` day, counted from today, which is 0."""
    return lambda today: (today + timedelta(first), today + timedelta(last))


def _whole(months: int, step: int = 0) -> Callable[[date], Days]:
    """The month, quarter or year, as long as it is in months, that holds today, or the one `step` further on."""

    def days(today: date) -> Days:
        first = ((today.year * 12 + today.month - 1) // months + step) * months
        return _first_of(first), _first_of(first + months) - timedelta(1)

    return days


def _first_of(month: int) -> date:
    """The first day of a month, which is counted through all years."""
    return date(month // 12, month % 12 + 1, 1)


PERIODS = {
    "today": _from_today(0, 0),
    "yesterday": _from_today(-1, -1),
    "this-month": _whole(_MONTH),
    "last-month": _whole(_MONTH, -1),
    "next-month": _whole(_MONTH, 1),
    "this-quarter": _whole(_QUARTER),
    "last-quarter": _whole(_QUARTER, -1),
    "this-year": _whole(_YEAR),
    "last-year": _whole(_YEAR, -1),
    "last-7-days": _from_today(-6, 0),
    "last-30-days": _from_today(-29, 0),
    "last-90-days": _from_today(-89, 0),
    "next-30-days": _from_today(0, 29),
    "next-90-days": _from_today(0, 89),
}
"""Today is among the last days and among the next ones."""

PAST_PERIODS = tuple(name for name in PERIODS if not name.startswith("next-"))


def period_dates(name: str, today: date) -> tuple[str, str]:
    """The first and the last day of a period, as the database holds days."""
    first, last = PERIODS[name](today)
    return str(first), str(last)


def months_around(first: int, last: int) -> Callable[[date], list[str]]:
    """The `first` to the `last` month, such as "2026-11", counted from that of a day, which is 0; as far as there are
    such in the calendar."""

    def named(day: date) -> list[str]:
        month = day.year * _YEAR + day.month - 1
        there = range(max(month + first, date.min.year * _YEAR), min(month + last, date.max.year * _YEAR + 11) + 1)
        return [str(_first_of(each))[:7] for each in there]

    return named


def month_dates(month: str) -> tuple[str, str]:
    """The first and the last day of a month."""
    year, number = map(int, month.split("-"))
    return f"{month}-01", f"{month}-{monthrange(year, number)[1]}"


def period_title(name: str) -> str:
    return name.replace("-", " ").capitalize()


def describe_period(name: str, today: date) -> str:
    """What a period is called, and its days: "Last month, 2026-10-01 to 2026-10-31"."""
    first, last = period_dates(name, today)
    return f"{period_title(name)}, {first}" if first == last else f"{period_title(name)}, {first} to {last}"
