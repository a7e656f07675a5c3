"""Large files of transactions and usage, and how many rows of each file a database holds."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.auth import users
from bench.databases import CACHE
from models import close_connections, open_database
from models.connections import databases_at
from tests.serving import ROOT, command, flask
from tests.support import load_stream
from tests.trials.visitor import EMAIL, PASSWORD

SLUG = "customer-transactions"
_HEADING = "Transaction ID,Customer,Customer ID,Subscription ID,Reseller,Product,Action,Date,Total,Cost,User"
_CUSTOMERS = 5000


def write(path: Path, rows: int, version: int) -> Path:
    """Write a file with the first `rows` of a fixed list of transactions, each with the cost `version`."""
    with path.open("w") as file:
        file.write(f"{_HEADING}\n")
        file.writelines(_rows(rows, version))
    return path


def write_usage(path: Path, rows: int, used: int) -> Path:
    """Write a file with `rows` holdings, each of which uses as much; those of a customer are far apart."""
    with path.open("w") as file:
        file.write("Customer,Customer ID,Reseller,Product,Inventory,Used\n")
        for number in range(rows):
            customer = number % _CUSTOMERS
            named = f"Customer {customer},C-{customer},Reseller {customer % 50},DV {number // _CUSTOMERS}"
            file.write(f"{named},3,{used}\n")
    return path


def _rows(rows: int, version: int) -> Iterator[str]:
    for number in range(rows):
        customer = number % _CUSTOMERS
        named = f"T-{number},Customer {customer},C-{customer},S-{number},Reseller {customer % 50},DV {number % 7}"
        yield f"{named},Inventory,2026-01-{1 + number % 28:02} 08:00:00,3,{version}.00,User {version}\n"


def filled(url: str, rows: int) -> str:
    """Import a file with costs of 0 into a migrated database, and add the user Ann."""
    with TemporaryDirectory() as folder, write(Path(folder) / "file.csv", rows, 0).open("rb") as file:
        open_database(url)
        load_stream(SLUG, file)
        close_connections()
    return with_ann(url)


def with_ann(url: str) -> str:
    """Add the user Ann."""
    open_database(url)
    users.add_user({"who": "the trials"}, EMAIL, "admin", None, PASSWORD)
    close_connections()
    return url


def million(folder: Path) -> str:
    """The benchmark's database of a million transactions, made if it is missing, with users of its own."""
    kept = CACHE / "1000000.db"
    if not kept.exists():
        making = "from bench.databases import make_database; make_database(1_000_000)"
        subprocess.run([sys.executable, "-c", making], cwd=ROOT, check=True)
    (folder / "million.db").symlink_to(kept)
    url = f"sqlite:///{folder}/million.db"
    flask("migrate", DATABASE_URL=url)
    return with_ann(url)


def started(path: Path, url: str) -> Any:
    """Start an import in a process of its own."""
    return command("import", SLUG, str(path), DATABASE_URL=url)


def held(url: str) -> list[tuple[int, int]]:
    """Count the rows of each version, after an integrity check."""
    database, _ = databases_at(url)
    with database.connection_context():
        if url.startswith("sqlite"):
            assert database.execute_sql("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert not database.execute_sql("PRAGMA foreign_key_check").fetchall()
        query = 'SELECT cost / 100, COUNT(*) FROM "transaction" GROUP BY 1'
        return sorted(map(tuple, database.execute_sql(query).fetchall()))
