"""Due times: each follows the last one, none is left out, in months of 28 to 31 days."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.deliveries.schedule import DAILY, MONTHLY, WEEKLY, Schedule

HOURS = st.integers(0, 23)
SCHEDULES = st.one_of(
    st.builds(Schedule, st.just(DAILY), st.just(0), HOURS),
    st.builds(Schedule, st.just(WEEKLY), st.integers(1, 7), HOURS),
    st.builds(Schedule, st.just(MONTHLY), st.integers(1, 31), HOURS),
)
TIMES = st.datetimes(datetime(1999, 1, 1), datetime(2101, 1, 1))


def fits(schedule: Schedule, time: datetime) -> bool:
    """Whether a time is due, in other words than the code's."""
    if (time.hour, time.minute, time.second, time.microsecond) != (schedule.hour, 0, 0, 0):
        return False
    if schedule.kind == WEEKLY:
        return time.weekday() == schedule.day - 1
    is_last_day = (time + timedelta(days=1)).month != time.month
    return schedule.kind == DAILY or time.day == schedule.day or (is_last_day and time.day < schedule.day)


@given(SCHEDULES, TIMES)
def test_latest_and_next_are_the_neighbours_of_now(schedule: Schedule, now: datetime) -> None:
    latest, following = schedule.latest(now), schedule.next(now)
    assert latest <= now < following
    hour = latest.replace(minute=0, second=0, microsecond=0)
    due = []
    while hour <= following:
        due += [hour] if fits(schedule, hour) else []
        hour += timedelta(hours=1)
    assert due == [latest, following]


@given(SCHEDULES, TIMES)
def test_due_time_is_its_own_latest(schedule: Schedule, now: datetime) -> None:
    assert schedule.latest(schedule.next(now)) == schedule.next(now)


def test_last_day_of_each_month() -> None:
    time, days = datetime(2028, 1, 1), []
    for _ in range(12):
        time = Schedule(MONTHLY, 31, 6).next(time)
        days.append(time.day)
    assert days == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
