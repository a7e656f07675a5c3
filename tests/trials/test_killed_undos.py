"""Undos of imports that are killed."""

from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory
from time import monotonic

import pytest

from models import Import, close_connections, open_database
from tests.databases import each_database as database_url
from tests.serving import command, flask
from tests.trials.conftest import Trial
from tests.trials.test_killed_imports import moment
from tests.trials.transactions import SLUG, held, write

__all__ = ["database_url"]


@pytest.mark.slow_trial
def test_a_killed_undo(trial: Trial, database_url: str) -> None:
    """An undo is all or nothing."""
    rows, rounds = 100_000, 25
    done = try_undos(trial.dice, database_url, rows, rounds)
    trial.tell(
        f"{rounds} undos of an import that had changed {rows:,} rows, killed at random moments; {done} had committed",
        "0 undos in part, 0 acknowledged; the database was intact each time, and the next undo worked",
    )


def try_undos(dice: Random, url: str, rows: int, rounds: int) -> int:
    """Import a file with other costs, kill its undo, undo it where it wasn't; return how many undos had committed."""
    done, seconds = 0, 0.0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        flask("import", SLUG, str(write(path, rows, 0)), DATABASE_URL=url)
        for attempt in range(rounds + 1):
            flask("import", SLUG, str(write(path, rows, attempt + 1)), DATABASE_URL=url)
            number = last_number(url)
            acknowledged = undone(number, url, seconds * moment(dice)) if attempt else False
            found = held(url)
            assert found in ([(0, rows)], [(attempt + 1, rows)])
            assert found == [(0, rows)] or not acknowledged
            done += found == [(0, rows)]
            if found != [(0, rows)]:
                start = monotonic()
                assert undone(number, url, None)
                seconds = monotonic() - start  # of the next one, about
            assert held(url) == [(0, rows)]
    return done


def last_number(url: str) -> int:
    """The number of the last import that was committed."""
    open_database(url)
    number = Import.select(Import.number).order_by(Import.id.desc()).scalar()
    close_connections()
    return int(number)


def undone(number: int, url: str, after: float | None) -> bool:
    """Undo an import, kill that after so many seconds, and return whether it had reported its end."""
    with command("import", "--undo", str(number), "--yes", DATABASE_URL=url) as process:
        try:
            process.wait(after)
        except TimeoutExpired:
            process.kill()
        output, _ = process.communicate()
    return "is undone" in output
