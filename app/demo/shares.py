"""How the partner's transactions are spread over customers and subscriptions, and what part each of these plays."""

from collections.abc import Iterator
from enum import Enum, auto
from itertools import islice

from app.demo.dice import Dice
from app.demo.life import Fate


class Role(Enum):
    ORDINARY = auto()
    PROSPECT = auto()
    """Has nothing yet: no subscription, no holding."""
    FORMER = auto()
    """Had one subscription and cancelled it."""


_ROLES = {Role.ORDINARY: 94, Role.PROSPECT: 3, Role.FORMER: 3}
_FATES = {Fate.ENDING: 10, Fate.RUNNING: 60, Fate.ENDED: 14, Fate.CANCELLED: 16}
_UNEVEN = (0.3, 0.5, 0.8, 1.0, 2.4)
_FORMER = (2, 8)
_SUBSCRIPTION = (1, 2, 3, 5, 8, 13, 21)


def fates(dice: Dice) -> Iterator[Fate]:
    return dice.turns(_FATES)


def shares(dice: Dice, customers: int, transactions: int) -> Iterator[tuple[Role, int]]:
    """Each customer's role and number of transactions, which add up. The last one takes all that is left."""
    for others, role in zip(reversed(range(customers)), _roles(dice, customers), strict=True):
        share = min(transactions, _share(dice, role, transactions / (others + 1))) if others else transactions
        transactions -= share
        yield role, share


def lives(dice: Dice, role: Role, share: int, fates: Iterator[Fate]) -> Iterator[tuple[Fate, int]]:
    """The fates of a customer's subscriptions, and how many transactions each has."""
    if role is Role.FORMER and share:
        yield Fate.CANCELLED, share
        return
    while share:
        size = min(share, dice.pick(_SUBSCRIPTION))
        yield next(fates), size
        share -= size


def _roles(dice: Dice, customers: int) -> Iterator[Role]:
    yield from islice(dice.turns(_ROLES), customers - 1)
    yield Role.ORDINARY


def _share(dice: Dice, role: Role, even: float) -> int:
    if role is Role.PROSPECT:
        return 0
    if role is Role.FORMER:
        fewest, most = _FORMER
        return max(fewest, min(most, int(even)))
    return int(even * dice.pick(_UNEVEN) + dice.roll())
