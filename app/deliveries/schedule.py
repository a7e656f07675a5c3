"""When a delivery is due: a pure function of its schedule and the time. All times are in UTC, without a time zone."""

from calendar import day_name, monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

DAILY, WEEKLY, MONTHLY = "day", "week", "month"
KINDS = {DAILY: "Every day", WEEKLY: "Every week", MONTHLY: "Every month"}
WEEKDAYS = dict(enumerate(day_name, 1))
HOURS, MONTH_DAYS = range(24), range(1, 32)
_DAYS = {DAILY: range(1), WEEKLY: range(1, 8), MONTHLY: MONTH_DAYS}


@dataclass(frozen=True)
class Schedule:
    """Times that repeat.

    kind: DAILY, WEEKLY or MONTHLY.
    day:  of the week, 1 for Monday; or of the month, in shorter months the last one. Daily it is 0.
    hour: 0 to 23.
    """

    kind: str
    day: int
    hour: int

    @property
    def is_valid(self) -> bool:
        return self.kind in KINDS and self.day in _DAYS[self.kind] and self.hour in HOURS

    def latest(self, now: datetime) -> datetime:
        """Return the last due time up to `now`."""
        due = self._due_in_period_of(now)
        if due <= now:
            return due
        if self.kind == MONTHLY:
            return self._due_in_period_of(now.replace(day=1) - timedelta(days=1))
        return due - self._interval

    def next(self, now: datetime) -> datetime:
        """Return the first due time after `now`."""
        latest = self.latest(now)
        if self.kind == MONTHLY:
            return self._due_in_period_of(latest.replace(day=28) + timedelta(days=4))
        return latest + self._interval

    @property
    def words(self) -> str:
        """The schedule behind a verb: "every Monday at 06:00 UTC"."""
        hour = f"at {self.hour:02}:00 UTC"
        if self.kind == DAILY:
            return f"every day {hour}"
        if self.kind == WEEKLY:
            return f"every {WEEKDAYS[self.day]} {hour}"
        shorter = ", or the last day of a shorter month," if self.day > MONTH_DAYS[27] else ""
        return f"on day {self.day} of every month{shorter} {hour}"

    @property
    def _interval(self) -> timedelta:
        return timedelta(days=7 if self.kind == WEEKLY else 1)

    def _due_in_period_of(self, time: datetime) -> datetime:
        """Return the due time of the day, the week or the month that `time` is in."""
        due = time.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        if self.kind == WEEKLY:
            return due + timedelta(days=self.day - due.isoweekday())
        if self.kind == MONTHLY:
            return due.replace(day=min(self.day, monthrange(due.year, due.month)[1]))
        return due
