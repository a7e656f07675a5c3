"""The whole demo partner, one customer after another."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.demo.catalogue import Product
from app.demo.clerk import Clerk
from app.demo.dice import Dice
from app.demo.parties import customers
from app.demo.shares import fates, lives, shares
from app.demo.usage import usage
from app.importing.layouts import Record


@dataclass(frozen=True)
class Partner:
    """Exactly so many customers (at least one) and transactions, as they stand on the morning of `today`.

    The same arguments make the same partner. However small it is, it shows as much as it has room for: the first
    customers and subscriptions take each role and fate in turn, the others draw theirs.
    """

    customers: int
    transactions: int
    seed: int
    today: date

    def records(self) -> Iterator[Record]:
        """What the partner's three files say, told customer by customer: its subscriptions, each with its transactions,
        oldest first, then its usage."""
        dice = Dice(self.seed)
        clerk, drawn = Clerk(dice, self.today), fates(dice)
        parts = zip(customers(dice, self.customers), shares(dice, self.customers, self.transactions), strict=True)
        for place, (customer, (role, share)) in enumerate(parts):
            held: Counter[Product] = Counter()
            for fate, size in lives(dice, role, share, drawn):
                booked = clerk.book(customer, fate, size)
                held.update(booked.ledger.held)
                yield booked.subscription()
                yield from booked.transactions()
            yield from usage(dice, customer, held, short=place == 0)
