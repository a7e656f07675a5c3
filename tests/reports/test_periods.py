"""Named periods have the right days, on every day of the calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.periods import PERIODS, describe_period, period_dates
from tests.oracle import holds
from tests.strategies import examples

DAY = timedelta(1)
calendar = st.dates(date(3, 1, 1), date(9998, 12, 31))
# Days at which months, quarters and years turn.
turns = st.sampled_from([(1, 1), (1, 31), (2, 28), (3, 1), (3, 31), (6, 30), (7, 1), (10, 1), (12, 31)])
edges = st.builds(lambda year, day: date(year, *day), st.integers(3, 9998), turns)
leap = st.integers(1, 2499).map(lambda fourth: 4 * fourth).filter(lambda year: year % 100 != 0 or year % 400 == 0)


@pytest.mark.parametrize("name", PERIODS)
@examples(40)
@given(today=calendar | edges | leap.map(lambda year: date(year, 2, 29)))
def test_period_has_exactly_its_days(name: str, today: date) -> None:
    first, last = map(date.fromisoformat, period_dates(name, today))
    assert first <= last
    assert all(holds(name, day, today) for day in (first, last, first + (last - first) // 2))
    assert not holds(name, first - DAY, today)
    assert not holds(name, last + DAY, today)


@given(today=calendar | edges)
def test_consecutive_periods_have_no_gap(today: date) -> None:
    for before, after in (
        ("yesterday", "today"),
        ("last-month", "this-month"),
        ("this-month", "next-month"),
        ("last-quarter", "this-quarter"),
        ("last-year", "this-year"),
    ):
        assert date.fromisoformat(period_dates(before, today)[1]) + DAY == date.fromisoformat(
            period_dates(after, today)[0]
        )
    for number in (7, 30, 90):
        first, last = map(date.fromisoformat, period_dates(f"last-{number}-days", today))
        assert (last - first + DAY).days == number


@pytest.mark.parametrize(
    ("today", "name", "first", "last"),
    [
        ("2026-11-24", "last-month", "2026-10-01", "2026-10-31"),
        ("2027-01-15", "last-month", "2026-12-01", "2026-12-31"),
        ("2026-12-31", "next-month", "2027-01-01", "2027-01-31"),
        ("2024-03-31", "last-month", "2024-02-01", "2024-02-29"),
        ("2025-03-31", "last-month", "2025-02-01", "2025-02-28"),
        ("2026-11-24", "this-quarter", "2026-10-01", "2026-12-31"),
        ("2026-01-01", "last-quarter", "2025-10-01", "2025-12-31"),
        ("2026-11-24", "last-year", "2025-01-01", "2025-12-31"),
        ("2026-11-24", "last-7-days", "2026-11-18", "2026-11-24"),
        ("2026-11-24", "next-30-days", "2026-11-24", "2026-12-23"),
        ("2026-11-24", "yesterday", "2026-11-23", "2026-11-23"),
    ],
)
def test_period_dates(today: str, name: str, first: str, last: str) -> None:
    assert period_dates(name, date.fromisoformat(today)) == (first, last)


def test_describe_period() -> None:
    today = date(2026, 11, 24)
    assert describe_period("last-month", today) == "Last month, 2026-10-01 to 2026-10-31"
    assert describe_period("yesterday", today) == "Yesterday, 2026-11-23"
