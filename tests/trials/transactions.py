"""Large files of transactions, and how many of which file a database holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.database import databases
from tests.serving import command

SLUG = "customer-transactions"
_HEADING = "Transaction ID,Customer,Customer ID,Subscription ID,Reseller,Product,Action,Date,Total,Cost,User"
_CUSTOMERS = 5000


def write(path: Path, rows: int, version: int) -> Path:
    """Write a file of so many transactions, always the same ones, each of which costs `version`."""
    with path.open("w") as file:
        file.write(f"{_HEADING}\n")
        file.writelines(_rows(rows, version))
    return path


def _rows(rows: int, version: int) -> Iterator[str]:
    for number in range(rows):
        customer = number % _CUSTOMERS
        named = f"T-{number},Customer {customer},C-{customer},S-{number},Reseller {customer % 50},DV {number % 7}"
        yield f"{named},Inventory,2026-01-{1 + number % 28:02} 08:00:00,3,{version}.00,User {version}\n"


def started(path: Path, url: str) -> Any:
    """An import in a process of its own."""
    return command("import", SLUG, str(path), DATABASE_URL=url)


def held(url: str) -> list[tuple[int, int]]:
    """How many rows the database holds of each version, and that it holds together."""
    database, _ = databases(url)
    with database.connection_context():
        if url.startswith("sqlite"):
            assert database.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert not database.execute_sql("PRAGMA foreign_key_check").fetchall()
        asked = 'SELECT cost / 100, COUNT(*) FROM "transaction" GROUP BY 1'
        return sorted(map(tuple, database.execute_sql(asked).fetchall()))
