"""A database of SQLite in which the reading of one row goes wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from cysqlite import connect

from tests.trials.transactions import SLUG

EXPORT = f"/reports/{SLUG}"

FAILS = "json(kept.ref)"
"""What no database can make of an id."""

ENDLESS = "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT COUNT(*) FROM n WHERE n != kept.id)"
"""Leaves time to do something to the server meanwhile."""

_PAGE = 4096


class Spoiled:
    """In the place of the transactions stands a view of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        database = connect(str(path))
        self._columns = [name for _, name, *_ in database.execute('PRAGMA table_info("transaction")').fetchall()]
        database.execute('ALTER TABLE "transaction" RENAME TO kept')
        database.close()
        self.at("", "0")

    def at(self, ref: str, what: str) -> None:
        """Let `what` be read in the place of the cost of the transaction with this id."""
        cost = f"CASE WHEN ref = '{ref}' THEN {what} ELSE cost END AS cost"
        columns = ", ".join(cost if name == "cost" else f'"{name}"' for name in self._columns)
        database = connect(str(self._path))
        database.execute('DROP VIEW IF EXISTS "transaction"')
        database.execute(f'CREATE VIEW "transaction" AS SELECT {columns} FROM kept')
        database.close()


@contextmanager
def damaged(path: Path, dice: Random) -> Iterator[None]:
    """Let most of a database be blank, or missing, as on a disk that loses pages; afterwards it is whole."""
    database = connect(str(path))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    content = path.read_bytes()
    pages = len(content) // _PAGE
    start = dice.randrange(pages // 8, pages // 3)  # of the rows: behind them are indexes
    with path.open("r+b") as file:
        if dice.random() < 1 / 4:
            file.truncate(start * _PAGE)
        else:
            file.seek(start * _PAGE)
            file.write(bytes((pages - start) * _PAGE))
    yield
    with path.open("r+b") as file:
        file.write(content)
