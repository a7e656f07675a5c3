"""Imports thousands of damaged files with `flask import`."""

import re
from collections import Counter
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from tests.databases import each_database as database_url
from tests.importing.files import dump
from tests.importing.sums import check_sums
from tests.trials.conftest import Trial
from tests.trials.damage import MAX_PRINTED, SLUGS, damaged

__all__ = ["database_url"]


@pytest.mark.slow_trial
def test_a_damaged_file(trial: Trial, runner: FlaskCliRunner, tmp_path: Path) -> None:
    """A damaged file is loaded whole or not at all, and its faults name the right lines.

    A file was loaded whole if importing it again adds nothing.
    """
    files, damages, loaded = trial.rounds(1000, 20), Counter[str](), 0
    path = tmp_path / "file.csv"
    for _ in range(files):
        slug = trial.dice.choice(SLUGS)
        file = damaged(slug, trial.dice)
        path.write_bytes(file.content)
        before = dump()
        result = runner.invoke(args=["import", slug, str(path)])
        lines = [int(line) for line in re.findall(rf"^{path}:(\d+): ", result.stderr, re.MULTILINE)]
        assert lines == file.fault_lines[:MAX_PRINTED], (file.damages, result.output)
        assert result.exit_code == (1 if lines else 0)
        if lines:
            assert dump() == before
        else:
            again = runner.invoke(args=["import", slug, str(path), "--dry-run"])
            assert "40 rows: 0 added, 0 updated, 40 unchanged, 0 removed" in again.stdout
        damages.update(file.damages)
        loaded += not lines
    check_sums()
    trial.tell(
        f"{files:,} files with {damages.total():,} damages of {len(damages)} sorts",
        f"0 files loaded in part ({loaded:,} were loaded whole), 0 lines told wrongly",
    )
