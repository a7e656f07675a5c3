"""Products, plans, and the ledger of one subscription: what each action does to its inventory, and at what cost.

These rules lead from the transactions of a subscription, oldest first, to everything that the reports show of it:

* A transaction names the products that it affects. The **Total** of Inventory and Renewal Inventory is divided evenly
  between them. Renew and Cancel affect all products of the subscription; Total is the sum over them.
* **Inventory** adds certificates at once, or takes some away where Total is negative. Its cost, then negative too, is
  their price for the days left in the term: price × years × days left / days of the term, rounded half-even to cents.
  The first one opens the subscription: its day is the Order Date, and the whole term is left.
* **Renewal Inventory** sets how many certificates of each named product the next renewal brings. It costs nothing and
  doesn't change the current inventory. A product that none names keeps its inventory at the renewal.
* **Renew** happens on the day the term ends, by the user "System". The renewal inventory becomes the current inventory
  and is cleared; End moves by one term; the cost is the full price × years.
* **Cancel** is the last transaction. It removes the whole inventory, which is its Total. Its cost is 0, or a credit:
  minus the price of what is left of the term.

So End = Order Date + (1 + renewals) terms; the length of a term is part of the subscription's name. **Items Quantity**
is the current inventory. **Cost** is the sum of costs since the term began, its Renew or order included. A customer's
current inventory of a product is the sum over its subscriptions, ended ones included unless they were cancelled.
"""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Product(NamedTuple):
    name: str
    type: str
    price: int  # in cents, for one certificate and one year


class Plan(NamedTuple):
    name: str
    products: tuple[Product, ...]


_catalogue = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text("utf-8"))
PRODUCTS = {name: Product(name, **details) for name, details in _catalogue["products"].items()}
PLANS = [Plan(name, tuple(PRODUCTS[product] for product in products)) for name, products in _catalogue["plans"].items()]


class Change(NamedTuple):
    action: str
    products: tuple[str, ...]  # names
    total: int
    cost: int  # in cents


class Ledger:
    """`start` and `end` are the current term's days as ordinals; `cost` is in cents since `start`."""

    def __init__(self, plan: Plan, years: int, start: int) -> None:
        self.plan, self.years = plan, years
        self.start, self.end, self.cost = start, add_years(start, years), 0
        self.current = dict.fromkeys(plan.products, 0)
        self.renewal: dict[Product, int] = {}

    @property
    def total(self) -> int:
        return sum(self.current.values())

    def inventory(self, products: Sequence[Product], count: int, day: int) -> Change:
        """Add `count` certificates of each product, or take them away where `count` is negative."""
        self.current |= {product: self.current[product] + count for product in products}
        cost = self._prorate(sum([product.price for product in products]) * count, day)
        return self._change("Inventory", products, count * len(products), cost)

    def renewal_inventory(self, products: Sequence[Product], count: int) -> Change:
        self.renewal |= dict.fromkeys(products, count)
        return self._change("Renewal Inventory", products, count * len(products), 0)

    def renew(self) -> Change:
        self.current |= self.renewal
        self.renewal = {}
        self.start, self.end, self.cost = self.end, add_years(self.end, self.years), 0
        return self._change("Renew", self.plan.products, self.total, self._yearly_price() * self.years)

    def cancel(self, day: int, with_credit: bool) -> Change:
        total, credit = self.total, self._prorate(self._yearly_price(), day) if with_credit else 0
        self.current = dict.fromkeys(self.plan.products, 0)
        return self._change("Cancel", self.plan.products, total, -credit)

    def _change(self, action: str, products: Sequence[Product], total: int, cost: int) -> Change:
        self.cost += cost
        return Change(action, tuple([product.name for product in products]), total, cost)

    def _yearly_price(self) -> int:
        return sum([product.price * count for product, count in self.current.items()])

    def _prorate(self, yearly_price: int, day: int) -> int:
        """The price from `day` to the end of the term. Python's `round` is half-even."""
        return round(yearly_price * self.years * (self.end - day) / (self.end - self.start))


@cache
def add_years(day: int, years: int) -> int:
    """The same day `years` later, as ordinals. `day` can't be the 29th of February."""
    then = date.fromordinal(day)
    return then.replace(year=then.year + years).toordinal()
