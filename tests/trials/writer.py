"""A process that writes so many times a second until standard input ends, and then prints how often it did.

`python -m tests.trials.writer FOLDER RATE`. It writes into both databases in turn: in one transaction a row more, and
the number of rows. `count_writes` checks that these agree.
"""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

from cysqlite import connect

_LOCK_TIMEOUT = 60  # seconds

_LOAD = """
INSERT INTO load (report, file, loaded_at, added, updated, unchanged, removed, cancelled, who, changed_rows, discarded)
SELECT 'customer-usage', 'x', '2026-11-24 13:00:00', COUNT(*) + 1, 0, 0, 0, 0, '', 0, 0 FROM load"""
_COUNT_LOADS = "UPDATE reseller SET name_key = (SELECT COUNT(*) FROM load) WHERE id = 0"
_VIEW = """
INSERT INTO saved_view (user_id, report, name, query, shared, is_default)
SELECT 1, 'customer-usage', COUNT(*) + 1, '', 0, 0 FROM saved_view"""
_COUNT_VIEWS = "UPDATE user SET reseller = (SELECT COUNT(*) FROM saved_view)"
_EVENT = """
INSERT INTO audit_event (at, who, event, outcome, about, details, address, request)
VALUES ('2026-11-24 13:00:00', 'writer', 'written', 'done', ?, '{}', '', '')"""

_COUNTS = (
    "SELECT COUNT(*), MAX(added), (SELECT CAST(name_key AS INT) FROM reseller WHERE id = 0) FROM load",
    "SELECT COUNT(*), MAX(CAST(name AS INT)), (SELECT CAST(reseller AS INT) FROM user) FROM saved_view",
)
_EVENTS = "SELECT COUNT(DISTINCT about) FROM audit_event WHERE who = 'writer'"


def count_writes(reports: Path, users: Path) -> list[int]:
    """Return how many writes each database has. AssertionError where its counts disagree, or it is damaged."""
    writes: list[int] = []
    for file, query in zip((reports, users), _COUNTS, strict=True):
        with opened(file) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            numbers = set(database.execute(query).fetchone())
            assert len(numbers) == 1, f"{file} has {numbers}"
            writes += numbers
    return writes


def count_events(users: Path) -> int:
    """Return how many writes are in the audit trail."""
    with opened(users) as database:
        return int(database.execute(_EVENTS).fetchone()[0])


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    with closing(connect(str(file), timeout=_LOCK_TIMEOUT)) as database:
        yield database


def _write(folder: Path, rate: float, input_open: Thread) -> int:
    number, start = 0, monotonic()
    with opened(folder / "reports.db") as reports, opened(folder / "access.db") as users:
        while input_open.is_alive():
            number += 1
            with reports.transaction("IMMEDIATE"):
                reports.execute(_LOAD)
                reports.execute(_COUNT_LOADS)
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
