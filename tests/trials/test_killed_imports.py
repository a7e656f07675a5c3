"""Imports that are killed."""

from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from time import monotonic

from tests.databases import on_both as database_url
from tests.trials import transactions
from tests.trials.conftest import Trial
from tests.trials.transactions import held, started

__all__ = ["database_url"]


def test_a_killed_import(trial: Trial, database_url: str, tmp_path: Path) -> None:
    """An import is all or nothing.

    Every file has the same rows and its own cost, so that what is there is either one file or the other. Each import
    is killed on the database that the one before left.
    """
    rows, rounds = trial.rounds(200_000, 4_000), trial.rounds(50 if "sqlite" in database_url else 10, 2)
    seconds = _imported(transactions.write(tmp_path / "0.csv", rows, 0), database_url)
    version = partial = lost = committed = 0
    for attempt in range(1, rounds + 1):
        file = transactions.write(tmp_path / "file.csv", rows, attempt)
        acknowledged = _killed(file, database_url, seconds * _moment(trial.dice))
        found = held(database_url)
        partial += found not in ([(version, rows)], [(attempt, rows)])
        lost += acknowledged and found != [(attempt, rows)]
        committed += found == [(attempt, rows)]
        version = found[0][0]
    assert (partial, lost) == (0, 0)
    trial.tell(
        f"{rounds} imports of {rows:,} rows killed at random moments; {committed} of them had committed",
        "0 files in part, 0 acknowledged rows; the integrity check was ok each time",
    )


def _imported(file: Path, url: str) -> float:
    """Import a file, and return how many seconds that took."""
    start = monotonic()
    with started(file, url) as process:
        assert process.wait() == 0
    return monotonic() - start


def _moment(dice: Random) -> float:
    """Some part of an import: every other time of its last tenth, when it commits."""
    return dice.choice([dice.random(), 1 - dice.random() / 10])


def _killed(file: Path, url: str, after: float) -> bool:
    """Import a file and kill that after so many seconds; tells whether it had said that it is done."""
    with started(file, url) as process:
        try:
            process.wait(after)
        except TimeoutExpired:
            process.kill()
        told, _ = process.communicate()
    return "rows: " in told
