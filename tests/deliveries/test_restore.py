"""A restore brings back deliveries, but neither mails of before nor recipients who have stopped since."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from app.deliveries import runs
from app.deliveries.sending import Sender
from app.deliveries.store import delete_delivery, set_stopped
from models import DeliveryRecipient, DeliveryRun, User, utc_now
from tests.deliveries.conftest import Clock, Mailbox, delivered, person, saved
from tests.support import BY

pytestmark = [pytest.mark.usefixtures("edge_cases"), pytest.mark.parametrize("database_url", ["SQLite"], indirect=True)]


def test_restore_repeats_no_mail_and_no_subscription(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, runner: FlaskCliRunner, tmp_path: Path
) -> None:
    ben, view, file = person("ben"), saved(ann), str(tmp_path / "backup")
    delivered(view, ann, ben)
    another = delivered(view, ben, file_format="csv")
    mailbox.answer = lambda envelope: "451 try later"
    clock.now += timedelta(days=1)
    sender.deliver()
    assert {run.state for run in DeliveryRun.select()} == {runs.WAITING}
    assert runner.invoke(args=["backup", file]).exit_code == 0
    mailbox.answer = lambda envelope: None
    clock.now += timedelta(minutes=2)
    sender.deliver()
    for recipient in DeliveryRecipient.select().where(DeliveryRecipient.user == ben.id):
        set_stopped(BY, recipient, True, clock())
    delete_delivery(BY, another)
    again = delivered(view, ben, file_format="xlsx", now=clock())  # which gets the id of the deleted one
    assert again.id == another.id
    set_stopped(BY, DeliveryRecipient.get(DeliveryRecipient.delivery == again.id), True, clock())
    result = runner.invoke(args=["restore", file, "--yes"])
    assert (result.exit_code, result.stderr) == (0, "")
    mailbox.mails.clear()
    clock.now = utc_now()
    sender.deliver()
    assert not mailbox.mails
    clock.now += timedelta(days=1)
    sender.deliver()
    sent = [(run.delivery_id, run.user.email) for run in DeliveryRun.select().where(DeliveryRun.state == runs.SENT)]
    assert sorted(sent) == [(another.id - 1, ann.email), (another.id, ben.email)]
