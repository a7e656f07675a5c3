"""The records of the demo partner: customers, their subscriptions and transactions, and what they use."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

from app.demo.ledger import PLANS, Change, Ledger, Product, add_years
from app.demo.names import Customer, User, generate_customers
from app.importing import Record, SubscriptionRecord, TransactionRecord, UsageRecord

# A prospect bought nothing yet; a former customer had one subscription and cancelled it. The numbers are weights.
_ROLES = {"ordinary": 94, "prospect": 3, "former": 3}
# The fates of a subscription with their weights, and in how many days its term ends, from and to: None is a full term.
_FATES = {"ending": 10, "running": 60, "ended": 14, "cancelled": 16}
_DAYS_TO_END = {"ending": (0, 30), "running": (31, None), "ended": (-600, -1), "cancelled": (-200, None)}
_RENEWAL, _TAKEN, _CREDITED = 0.25, 0.2, 0.5  # probabilities
_SYSTEM = User("System", "system@partner.example")
_DAY = 24 * 3600  # in seconds
_ID_STEP, _IDS = 61_803_399, 100_000_000  # coprime, so that transaction ids look random and all differ


class Event(NamedTuple):
    second: int  # from the eve of the year 1 on: `second // _DAY` is the ordinal of the day
    change: Change
    user: User


def partner_records(customers: int, transactions: int, seed: int, today: date) -> Iterator[Record]:
    """Yield each customer's subscriptions, each followed by its transactions, oldest first, and then its usage.

    There are exactly `customers` customers (at least one) and `transactions` transactions, on the morning of `today`.
    The same arguments make the same records. The first customers and subscriptions take each role and fate in turn, so
    that even a small partner shows everything that reports must cope with; the others draw theirs.
    """
    rng = Random(seed)
    fates, subscription_numbers, transaction_numbers = _in_turn(rng, _FATES), count(200_001), count(1)
    shares = _share_transactions(rng, customers, transactions)
    for number, customer in enumerate(generate_customers(rng, customers)):
        owner, inventory = customer[:3], Counter[Product]()
        role, share = next(shares)
        while share:
            size = share if role == "former" else min(share, rng.choice((1, 2, 3, 5, 8, 13, 21)))
            share -= size
            fate = "cancelled" if role == "former" else next(fates)
            ledger, events = _simulate(rng, customer.users, fate, size, today)
            inventory.update(ledger.current)
            subscription = f"S-{next(subscription_numbers)}"
            yield _subscription_record(customer, subscription, ledger, events)
            for second, (action, products, total, cost), user in events:
                ref, time = f"T-{next(transaction_numbers) * _ID_STEP % _IDS:08}", _time(second)
                yield TransactionRecord(*owner, subscription, products, ref, action, time, total, cost, user.name)
        yield from _usage_records(rng, customer, +inventory, over=number == 0)


def _in_turn(rng: Random, weights: dict[str, int]) -> Iterator[str]:
    """Yield each key once, and then draw by weight forever."""
    yield from weights
    while True:
        yield from rng.choices(list(weights), list(weights.values()), k=100)


def _share_transactions(rng: Random, customers: int, transactions: int) -> Iterator[tuple[str, int]]:
    """Yield each customer's role and number of transactions; the last customer takes what is left."""
    roles = _in_turn(rng, _ROLES)
    for remaining in range(customers, 1, -1):
        role, average = next(roles), transactions / remaining
        share = int(average * rng.choice((0.3, 0.5, 0.8, 1.0, 2.4)) + rng.random())
        if role != "ordinary":
            share = 0 if role == "prospect" else max(2, min(8, int(average)))
        share = min(share, transactions)
        transactions -= share
        yield role, share
    yield "ordinary", transactions


