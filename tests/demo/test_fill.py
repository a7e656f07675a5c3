"""Filling a database: exact, repeatable, and never over something."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.demo import fill
from models import (
    Customer,
    CustomerUsage,
    DatabaseNotEmpty,
    Holding,
    Reseller,
    Transaction,
    TypeUsage,
    migrate,
    open_database,
    reports_db,
)
from tests.demo.told import exported

TODAY = date(2026, 11, 22)


def dump() -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables but the two that say when something was done."""
    tables = sorted(set(reports_db.get_tables()) - {"load", "schema_migration"})
    return {table: reports_db.execute_sql(f'SELECT * FROM "{table}" ORDER BY 1, 2').fetchall() for table in tables}


def filled(
    path: Path, customers: int, transactions: int, seed: int, today: date
) -> dict[str, list[tuple[object, ...]]]:
    open_database(f"sqlite:///{path}")
    migrate()
    fill(customers, transactions, seed, today)
    tables = dump()
    reports_db.close()
    return tables


@pytest.mark.parametrize(("customers", "transactions"), [(1, 0), (1, 1), (2, 3), (5, 20), (50, 10), (400, 10_000)])
def test_there_are_exactly_so_many(app: Flask, customers: int, transactions: int) -> None:
    fill(customers, transactions, 1, TODAY)
    assert Customer.select().count() == CustomerUsage.select().count() == customers
    assert Transaction.select().count() == transactions


def test_the_same_arguments_make_the_same_rows(app: Flask, tmp_path: Path) -> None:
    first = filled(tmp_path / "1.db", 60, 900, 7, TODAY)
    assert filled(tmp_path / "2.db", 60, 900, 7, TODAY) == first
    assert filled(tmp_path / "3.db", 60, 900, 8, TODAY) != first
    assert filled(tmp_path / "4.db", 60, 900, 7, date(2026, 11, 23)) != first


def test_another_seed_is_another_partner_throughout(app: Flask, tmp_path: Path) -> None:
    first, second = (filled(tmp_path / f"{seed}.db", 60, 900, seed, TODAY) for seed in (1, 2))
    for table in ("customer", "subscription", "transaction", "holding"):
        assert first[table] != second[table]


def test_a_filled_database_is_refused_and_left_as_it_was(app: Flask) -> None:
    fill(5, 20, 1, TODAY)
    before = dump()
    with pytest.raises(DatabaseNotEmpty, match="already holds customers"):
        fill(5, 20, 2, TODAY)
    assert dump() == before


def test_progress_adds_up_to_the_thousands_written(app: Flask) -> None:
    told: list[int] = []
    fill(100, 2500, 1, TODAY, told.append)
    assert sum(told) == 2000


def test_sums_are_the_sums_of_holdings(app: Flask) -> None:
    fill(100, 2500, 1, TODAY)
    for table in (TypeUsage, CustomerUsage):
        assert _totals(table) == _totals(Holding)


def _totals(table: Any) -> tuple[int, ...]:
    rows = table.select(table.current_inventory, table.available, table.used, table.over_inventory).tuples()
    return tuple(map(sum, zip(*rows, strict=True)))


def test_a_customer_without_anything_has_a_row_of_zeros(app: Flask) -> None:
    fill(1, 0, 1, TODAY)
    (usage,) = exported().usage
    assert usage[3:] == ("", "", 0, 0)
    assert Reseller.select().count() in (1, 2)
