"""A SQLite database in which reading one row fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from cysqlite import connect

from tests.trials.transactions import SLUG

EXPORT = f"/reports/{SLUG}"

FAILS = "json(rows.ref)"  # an id isn't JSON

# Leaves time to do something to the server meanwhile.
ENDLESS = "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT COUNT(*) FROM n WHERE n != rows.id)"

_PAGE = 4096


class Spoiled:
    """Replaces the table of transactions by a view."""

    def __init__(self, path: Path) -> None:
        self._path = path
        database = connect(str(path))
        self._columns = [name for _, name, *_ in database.execute('PRAGMA table_info("transaction")').fetchall()]
        database.execute('ALTER TABLE "transaction" RENAME TO rows')
        database.close()
        self.at("", "0")

    def at(self, ref: str, what: str) -> None:
        """Evaluate the SQL `what` in the place of the cost of one transaction."""
        cost = f"CASE WHEN ref = '{ref}' THEN {what} ELSE cost END AS cost"
        columns = ", ".join(cost if name == "cost" else f'"{name}"' for name in self._columns)
        database = connect(str(self._path))
        database.execute('DROP VIEW IF EXISTS "transaction"')
        database.execute(f'CREATE VIEW "transaction" AS SELECT {columns} FROM rows')
        database.close()


@contextmanager
def damaged(path: Path, dice: Random) -> Iterator[None]:
    """Blank or cut off most pages of a database, as a failing disk does, and restore them afterwards."""
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
