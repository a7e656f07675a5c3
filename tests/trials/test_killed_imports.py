"""Imports that are killed."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from shutil import copytree
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory
from time import monotonic

import pytest

from tests.databases import each_database as database_url
from tests.trials.conftest import Trial
from tests.trials.transactions import held, started, write

__all__ = ["database_url"]


@pytest.mark.slow_trial
def test_a_killed_import(trial: Trial, database_url: str, tmp_path: Path) -> None:
    """An import is all or nothing."""
    lanes = [database_url]
    if database_url.startswith("sqlite"):  # whose imports take a processor each, and there are two
        copytree(tmp_path, tmp_path / "other")
        lanes.append(f"sqlite:///{tmp_path}/other/reports.db")
    rows, rounds = trial.rounds(200_000, 4_000), trial.rounds(50 // len(lanes), 1)
    with ThreadPoolExecutor() as threads:
        attempts = [
            threads.submit(try_imports, Random(trial.seed + n), lane, rows, rounds) for n, lane in enumerate(lanes)
        ]
        seen = sum((each.result() for each in attempts), Counter[str]())
    assert (seen["partial"], seen["lost"]) == (0, 0)
    trial.tell(
        f"{rounds * len(lanes)} imports of {rows:,} rows killed at random moments; {seen['committed']} had committed",
        "0 files in part, 0 acknowledged rows; the database was intact each time",
    )


def try_imports(dice: Random, url: str, rows: int, rounds: int) -> Counter[str]:
    """Kill so many imports, each on the database that the one before left, and count the outcomes.

    Every file has the same rows at a cost of its own, so that the database holds either one file or the other.
    """
    seen, version = Counter[str](), 0
    with TemporaryDirectory() as folder:
        file = Path(folder) / "file.csv"
        seconds = imported(write(file, rows, 0), url)
        for attempt in range(1, rounds + 1):
            acknowledged = killed(write(file, rows, attempt), url, seconds * moment(dice))
            found = held(url)
            seen["partial"] += found not in ([(version, rows)], [(attempt, rows)])
            seen["lost"] += acknowledged and found != [(attempt, rows)]
            seen["committed"] += found == [(attempt, rows)]
            version = found[0][0]
    return seen


def imported(file: Path, url: str) -> float:
    """Import a file, and return how many seconds that took."""
    start = monotonic()
    with started(file, url) as process:
        assert process.wait() == 0
    return monotonic() - start


def moment(dice: Random) -> float:
    """Return a share of an import's time: every other one in its last tenth, when it commits."""
    return dice.choice([dice.random(), 1 - dice.random() / 10])


def killed(file: Path, url: str, after: float) -> bool:
    """Import a file, kill that after so many seconds, and return whether it had reported its end."""
    with started(file, url) as process:
        try:
            process.wait(after)
        except TimeoutExpired:
            process.kill()
        output, _ = process.communicate()
    return "rows: " in output
