"""What happens in a subscription's life, by whom."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.demo.dice import Dice
from app.demo.ledger import Change, Ledger
from app.demo.life import DAY, Life
from app.demo.parties import SYSTEM, User

_OPENED = (1, 1, 2, 3, 5, 10, 20, 50)
_ADDED = (1, 1, 1, 2, 2, 3, 5, 10, 25)
_FACTORS = (0.5, 0.8, 1.2, 2)
_RENEWAL, _TAKEN, _CREDITED = 0.25, 0.2, 0.5


class Event(NamedTuple):
    moment: int
    change: Change
    user: User


def events(dice: Dice, life: Life, ledger: Ledger, users: Sequence[User]) -> Iterator[Event]:
    """What happens, oldest first; `ledger` stands as it was left by the last event that was taken."""
    opening = ledger.inventory(ledger.plan.whole, dice.pick(_OPENED), life.ordered // DAY)
    yield Event(life.ordered, opening, dice.pick(users))
    for moment in sorted(life.changes + life.renewals):
        if moment in life.renewals:
            yield Event(moment, ledger.renew(), SYSTEM)
        else:
            yield Event(moment, _change(dice, ledger, moment // DAY), dice.pick(users))
    if life.cancelled:
        end = ledger.cancel(life.cancelled // DAY, dice.chance(_CREDITED))
        yield Event(life.cancelled, end, dice.pick(users))


def _change(dice: Dice, ledger: Ledger, day: int) -> Change:
    choice = dice.pick(ledger.plan.choices)
    fewest = min([ledger.current[place] for place in choice.places])
    if dice.chance(_RENEWAL):
        return ledger.renewal_inventory(choice, max(1, int(fewest * dice.pick(_FACTORS))))
    if fewest > 1 and dice.chance(_TAKEN):
        return ledger.inventory(choice, -dice.whole(1, fewest // 2), day)
    return ledger.inventory(choice, dice.pick(_ADDED), day)
