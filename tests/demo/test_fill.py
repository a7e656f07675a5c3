"""Filling a database: exact, repeatable, and never over existing data."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from peewee import fn

from app.demo import fill
from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.scope import WHOLE_PARTNER
from models import (
    Customer,
    CustomerUsage,
    DatabaseNotEmpty,
    Holding,
    Reseller,
    Transaction,
    TypeUsage,
    apply_migrations,
    open_database,
    reports_db,
)
from tests.demo.records import TODAY, exported
from tests.importing.files import load_bytes
from tests.support import view_of


def dump() -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables but the two that record when something was done."""
    tables = sorted(set(reports_db.get_tables()) - {"load", "schema_migration"})
    return {table: reports_db.execute_sql(f'SELECT * FROM "{table}" ORDER BY 1, 2').fetchall() for table in tables}


def filled(path: Path, seed: int, today: date) -> dict[str, list[tuple[object, ...]]]:
    open_database(f"sqlite:///{path}")
    apply_migrations()
    fill(40, 600, seed, today)
    tables = dump()
    reports_db.close()
    return tables


@pytest.mark.parametrize(("customers", "transactions"), [(1, 0), (1, 1), (2, 3), (5, 20), (50, 10), (60, 1500)])
def test_counts_are_exact(app: Flask, customers: int, transactions: int) -> None:
    fill(customers, transactions, 1, TODAY)
    assert Customer.select().count() == CustomerUsage.select().count() == customers
    assert Transaction.select().count() == transactions


def test_same_arguments_same_rows(app: Flask, tmp_path: Path) -> None:
    first = filled(tmp_path / "1.db", 7, TODAY)
    assert filled(tmp_path / "2.db", 7, TODAY) == first
    assert filled(tmp_path / "3.db", 7, date(2026, 11, 23)) != first
    other = filled(tmp_path / "4.db", 8, TODAY)
    assert all(first[table] != other[table] for table in ("customer", "subscription", "transaction", "holding"))


def test_existing_customers_are_kept(app: Flask) -> None:
    fill(5, 20, 1, TODAY)
    before = dump()
    with pytest.raises(DatabaseNotEmpty, match="already holds customers"):
        fill(5, 20, 2, TODAY)
    assert dump() == before


@pytest.mark.parametrize("columns", [(), ("customer", "subscription_id", "transaction_id", "action", "date", "cost")])
@pytest.mark.parametrize("slug", ["customer-subscriptions", "customer-transactions"])
def test_export_loads_again_and_changes_nothing(app: Flask, slug: str, columns: tuple[str, ...]) -> None:
    """Without Customer IDs too: some customers share a name, and two of these a reseller."""
    fill(100, 500, 1, TODAY)
    same = Customer.select(Customer.name, Customer.reseller).group_by(Customer.name, Customer.reseller)
    assert same.having(fn.COUNT(Customer.id) > 1).exists()
    before = dump()
    shown = [("columns", key) for key in columns if key in REPORTS[slug].columns_by_key]
    summary = load_bytes(slug, b"".join(csv_chunks(view_of(slug, shown), WHOLE_PARTNER)))
    assert (summary.added, summary.updated, summary.renamed, summary.moved) == (0, 0, 0, 0)
    assert dump() == before


def test_progress_counts_transactions(app: Flask) -> None:
    steps: list[int] = []
    fill(100, 2500, 1, TODAY, steps.append)
    assert sum(steps) == 2500


def test_usage_sums_match_holdings(app: Flask) -> None:
    fill(40, 800, 1, TODAY)
    for table in (TypeUsage, CustomerUsage):
        assert _totals(table) == _totals(Holding)


def _totals(table: Any) -> tuple[int, ...]:
    rows = table.select(table.current_inventory, table.available, table.used, table.over_inventory).tuples()
    return tuple(map(sum, zip(*rows, strict=True)))


def test_customer_without_holdings_has_a_zero_row(app: Flask) -> None:
    fill(1, 0, 1, TODAY)
    (usage,) = exported().usage
    assert usage[3:7] == ("", "", 0, 0)
    assert Reseller.select().count() in (1, 2)
