"""Subscriptions and their transactions, written down as records."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.demo.events import Event
from app.demo.ledger import Ledger
from app.demo.life import DAY
from app.demo.parties import Customer
from app.importing.layouts import SubscriptionRecord, TransactionRecord

_STEP, _IDS = 61_803_399, 100_000_000
"""Without a common divisor, so that transaction ids look drawn and are all different."""


@dataclass(frozen=True)
class Booked:
    """A subscription, what happened to it, oldest first, and its ledger as it stands today.

    `number` is its own, `last` that of its last transaction.
    """

    customer: Customer
    number: int
    last: int
    events: list[Event]
    ledger: Ledger

    @property
    def id(self) -> str:
        return f"S-{self.number}"

    def subscription(self) -> SubscriptionRecord:
        ledger, latest = self.ledger, self.events[-1]
        return SubscriptionRecord(
            self.customer.name,
            self.customer.id,
            self.customer.reseller,
            self.id,
            f"{ledger.plan.name}, {ledger.years} year{'s' if ledger.years > 1 else ''}",
            date.fromordinal(ledger.end).isoformat(),
            ledger.cost,
            date.fromordinal(self.events[0].moment // DAY).isoformat(),
            latest.user.email,
            _time(latest.moment),
            sum(ledger.current),
        )

    def transactions(self) -> Iterator[TransactionRecord]:
        name, customer, reseller, subscription = self.customer.name, self.customer.id, self.customer.reseller, self.id
        first = self.last - len(self.events) + 1
        for number, (moment, (action, products, total, cost), user) in enumerate(self.events, first):
            yield TransactionRecord(
                name,
                customer,
                reseller,
                subscription,
                products,
                f"T-{number * _STEP % _IDS:08}",
                action,
                _time(moment),
                total,
                cost,
                user.name,
            )


def _time(moment: int) -> str:
    return str(datetime.min + timedelta(days=-1, seconds=moment))
