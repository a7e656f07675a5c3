"""What follows from the rows of files, kept true: copies of customers' fields, sums, and what is cancelled."""

from collections.abc import Iterable
from typing import Any

from peewee import fn

from app.importing.registry import Registry
from app.importing.statements import among, batches
from models import Customer, Subscription, Transaction, database

DERIVED = ("customer_ref", "reseller", "cancelled")
"""Fields that no file states of a row, so that they don't make it differ."""


def foreign(table: Any, refs: list[str]) -> list[tuple[str, str]]:
    """Which of these subscriptions, or transactions, are at odds with their counterpart over whose they are.

    Each comes with its subscription's id.
    """
    at_odds = (Subscription.ref == Transaction.subscription_ref) & (Subscription.customer != Transaction.customer)
    pairs = Transaction.select(table.ref, Subscription.ref).join(Subscription, on=at_odds).distinct()
    return list(database.execute(pairs.where(among(table.ref, refs))))


def cancelled(subscriptions: Iterable[str]) -> None:
    """Say of each of these subscriptions whether its last Cancel has no later Renew."""
    for refs in batches(subscriptions):
        change = Subscription.update(cancelled=Subscription.ref.in_(_standing(refs)))
        change.where(among(Subscription.ref, refs)).execute()


def _standing(refs: list[str]) -> Any:
    cancelled, renewed = _last("Cancel"), _last("Renew")
    stands = cancelled.is_null(False) & (renewed.is_null() | (cancelled >= renewed))
    subscription = Transaction.subscription_ref
    return Transaction.select(subscription).where(among(subscription, refs)).group_by(subscription).having(stands)


def _last(action: str) -> Any:
    return fn.MAX(Transaction.date).filter(Transaction.action == action)


def customers(registry: Registry) -> None:
    """Write the customers that changed and bring the copies of their fields up to date, save on usage rows."""
    registry.customers.rewrite()
    for batch in batches(registry.customers.changed):
        for table in (Subscription, Transaction):
            _copy(table, [known.id for known in batch])


def _copy(table: Any, customers: list[int]) -> None:
    owner = Customer.id == table.customer
    copies = {
        table.customer_ref: Customer.select(Customer.ref).where(owner),
        table.reseller: Customer.select(Customer.reseller).where(owner),
    }
    table.update(copies).where(among(table.customer, customers)).execute()
