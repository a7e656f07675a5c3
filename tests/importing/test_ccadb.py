"""10,006 real certificates, against the control totals that came with them."""

from itertools import permutations
from pathlib import Path

import pytest
from peewee import fn

from app.importing import ImportSummary
from models import (
    ACTIONS,
    USAGE_COUNTS,
    CertificateType,
    Customer,
    CustomerUsage,
    Holding,
    Product,
    Reseller,
    Subscription,
    Transaction,
    reports_db,
)
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, dump
from tests.support import load_stream

__all__ = ["database_url"]

CCADB = Path(__file__).parents[3] / "shared/data/ccadb"
ROWS = {SUBSCRIPTIONS: 3426, TRANSACTIONS: 10_006, USAGE: 3426}

pytestmark = pytest.mark.skipif(not CCADB.exists(), reason=f"the real certificates aren't at {CCADB}")


def load(slug: str) -> ImportSummary:
    path = CCADB / f"{slug.removeprefix('customer-')}.csv"
    with path.open("rb") as stream:
        return load_stream(slug, stream, path.name)


@pytest.mark.parametrize("order", list(permutations(ROWS))[::5])
def test_control_totals_in_any_order(order: tuple[str, ...]) -> None:
    for slug in order:
        assert str(load(slug)) == f"{ROWS[slug]} rows: {ROWS[slug]} added, 0 updated, 0 unchanged, 0 removed"
    named = [table.select().where(table.name != "").count() for table in (Customer, Reseller, Product, CertificateType)]
    assert named == [1623, 117, 78, 6]
    assert sums(Transaction, "total", "cost") == (10_006, 0)
    assert [Transaction.select().where(Transaction.action == action).count() for action in ACTIONS] == [
        0,
        3426,
        6580,
        0,
    ]
    assert sums(Subscription, "items_quantity", "cost") == (10_006, 0)
    assert sums(Holding, *USAGE_COUNTS) == sums(CustomerUsage, *USAGE_COUNTS) == (10_006, 4236, 5770, 0)
    before = dump()
    for slug, rows in ROWS.items():
        assert load(slug).unchanged == rows
    assert dump() | {"Import": []} == before | {"Import": []}


def sums(table: type[Transaction | Subscription | Holding | CustomerUsage], *names: str) -> tuple[int, ...]:
    query = table.select(*(fn.SUM(getattr(table, name)) for name in names))
    values: tuple[int, ...] = reports_db.execute(query).fetchone()
    return values
