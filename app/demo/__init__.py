"""Fill an empty database with a believable partner: the same arguments make the same data."""

from collections.abc import Iterator
from datetime import date

from app.demo.partner import partner_records
from app.importing import Progress, Record, SubscriptionRecord, TransactionRecord, load_records
from models import Customer, DatabaseNotEmpty, reports_db


def fill(customers: int, transactions: int, seed: int, today: date, progress: Progress | None = None) -> None:
    """Add exactly this many customers (at least one) and transactions, as they stand on the morning of `today`.

    `progress` is called with 1 for each transaction. Raises DatabaseNotEmpty where customers exist.
    """
    subscriptions: list[Record] = []
    usage: list[Record] = []

    def transaction_records() -> Iterator[Record]:
        """Stream the transactions, by far the most records, and collect the others."""
        for record in partner_records(customers, transactions, seed, today):
            if isinstance(record, TransactionRecord):
                yield record
                if progress:
                    progress(1)
            else:
                (subscriptions if isinstance(record, SubscriptionRecord) else usage).append(record)

    with reports_db.write_transaction():
        if Customer.select().exists():
            raise DatabaseNotEmpty("The database already holds customers; the demo fills only an empty one.")
        load_records("customer-transactions", enumerate(transaction_records(), 1), "demo", who="demo")
        load_records("customer-subscriptions", enumerate(subscriptions, 1), "demo", who="demo")
        load_records("customer-usage", enumerate(usage, 1), "demo", who="demo")
