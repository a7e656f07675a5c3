"""What customers use of what they bought."""

from collections import Counter
from collections.abc import Iterator

from app.demo.catalogue import Product
from app.demo.dice import Dice
from app.demo.parties import Customer
from app.importing.layouts import UsageRecord

_IDLE, _EXHAUSTED, _OVER = 0.1, 0.12, 0.03


def usage(dice: Dice, customer: Customer, held: Counter[Product], short: bool) -> Iterator[UsageRecord]:
    """One record for each product held, or the one that says there is none. Who is `short` uses more than it bought."""
    products = [product for product in held if held[product]]
    for product in products:
        used = held[product] + dice.whole(1, 9) if short else _used(dice, held[product])
        yield _record(customer, product.type, product.name, held[product], used)
    if not products:
        yield _record(customer, "", "", 0, 0)


def _used(dice: Dice, held: int) -> int:
    if dice.chance(_IDLE):
        return 0
    if dice.chance(_EXHAUSTED):
        return held
    return held + dice.whole(1, 1 + held // 4) if dice.chance(_OVER) else dice.whole(0, held)


def _record(customer: Customer, certificate_type: str, product: str, held: int, used: int) -> UsageRecord:
    return UsageRecord(customer.name, customer.id, customer.reseller, certificate_type, product, held, used)
