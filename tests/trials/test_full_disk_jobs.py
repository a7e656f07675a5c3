"""Imports in the browser while the disk is full."""

from collections import Counter
from pathlib import Path
from shutil import copy
from time import sleep

import pytest

from tests.serving import server
from tests.trials.conftest import Trial
from tests.trials.disk import small_disk
from tests.trials.test_killed_jobs import apply, check_again, form, jobs, send, text, wait_for
from tests.trials.transactions import filled, held, write
from tests.trials.visitor import Visitor

ROWS = 2_000


@pytest.mark.slow_trial
def test_jobs_on_a_full_disk(trial: Trial, migrated: Path, tmp_path: Path) -> None:
    """A full disk loses nothing: imports in the browser."""
    rounds, version, seen = 20, 0, Counter[str]()
    with small_disk(tmp_path / "disk") as disk:
        for file in migrated.iterdir():
            copy(file, disk.path)
        url = filled(f"sqlite:///{disk.path}/reports.db", ROWS)
        with server(DATABASE_URL=url) as address, jobs(url):
            visitor = Visitor(address)
            send(visitor, form(write(tmp_path / "first.csv", 1, 0)))  # the queue and the folder are made
            for attempt in range(1, rounds + 1):
                file = write(tmp_path / "file.csv", ROWS, attempt)
                disk.leave(trial.dice.randrange(3_000_000))
                if not (page := send(visitor, form(file))):
                    seen["refused"] += 1
                    disk.free()
                    page = send(visitor, form(file))
                sleep(trial.dice.random() * 3)
                assert held(url) == [(version, ROWS)]
                disk.free()
                wait_for(visitor, page, "every 2s", gone=True)
                if "Apply " not in text(visitor, page):
                    seen["not checked"] += 1
                    check_again(visitor, page)
                    wait_for(visitor, page, "Apply ")
                disk.leave(trial.dice.randrange(1_000_000))
                applied = apply(visitor, page)
                sleep(trial.dice.random() * 3)
                assert held(url) in ([(version, ROWS)], [(attempt, ROWS)])
                assert visitor.get("/reports/customer-transactions").status == 200
                disk.free()
                wait_for(visitor, page, "every 2s", gone=True)
                if held(url) == [(version, ROWS)]:
                    seen["not applied"] += 1
                    assert not applied or "Nothing" in text(visitor, page)
                    assert apply(visitor, page)
                    wait_for(visitor, page, "Undo…")
                assert held(url) == [(attempt, ROWS)]
                assert "Undo…" in text(visitor, page)
                version = attempt
    told = ", ".join(f"{count} {what}" for what, count in seen.items()) or "none failed"
    trial.tell(
        f"{rounds} imports of {ROWS:,} rows whose upload, check and apply had room for some of them: {told}",
        "0 rows; each page said what the data had, and as soon as there was room the same button worked",
    )
