"""Replays transactions independently: what they alone say of subscriptions and inventories.

Follows the docstring of `app.demo.ledger`, and shares nothing with the code but the price list.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import groupby

from app.demo.ledger import PRODUCTS
from app.importing import TransactionRecord

PRICES = {product.name: product.price for product in PRODUCTS.values()}  # in cents, for one certificate and one year


@dataclass
class Replay:
    """One subscription after its transactions so far."""

    years: int
    ordered: date
    start: date
    end: date
    current: Counter[str] = field(default_factory=Counter)
    renewal: dict[str, int] = field(default_factory=dict)
    cost: int = 0
    cancelled: bool = False

    def apply(self, record: TransactionRecord) -> None:
        assert not self.cancelled, "a Cancel is the last transaction"
        day = date.fromisoformat(record.date[:10])
        match record.action:
            case "Inventory":
                self.inventory(record, day)
            case "Renewal Inventory":
                self.renewal |= dict.fromkeys(record.products, per_product(record))
                assert record.cost == 0
            case "Renew":
                self.renew(record, day)
            case "Cancel":
                self.cancel(record, day)
        self.cost += record.cost

    def inventory(self, record: TransactionRecord, day: date) -> None:
        count = per_product(record)
        self.current.update(dict.fromkeys(record.products, count))
        assert min(self.current.values()) >= 0
        assert record.cost == self.prorate(dict.fromkeys(record.products, count), day)

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
        assert record.cost in (0, -self.prorate(self.current, day))
        self.cancelled = True
        self.current.clear()

    def prorate(self, counts: dict[str, int], day: date) -> int:
        assert self.start <= day < self.end, "changes are made within a term"
        full = sum(PRICES[product] * count for product, count in counts.items()) * self.years
        share = Decimal(full) * (self.end - day).days / (self.end - self.start).days
        return int(share.quantize(Decimal(1), ROUND_HALF_EVEN))


def replay_all(transactions: Iterable[TransactionRecord], years: dict[str, int]) -> dict[str, Replay]:
    """Replay each subscription; `years` are the lengths of their terms."""
    ordered = sorted(transactions, key=lambda record: (record.subscription_id, record.date))
    return {
        subscription: replay(list(records), years[subscription])
        for subscription, records in groupby(ordered, key=lambda record: record.subscription_id)
    }


def replay(records: list[TransactionRecord], years: int) -> Replay:
    assert len({record.date for record in records}) == len(records), "no two happen at the same moment"
    assert records[0].action == "Inventory", "a subscription begins with its first inventory"
    ordered = date.fromisoformat(records[0].date[:10])
    subscription = Replay(years, ordered, ordered, later(ordered, years))
    for record in records:
        subscription.apply(record)
    return subscription


def inventories(replays: dict[str, Replay], owners: dict[str, str]) -> dict[tuple[str, str], int]:
    """The current inventory of each customer and product, zeros left out."""
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for subscription, each in replays.items():
        for product, count in each.current.items():
            sums[owners[subscription], product] += count
    return {key: count for key, count in sums.items() if count}


def per_product(record: TransactionRecord) -> int:
    count, rest = divmod(record.total, len(record.products))
    assert rest == 0
    return count


def later(day: date, years: int) -> date:
    return day.replace(year=day.year + years)
