"""Records of a demo, by kind: as the generator tells them, or read back from the exported files."""

from typing import Any, NamedTuple, TypeVar

from app.demo.partner import Partner
from app.importing import SubscriptionRecord, TransactionRecord, UsageRecord
from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.scope import WHOLE_PARTNER
from tests.support import csv_rows, view_of

R = TypeVar("R", SubscriptionRecord, TransactionRecord, UsageRecord)


class Told(NamedTuple):
    subscriptions: list[SubscriptionRecord]
    transactions: list[TransactionRecord]
    usage: list[UsageRecord]

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


def told(partner: Partner) -> Told:
    records = list(partner.records())
    return Told(
        [each for each in records if isinstance(each, SubscriptionRecord)],
        [each for each in records if isinstance(each, TransactionRecord)],
        [each for each in records if isinstance(each, UsageRecord)],
    )


def exported() -> Told:
    """What the three exports, all columns visible, say."""
    subscriptions, transactions, usage = (rows(slug) for slug in REPORTS)
    return Told(
        [_record(SubscriptionRecord, row, "items_quantity") for row in subscriptions],
        [_record(TransactionRecord, row | _products(row), "total") for row in transactions],
        [_record(UsageRecord, row, "current_inventory", "used") for row in usage],
    )


def _products(row: dict[str, Any]) -> dict[str, Any]:
    return {"products": tuple(row["product"].split("; "))}


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
