"""A SQLite file that is lost, damaged, locked or read-only under a running server."""

from itertools import product
from pathlib import Path
from time import sleep

import pytest

from tests.file_faults import FAULTS
from tests.serving import command, server
from tests.trials.conftest import Trial
from tests.trials.visitors import Visitors, install

_ALL = list(product(FAULTS, ("reports.db", "access.db")))


@pytest.mark.slow_trial
def test_file_faults(trial: Trial, tmp_path: Path) -> None:
    """A database that can't be read is a 503, never a wrong answer, and is found again without a restart."""
    at = {"DATABASE_URL": f"sqlite:///{tmp_path}/reports.db"}
    install(**at)
    faults = trial.dice.sample(_ALL, trial.rounds(len(_ALL), 2))
    with (tmp_path / "log").open("wb") as log, server(log, **at) as address:
        visitors = Visitors(address)
        for fault, name in faults:
            broken = visitors.meeting(fault(tmp_path / name), f"{fault.__name__} {name}")
            with broken, command("user", "list", **at) as process:
                sleep(1)
                _, error = process.communicate()
            assert error.startswith("Error: ") if process.returncode else not error, (fault.__name__, name)
    text = (tmp_path / "log").read_text(errors="replace")
    assert "Unexpected at" not in text
    trial.tell(*visitors.told(f"{len(faults)} faults of reports.db and access.db for a second"))
