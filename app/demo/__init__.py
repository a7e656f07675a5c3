"""The demo: an empty database is filled with a believable partner, the same one for the same arguments."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from app.demo.partner import Partner
from app.importing import load_records
from app.importing.layouts import Record, SubscriptionRecord, TransactionRecord, UsageRecord
from models import Customer, DatabaseNotEmpty, write_transaction

Progress = Callable[[int], object]
"""Is told how many transactions were written since it was last told."""

_TOLD = 1000


def fill(customers: int, transactions: int, seed: int, today: date, progress: Progress | None = None) -> None:
    """Fill the database with exactly so many customers (at least one) and transactions; `today` is the day it plays on.

    Raises NotEmpty, and changes nothing then.
    """
    others: dict[type[Record], list[Record]] = {SubscriptionRecord: [], UsageRecord: []}
    records = Partner(customers, transactions, seed, today).records()
    with write_transaction():
        if Customer.select().exists():
            raise DatabaseNotEmpty("The database already holds customers; the demo fills only an empty one.")
        _load("customer-transactions", _transactions(records, others, progress))
        _load("customer-subscriptions", others[SubscriptionRecord])
        _load("customer-usage", others[UsageRecord])


def _load(slug: str, records: Iterable[Record]) -> None:
    load_records(slug, enumerate(records, start=1), "demo", who="demo")


def _transactions(
    records: Iterable[Record], others: dict[type[Record], list[Record]], progress: Progress | None
) -> Iterator[Record]:
    """Pass on the transactions, far the most, as they come; keep the others for later."""
    number = 0
    for record in records:
        if not isinstance(record, TransactionRecord):
            others[type(record)].append(record)
            continue
        yield record
        number += 1
        if progress and number % _TOLD == 0:
            progress(_TOLD)
