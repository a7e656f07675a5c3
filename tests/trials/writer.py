"""A process that writes so many times a second, until standard input ends; then it says how often it did.

`python -m tests.trials.writer FOLDER RATE`. Every other time it writes into the reports' database, and else into that
of users: a row more, and how many there are, in one transaction. `held` says whether that agrees.
"""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

from cysqlite import connect

_PATIENCE = 60
"""Seconds that it waits for a restore."""

_LOAD = """
INSERT INTO load (report, file, loaded_at, added, updated, unchanged, removed, who)
SELECT 'customer-usage', 'x', '2026-11-24 13:00:00', COUNT(*) + 1, 0, 0, 0, '' FROM load"""
_COUNT = "UPDATE reseller SET name_key = (SELECT COUNT(*) FROM load) WHERE id = 0"
_VIEW = """
INSERT INTO saved_view (user_id, report, name, query, shared, is_default)
SELECT 1, 'customer-usage', COUNT(*) + 1, '', 0, 0 FROM saved_view"""
_COUNT_VIEWS = "UPDATE user SET reseller = (SELECT COUNT(*) FROM saved_view)"
_EVENT = """
INSERT INTO audit_event (at, who, event, outcome, about, details, address, request)
VALUES ('2026-11-24 13:00:00', 'writer', 'written', 'done', ?, '{}', '', '')"""

_AGREE = (
    "SELECT COUNT(*), MAX(added), (SELECT CAST(name_key AS INT) FROM reseller WHERE id = 0) FROM load",
    "SELECT COUNT(*), MAX(CAST(name AS INT)), (SELECT CAST(reseller AS INT) FROM user) FROM saved_view",
)
_TOLD = "SELECT COUNT(DISTINCT about) FROM audit_event WHERE who = 'writer'"


def held(reports: Path, users: Path) -> list[int]:
    """How often what is in each database was written. AssertionError when that doesn't agree, or it isn't sound."""
    written = []
    for file, query in zip((reports, users), _AGREE, strict=True):
        with opened(file) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            numbers = set(database.execute(query).fetchone())
            assert len(numbers) == 1, f"{file} has {numbers}"
            written += numbers
    return written


def told(folder: Path) -> int:
    """How many writes stand in the trail."""
    with opened(folder / "access.db") as users:
        return int(users.execute(_TOLD).fetchone()[0])


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    with closing(connect(str(file), timeout=_PATIENCE)) as database:
        yield database


def _write(folder: Path, rate: float, ended: Thread) -> int:
    number, start = 0, monotonic()
    with opened(folder / "reports.db") as reports, opened(folder / "access.db") as users:
        while ended.is_alive():
            number += 1
            with reports.transaction("IMMEDIATE"):
                reports.execute(_LOAD)
                reports.execute(_COUNT)
            with users.transaction("IMMEDIATE"):
                users.execute(_VIEW)
                users.execute(_COUNT_VIEWS)
                users.execute(_EVENT, (str(number),))
            sleep(max(0, start + 2 * number / rate - monotonic()))
    return number


if __name__ == "__main__":
    reader = Thread(target=sys.stdin.read, daemon=True)
    reader.start()
    print(_write(Path(sys.argv[1]), float(sys.argv[2]), reader))
