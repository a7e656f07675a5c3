"""When a subscription is ordered, changed, renewed and cancelled."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from app.demo.dice import Dice

_TERMS = (1, 1, 1, 2, 3)
_RENEWING_YEARS = 5
_OPENS, _OPEN_FOR, _NIGHT = 8 * 3600, 10 * 3600, 3 * 3600
DAY = 24 * 3600


class Fate(Enum):
    """How a subscription stands today, and in how many days its term ends: the least, the most (None: a full term)."""

    ENDING = (0, 30)
    RUNNING = (31, None)
    ENDED = (-600, -1)
    CANCELLED = (-200, None)


@dataclass(frozen=True)
class Life:
    """Moments are seconds since the eve of the year 1, so that the day's ordinal is `moment // DAY`.

    `changes` are sorted; all moments differ, and none is of today or later.
    """

    years: int
    ordered: int
    changes: list[int]
    renewals: list[int]
    cancelled: int | None


def life(dice: Dice, fate: Fate, transactions: int, today: date) -> Life:
    """A life with exactly so many transactions, at least one. Only one with two or more can be cancelled."""
    years = dice.pick(_TERMS)
    cancelled = fate is Fate.CANCELLED and transactions > 1
    further = transactions - 1 - cancelled
    renewals = min(further, dice.whole(0, _RENEWING_YEARS // years))
    end = _end(dice, fate, years, today)
    starts = [_years_before(end, years * (renewals + 1 - term)).toordinal() for term in range(renewals + 1)]
    until = min(end, today).toordinal()
    if cancelled:
        until = dice.whole(starts[-1] + 2, until - 1)
    return Life(
        years,
        starts[0] * DAY + _in_office(dice),
        _changes(dice, starts[0] + 1, until, further - renewals),
        [start * DAY + dice.whole(0, _NIGHT) for start in starts[1:]],
        until * DAY + _in_office(dice) if cancelled else None,
    )


def _end(dice: Dice, fate: Fate, years: int, today: date) -> date:
    """The last term began at least four days ago, so that there is room for what happens in it."""
    first, last = fate.value
    return _years_before(today + timedelta(dice.whole(first, last or 365 * years - 4)), 0)


def _years_before(day: date, years: int) -> date:
    """Terms end on days that every year has."""
    return day.replace(year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _in_office(dice: Dice) -> int:
    return _OPENS + dice.whole(0, _OPEN_FOR - 1)


def _changes(dice: Dice, first: int, until: int, count: int) -> list[int]:
    """Moments of office hours from the day `first` to the one before `until`."""
    seconds = sorted(dice.sample(range((until - first) * _OPEN_FOR), count))
    return [(first + second // _OPEN_FOR) * DAY + _OPENS + second % _OPEN_FOR for second in seconds]
