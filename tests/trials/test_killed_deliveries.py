"""Deliveries whose process is killed while it sends."""

import os
import subprocess
import sys
from collections import Counter
from time import sleep

import pytest
from flask import Flask

from app.deliveries import runs
from app.deliveries.schedule import DAILY, HOURS, Schedule
from models import Delivery, DeliveryRun, format_time, utc_now
from tests.deliveries.conftest import KEY, Mailbox, delivered, mailbox, person, saved, smtp_server
from tests.serving import OWN, ROOT
from tests.trials.conftest import Trial

__all__ = ["mailbox", "smtp_server"]

_DELIVER = """
from app import create_app
from app.deliveries import runs
from app.web.services import services
sender = services(create_app()).sender
runs.release_runs(sender.clock(), seen_before=sender.clock())
print("begins", flush=True)
sender.deliver()
"""


def start(url: str, port: int) -> subprocess.Popen[str]:
    """Start a process that sends what is due, once."""
    settings = {
        "DATABASE_URL": url, "SECRET_KEY": KEY, "SMTP_URL": f"smtp://127.0.0.1:{port}?tls=no",
        "MAIL_FROM": "reports@partner.example", "BASE_URL": "https://reports.partner.example",
    }  # fmt: skip
    command, environment = [sys.executable, "-c", _DELIVER], os.environ | OWN | settings
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "begins\n"
    return process


@pytest.mark.slow_trial
@pytest.mark.usefixtures("edge_cases")
def test_killed_deliveries(app: Flask, trial: Trial, database_url: str, mailbox: Mailbox) -> None:
    """Each mail arrives once, or is said to be uncertain and arrives at most once."""
    mailbox.answer = lambda envelope: sleep(0.01)  # a server that takes its time
    people = [person(f"p{number}") for number in range(5)]
    view, kills = saved(people[0]), 0
    for hour in HOURS:
        delivered(view, *people, schedule=Schedule(DAILY, 0, hour), now=utc_now())
    Delivery.update(next_at=format_time(utc_now())).execute()
    while kills == 0 or DeliveryRun.select().where(DeliveryRun.state == runs.WAITING).exists():
        with start(database_url, mailbox.port) as process:
            sleep(trial.dice.random() / 4)
            process.kill()
        kills += 1
        runs.release_runs(utc_now(), seen_before=utc_now())
    mails = Counter(message["Message-ID"] for message in mailbox.messages())
    states = Counter(run.state for run in DeliveryRun.select())
    assert sum(states.values()) == len(HOURS) * len(people)
    assert set(states) <= {runs.SENT, runs.UNCERTAIN}
    assert set(mails.values()) == {1}
    assert states[runs.SENT] <= len(mails)
    trial.tell(
        f"{sum(states.values())} mails whose process was killed {kills} times at random moments",
        f"{states[runs.UNCERTAIN]} mails were called uncertain; {len(mails)} arrived, none twice",
    )
