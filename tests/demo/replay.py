"""A second pair of eyes: what the demo's transactions alone say of subscriptions and inventories.

Follows the docstring of `app.demo.ledger`, and shares nothing with the code below it but the price list.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import groupby

from app.demo.catalogue import PRODUCTS
from app.importing import TransactionRecord

PRICES = {product.name: product.price for product in PRODUCTS}
"""In cents, for one certificate and one year."""


@dataclass
class Replay:
    """One subscription, as its transactions made it. `expected_costs` is what each of them should have cost."""

    years: int
    ordered: date
    start: date
    end: date
    current: Counter[str] = field(default_factory=Counter)
    renewal: dict[str, int] = field(default_factory=dict)
    cost: int = 0
    cancelled: bool = False

    def take(self, record: TransactionRecord) -> None:
        assert not self.cancelled, "a Cancel is the last transaction"
        {"Inventory": self.inventory, "Renewal Inventory": self.set, "Renew": self.renew, "Cancel": self.cancel}[
            record.action
        ](record, date.fromisoformat(record.date[:10]))
        self.cost += record.cost

    def inventory(self, record: TransactionRecord, day: date) -> None:
        each = evenly(record)
        self.current.update(dict.fromkeys(record.products, each))
        assert min(self.current.values()) >= 0
        assert record.cost == self.left(dict.fromkeys(record.products, each), day)

    def set(self, record: TransactionRecord, _: date) -> None:
        self.renewal |= dict.fromkeys(record.products, evenly(record))
        assert record.cost == 0

    def renew(self, record: TransactionRecord, day: date) -> None:
        assert (day, record.user) == (self.end, "System")
        self.current.update({product: count - self.current[product] for product, count in self.renewal.items()})
        self.renewal = {}
        self.start, self.end, self.cost = self.end, later(self.end, self.years), 0
        assert set(record.products) == set(self.current)
        assert record.total == self.current.total()
        assert record.cost == sum(PRICES[product] * count for product, count in self.current.items()) * self.years

    def cancel(self, record: TransactionRecord, day: date) -> None:
        assert set(record.products) == set(self.current)
        assert record.total == self.current.total()
        assert record.cost in (0, -self.left(self.current, day))
        self.cancelled = True
        self.current.clear()

    def left(self, counts: dict[str, int], day: date) -> int:
        assert self.start <= day < self.end, "changes are made within a term"
        full = sum(PRICES[product] * count for product, count in counts.items()) * self.years
        share = Decimal(full) * (self.end - day).days / (self.end - self.start).days
        return int(share.quantize(Decimal(1), ROUND_HALF_EVEN))


def replays(transactions: Iterable[TransactionRecord], years: dict[str, int]) -> dict[str, Replay]:
    """Replay each subscription; `years` is the length of their terms."""
    told = sorted(transactions, key=lambda record: (record.subscription_id, record.date))
    return {
        subscription: _replay(list(records), years[subscription])
        for subscription, records in groupby(told, key=lambda record: record.subscription_id)
    }


def _replay(records: list[TransactionRecord], years: int) -> Replay:
    assert len({record.date for record in records}) == len(records), "no two happen at the same moment"
    assert records[0].action == "Inventory", "a subscription begins with its first inventory"
    ordered = date.fromisoformat(records[0].date[:10])
    replay = Replay(years, ordered, ordered, later(ordered, years))
    for record in records:
        replay.take(record)
    return replay


def inventories(replayed: dict[str, Replay], owners: dict[str, str]) -> dict[tuple[str, str], int]:
    """The current inventory of each customer and product, zeros left out."""
    held: defaultdict[tuple[str, str], int] = defaultdict(int)
    for subscription, replay in replayed.items():
        for product, count in replay.current.items():
            held[owners[subscription], product] += count
    return {kind: count for kind, count in held.items() if count}


def evenly(record: TransactionRecord) -> int:
    each, rest = divmod(record.total, len(record.products))
    assert rest == 0
    return each


def later(day: date, years: int) -> date:
    return day.replace(year=day.year + years)
