"""The ledger of one subscription: what each action does to its inventory, at what cost.

How to read its transactions, oldest first, and arrive at what the reports say:

* Every transaction names the products it affects. A **Total** of Inventory or Renewal Inventory is the same number for
  each of them: Total / products. A Renew or Cancel affects all products of the subscription, and Total is their sum.
* **Inventory** adds at once, or takes when Total is negative. Its cost, negative when it takes, is the price of those
  certificates for the full days left in the term: price × years × days left / days of the term, half-even to cents. The
  first one opens the subscription: its day is the Order Date, the whole term is left.
* **Renewal Inventory** sets, for each product it names, how many will be usable after the next renewal. It costs
  nothing and leaves the current inventory as it is. A product that it never names keeps what it has.
* **Renew** comes on the day the term ends. A product's current inventory becomes its renewal inventory, which then is
  unset; End moves by the term; the cost is the full price: price × years. The user is "System".
* **Cancel** is the last one. Its Total is what the subscription held, which goes; its cost is 0, or a credit: what is
  left of the term, as a negative cost.

So End = Order Date + (1 + renewals) terms, whose length stands in the subscription's name. **Items Quantity** is the
current inventory, **Cost** what was charged since the term began, its Renew or its order included. A customer's current
inventory of a product is the sum over its subscriptions; one that ended without being cancelled stays on the books.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import NamedTuple

from app.demo.catalogue import Choice, Plan, Product


class Change(NamedTuple):
    """What a transaction says of itself: the products affected, Total, and the cost in cents."""

    action: str
    products: tuple[str, ...]
    total: int
    cost: int


@dataclass
class Ledger:
    """`start` and `end` are ordinals of the current term's days; `current` is by the places of the plan's products."""

    plan: Plan
    years: int
    start: int
    current: list[int] = field(default_factory=list)
    renewal: dict[int, int] = field(default_factory=dict)
    cost: int = 0

    def __post_init__(self) -> None:
        self.end = years_later(self.start, self.years)
        self.current = [0] * len(self.plan.products)

    @property
    def held(self) -> dict[Product, int]:
        return dict(zip(self.plan.products, self.current, strict=True))

    def inventory(self, choice: Choice, each: int, day: int) -> Change:
        for place in choice.places:
            self.current[place] += each
        return self._charged("Inventory", choice, each * len(choice.places), self._left(choice.price * each, day))

    def renewal_inventory(self, choice: Choice, each: int) -> Change:
        self.renewal.update((place, each) for place in choice.places)
        return self._charged("Renewal Inventory", choice, each * len(choice.places), 0)

    def renew(self) -> Change:
        self.current = [self.renewal.get(place, count) for place, count in enumerate(self.current)]
        self.renewal.clear()
        self.start, self.end, self.cost = self.end, years_later(self.end, self.years), 0
        return self._charged("Renew", self.plan.whole, sum(self.current), self._yearly() * self.years)

    def cancel(self, day: int, credited: bool) -> Change:
        held, credit = sum(self.current), self._left(self._yearly(), day) if credited else 0
        self.current = [0] * len(self.current)
        return self._charged("Cancel", self.plan.whole, held, -credit)

    def _charged(self, action: str, choice: Choice, total: int, cost: int) -> Change:
        self.cost += cost
        return Change(action, choice.products, total, cost)

    def _yearly(self) -> int:
        return sum(count * product.price for count, product in zip(self.current, self.plan.products, strict=True))

    def _left(self, yearly: int, day: int) -> int:
        """What a yearly price comes to from `day` to the end of the term. `round` is half-even."""
        return round(yearly * self.years * (self.end - day) / (self.end - self.start))


@cache
def years_later(day: int, years: int) -> int:
    """The same day so many years later, as ordinals; not for the 29th of February."""
    then = date.fromordinal(day)
    return then.replace(year=then.year + years).toordinal()