def _simulate(rng: Random, users: list[User], fate: str, size: int, today: date) -> tuple[Ledger, list[Event]]:
    """Run a subscription with exactly `size` transactions, at least one. It takes two to be cancelled."""
    years = rng.choice((1, 1, 1, 2, 3))
    cancels = fate == "cancelled" and size > 1
    renewals = min(size - 1 - cancels, rng.randint(0, 5 // years))
    earliest, latest = _DAYS_TO_END[fate]
    # The current term began at least four days ago, which leaves room for what happens in it.
    end = today + timedelta(rng.randint(earliest, 365 * years - 4 if latest is None else latest))
    end_day = end.replace(day=28).toordinal() if (end.month, end.day) == (2, 29) else end.toordinal()
    order_day, *renewal_days = [add_years(end_day, -years * terms) for terms in range(renewals + 1, 0, -1)]
    last_day = min(end_day, today.toordinal())
    if cancels:
        last_day = rng.randint(add_years(end_day, -years) + 2, last_day - 1)
    changed: set[int] = set()  # in seconds, which must differ
    while len(changed) < size - 1 - cancels - renewals:
        changed.add(_in_office_hours(order_day + 1 + rng.random() * (last_day - order_day - 1)))
    renewed = {day * _DAY + int(rng.random() * 3 * 3600) for day in renewal_days}

    ledger = Ledger(rng.choice(PLANS), years, order_day)
    opening = ledger.inventory(ledger.plan.products, rng.choice((1, 1, 2, 3, 5, 10, 20, 50)), order_day)
    events = [Event(_in_office_hours(order_day + rng.random()), opening, rng.choice(users))]
    for second in sorted(renewed | changed):
        if second in renewed:
            events.append(Event(second, ledger.renew(), _SYSTEM))
        else:
            events.append(Event(second, _change(rng, ledger, second // _DAY), rng.choice(users)))
    if cancels:
        cancellation = ledger.cancel(last_day, with_credit=rng.random() < _CREDITED)
        events.append(Event(_in_office_hours(last_day + rng.random()), cancellation, rng.choice(users)))
    return ledger, events


def _in_office_hours(moment: float) -> int:
    """Turn a day's ordinal, whose fraction is spread over 8:00 to 18:00, into a second."""
    day = int(moment)
    return day * _DAY + 8 * 3600 + int((moment - day) * 10 * 3600)


def _time(second: int) -> str:
    return str(datetime.min + timedelta(days=-1, seconds=second))


def _change(rng: Random, ledger: Ledger, day: int) -> Change:
    """Change the inventory or the renewal inventory of all products, or of one."""
    products = ledger.plan.products
    if rng.random() * (len(products) + 1) > 1:
        products = (rng.choice(products),)
    fewest = min([ledger.current[product] for product in products])
    if rng.random() < _RENEWAL:
        return ledger.renewal_inventory(products, max(1, int(fewest * rng.choice((0.5, 0.8, 1.2, 2)))))
    if fewest > 1 and rng.random() < _TAKEN:
        return ledger.inventory(products, -rng.randint(1, fewest // 2), day)
    return ledger.inventory(products, rng.choice((1, 1, 1, 2, 2, 3, 5, 10, 25)), day)


def _subscription_record(customer: Customer, ref: str, ledger: Ledger, events: list[Event]) -> Record:
    name = f"{ledger.plan.name}, {ledger.years} year{'s' if ledger.years > 1 else ''}"
    end, ordered = str(date.fromordinal(ledger.end)), str(date.fromordinal(events[0].second // _DAY))
    modified = events[-1].user.email, _time(events[-1].second)
    return SubscriptionRecord(*customer[:3], ref, name, end, ledger.cost, ordered, *modified, ledger.total)


def _usage_records(rng: Random, customer: Customer, inventory: Counter[Product], over: bool) -> Iterator[Record]:
    """Yield a record for each product, or the one of a customer with none. With `over`, all are over inventory."""
    for product, bought in inventory.items():
        excess, some = bought + rng.randint(1, 1 + bought // 4), rng.randint(0, bought)
        used = excess if over else rng.choices((0, bought, excess, some), (10, 12, 3, 75))[0]
        yield UsageRecord(*customer[:3], product.type, product.name, bought, used)
    if not inventory:
        yield UsageRecord(*customer[:3], "", "", 0, 0)
