"""Builds import files for tests, loads them, and reads what they left in the database."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from typing import Any

from app.importing import FileRejected, ImportSummary, Options, Plan, check_file, load_file, recognise_file
from models import (
    Actor,
    Bundle,
    BundleProduct,
    CertificateType,
    Customer,
    CustomerUsage,
    Holding,
    Import,
    Product,
    Reseller,
    Subscription,
    Transaction,
    TypeUsage,
    reports_db,
)

SUBSCRIPTIONS, TRANSACTIONS, USAGE = "customer-subscriptions", "customer-transactions", "customer-usage"

TABLES = (
    Actor, Bundle, BundleProduct, CertificateType, Customer, CustomerUsage, Holding, Import, Product, Reseller,
    Subscription, Transaction, TypeUsage,
)  # fmt: skip

Row = dict[str, str]

_VALID: dict[str, Row] = {
    SUBSCRIPTIONS: {
        "Customer": "Acme", "Customer ID": "C-1", "Subscription ID": "S-1", "Reseller": "",
        "Subscription": "SSL Manager", "End": "2027-01-31", "Cost": "1200.50", "Order Date": "2026-02-01",
        "Last modified by": "ann@acme.example", "Last modified date": "2026-03-04 05:06:07", "Items Quantity": "12",
    },
    TRANSACTIONS: {
        "Customer": "Acme", "Customer ID": "C-1", "Subscription ID": "S-1", "Reseller": "", "Product": "DV Single",
        "Transaction ID": "T-1", "Action": "Inventory", "Date": "2026-03-04 05:06:07", "Total": "3", "Cost": "30.00",
        "User": "Ann",
    },
    USAGE: {
        "Customer": "Acme", "Customer ID": "C-1", "Reseller": "", "Certificate Type": "SSL", "Product": "DV Single",
        "Current Inventory": "5", "Used": "3",
    },
}  # fmt: skip

# The cells of a usage row for a customer without holdings.
NOTHING = {"Certificate Type": "", "Product": "", "Current Inventory": "0", "Used": "0"}


def row(slug: str, changes: Row) -> Row:
    """A valid row with `changes`."""
    return _VALID[slug] | changes


def file(slug: str, *changes: Row, line_break: str = "\r\n") -> bytes:
    """A file with a valid row for each of `changes`."""
    rows = [row(slug, change) for change in changes]
    headings = dict.fromkeys(heading for cells in [_VALID[slug], *rows] for heading in cells)
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator=line_break)
    writer.writerow(headings)
    writer.writerows([[cells.get(heading, "") for heading in headings] for cells in rows])
    return out.getvalue().encode()


def load(slug: str, *changes: Row, **options: Any) -> ImportSummary:
    return load_bytes(slug, file(slug, *changes), **options)


def import_numbered(number: int, slug: str, *changes: Row, **options: Any) -> ImportSummary:
    """Load rows in an import with a number, which can be undone."""
    return load(slug, *changes, number=number, **options)


def load_bytes(slug: str, content: bytes, dry_run: bool = False, **options: Any) -> ImportSummary:
    plan = plan_of(slug, content, dry_run, **options)
    plan.raise_if_rejected("file.csv")
    return plan.summary


def plan_of(slug: str, content: bytes, dry_run: bool = True, number: int | None = None, **options: Any) -> Plan:
    """What an import does, or would do. `options` are those of Options; without `slug` the report is recognised."""
    chosen = Options(report=slug, **options)
    recognised = recognise_file(BytesIO(content), "file.csv", chosen)
    if dry_run:
        return check_file(recognised, chosen)
    return load_file(recognised, chosen, who="", number=number)


def faults(slug: str, *changes: Row) -> list[tuple[int, str]]:
    """The line and text of each fault of a file, which must be rejected and change nothing."""
    return faults_of(slug, file(slug, *changes))


def faults_of(slug: str, content: bytes, **options: Any) -> list[tuple[int, str]]:
    before = dump()
    try:
        load_bytes(slug, content, **options)
    except FileRejected as rejected:
        assert dump() == before
        return [(fault.line, fault.text) for fault in rejected.faults]
    raise AssertionError("the file was loaded")


def dump() -> dict[str, list[Any]]:
    """Everything in the database."""
    return {table.__name__: sorted(reports_db.execute(table.select())) for table in TABLES}


def values(*fields: Any) -> list[Any]:
    """The values of fields of one table, or of tables that it refers to, sorted."""
    table = fields[0].model
    query = table.select(*fields)
    for other in dict.fromkeys(field.model for field in fields[1:] if field.model is not table):
        query = query.join_from(table, other)
    rows = sorted(reports_db.execute(query))
    return [value for (value,) in rows] if len(fields) == 1 else rows


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo at the end what is done inside."""
    with reports_db.atomic() as transaction:
        yield
        transaction.rollback()
