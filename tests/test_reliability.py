"""docs/reliability.md, which `make trials` writes: it marks and counts what failed."""

import re
from pathlib import Path

import pytest

from tests.trials import document
from tests.trials.document import Row

KEPT = Row("Nothing is lost", [("3 files", "0 rows"), ("2 disks", "nothing")], ran=True, seconds=61.4)
BROKEN = Row("Nobody waits", [("9 people", "0 pages")], ran=True, failed=True, seconds=2)
SILENT = Row("All is told", ran=True)


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "reliability.md"
    monkeypatch.setattr(document, "PATH", path)
    return path


def test_each_trial_has_a_line_for_each_thing_it_tried(path: Path) -> None:
    document.write([KEPT], 7, "2 cores")
    text = path.read_text()
    assert "| Nothing is lost | 3 files | 0 rows | 61 |\n|  | 2 disks | nothing |  |\n" in text
    assert "No trial failed." in text
    assert "!" not in text
    assert "SEED=7 make trials" in text
    assert re.search(r"Version [0-9a-f]{7,}(-dirty)?\. The machine: 2 cores\. Seed 7\.", text)


def test_failed_and_silent_trials_are_marked(path: Path) -> None:
    document.write([KEPT, BROKEN, SILENT], 7, "2 cores")
    text = path.read_text()
    assert "| Nobody waits | failed | see the run ! | 2 |" in text
    assert "| All is told | told nothing | ! | 0 |" in text
    assert "2 trials failed." in text
    assert list(path.parent.iterdir()) == [path]
