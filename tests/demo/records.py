"""The records of a demo partner by kind: as generated, or read back from the exported files."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple, TypeVar

from app.demo.partner import partner_records
from app.importing import Record, SubscriptionRecord, TransactionRecord, UsageRecord
from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.scope import WHOLE_PARTNER
from tests.support import csv_rows, view_of

R = TypeVar("R", SubscriptionRecord, TransactionRecord, UsageRecord)
TODAY = date(2026, 11, 22)


class Records(NamedTuple):
    subscriptions: list[SubscriptionRecord]
    transactions: list[TransactionRecord]
    usage: list[UsageRecord]

    @classmethod
    def sort(cls, records: Iterable[Record]) -> "Records":
        sorted_records = cls([], [], [])
        lists: dict[type, list[Any]] = dict(
            zip((SubscriptionRecord, TransactionRecord, UsageRecord), sorted_records, strict=True)
        )
        for record in records:
            lists[type(record)].append(record)
        return sorted_records

    @property
    def years(self) -> dict[str, int]:
        """The length of each subscription's term, which its name ends with: "Secure Mail, 2 years"."""
        return {each.subscription_id: int(each.subscription.split()[-2]) for each in self.subscriptions}

    @property
    def owners(self) -> dict[str, str]:
        return {each.subscription_id: each.customer_id for each in self.subscriptions}

    @property
    def customers(self) -> set[str]:
        return {each.customer_id for each in self.usage}


def generate(customers: int, transactions: int, seed: int = 1, today: date = TODAY) -> Records:
    return Records.sort(partner_records(customers, transactions, seed, today))


def exported() -> Records:
    """What the three exports contain, with all columns visible."""
    subscriptions, transactions, usage = (rows(slug) for slug in REPORTS)
    return Records(
        [_record(SubscriptionRecord, row, "items_quantity") for row in subscriptions],
        [
            _record(TransactionRecord, row | {"products": tuple(row["product"].split("; "))}, "total")
            for row in transactions
        ],
        [_record(UsageRecord, row, "current_inventory", "used") for row in usage],
    )


def rows(slug: str) -> list[dict[str, Any]]:
    """An exported file's rows, by column key."""
    keys = list(REPORTS[slug].columns_by_key)
    view = view_of(slug, [("columns", key) for key in keys])
    _, *records = csv_rows(b"".join(csv_chunks(view, WHOLE_PARTNER)))
    return [dict(zip(keys, record, strict=True)) for record in records]


def _record(kind: type[R], row: dict[str, Any], *integers: str) -> R:
    values = row | {key: int(row[key]) for key in integers}
    if "cost" in row:
        values["cost"] = int(row["cost"].replace(".", ""))
    return kind(*(values[name] for name in kind._fields))
