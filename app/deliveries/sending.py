"""Send the mails of deliveries that are due. `flask jobs` does so every minute."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from urllib.parse import urlsplit

from huey import Huey, crontab
from xlsxwriter.exceptions import FileCreateError

from app.auth.second_factor import SecondFactors
from app.auth.visitor import visitor_of
from app.deliveries import runs
from app.deliveries.access import deliverable_view, required_action
from app.deliveries.content import Content, NotPermitted, read_content
from app.deliveries.message import Mail, StopLinks, write_message, write_test_message
from app.deliveries.runs import schedule_of
from app.deliveries.smtp import TIMEOUT, Mailer, NotTaken, Uncertain
from app.settings import MailSettings
from app.table.totals import TooManyGroups
from models import (
    DATABASE_ERRORS,
    DeliveryRecipient,
    DeliveryRun,
    SavedView,
    access_db,
    audit,
    close_connections,
    describe_error,
    utc_now,
)
from models.audit import DONE, FAILED

log = logging.getLogger(__name__)

_TURN_SECONDS = 50  # after which imports that wait have their turn
_DEFECT = "Something went wrong on our side; it has been logged."


class NotSent(Exception):
    """The mail isn't to be sent, now or later. The message says why."""


@dataclass
class Sender:
    """Sends what is due. `key` signs the links that stop mails, and `clock` tells the time in UTC.

    `timeout` is how many seconds the mail server may take for each answer.
    """

    settings: MailSettings
    partner_name: str
    key: str = field(repr=False)
    second_factors: SecondFactors
    clock: Callable[[], datetime] = utc_now
    timeout: float = TIMEOUT

    def register(self, queue: Huey) -> None:
        """Let the process of a queue send mails. First release those on which its predecessor was working."""
        now = self.clock()
        runs.release_runs(now, seen_before=now)
        queue.periodic_task(crontab(), name="deliver")(self.deliver)

    def deliver(self) -> None:
        """Send the mails that are due by now. When the database or the mail server fails, the rest waits a minute."""
        try:
            runs.release_runs(self.clock())
            runs.add_due_runs(self.clock())
            end = monotonic() + _TURN_SECONDS
            while run := runs.next_waiting(self.clock()):
                if not self._send(run) or monotonic() > end:
                    return
        except DATABASE_ERRORS as error:
            log.error("Can't send deliveries: %s", describe_error(error))  # noqa: TRY400 - no defect of ours
            close_connections()  # a broken one stays broken

    def send_test(self, recipient: str) -> None:
        """Send a mail to somebody at once. Raises NotTaken and Uncertain."""
        self._hand_over(recipient, write_test_message(self.settings, self.partner_name, recipient, self.clock()))

    def _hand_over(self, recipient: str, message: bytes, begin: Callable[[], bool] = lambda: True) -> bool:
        mailer = Mailer(self.settings.server, str(urlsplit(self.settings.base_url).hostname), self.timeout)
        return mailer.send(self.settings.sender, recipient, message, begin)

    def _send(self, run: DeliveryRun) -> bool:
        """Send a waiting mail, or say why not. Return False where the server takes no other mail either."""
        if not runs.claim_run(run, self.clock()):
            return True
        content: Content | None = None
        try:
            recipient, saved_view = self._find_recipient_and_view(run)
            content = self._read_content(run, saved_view)
            _check_wanted(run, content)
            mail = self._make_mail(run, recipient, str(saved_view.name), content)
            message = write_message(self.settings, self.partner_name, mail, content, self.clock())
            if self._hand_over(mail.recipient, message, lambda: runs.begin_sending(run, self.clock())):
                self._finish(run, runs.SENT, content=content)
        except (NotSent, NotPermitted) as error:
            self._finish(run, runs.SKIPPED, str(error), content)
        except Uncertain as error:
            self._finish(run, runs.UNCERTAIN, str(error), content)
        except NotTaken as error:
            if error.is_permanent or not runs.retry_run(run, self.clock(), str(error)):
                self._finish(run, runs.FAILED, str(error), content)
            return not error.affects_all_mails
        except TooManyGroups as error:
            self._finish(run, runs.FAILED, str(error), content)
        except (OSError, FileCreateError) as error:  # of a file: a full disk, perhaps
            self._retry(run, f"The file can't be written: {error}")
        except DATABASE_ERRORS as error:
            self._retry(run, f"The database can't be used: {describe_error(error)}")
            raise
        except Exception:
            log.exception("Delivery %d to user %d failed", run.delivery_id, run.user_id)
            self._finish(run, runs.FAILED, _DEFECT, content)
        return True

    def _retry(self, run: DeliveryRun, why: str) -> None:
        """Let a mail that is being prepared wait, or fail after a day. Leave alone one that the server may have."""
        if not runs.retry_run(run, self.clock(), why, [runs.PREPARING]):
            self._finish(run, runs.FAILED, why, from_states=[runs.PREPARING])

    def _find_recipient_and_view(self, run: DeliveryRun) -> tuple[DeliveryRecipient, SavedView]:
        """Return the recipient and the view, as they are now. Raises NotSent."""
        recipient = DeliveryRecipient.get_or_none(
            DeliveryRecipient.delivery == run.delivery_id, DeliveryRecipient.user == run.user_id
        )
        if run.delivery.paused_at is not None:
            raise NotSent("the delivery is paused")
        if recipient is None or recipient.stopped_at is not None:
            raise NotSent("the recipient has stopped it, or gets it no more")
        if runs.is_superseded(run):
            raise NotSent("the next mail of the delivery was due before this one could be sent")
        saved_view = deliverable_view(run.delivery, run.user)
        if saved_view is None:
            raise NotSent("the recipient or the owner is disabled, or can't see the view any more")
        if action := required_action(run.user, self.second_factors):
            raise NotSent(f"the recipient {action}")
        return recipient, saved_view

    def _read_content(self, run: DeliveryRun, saved_view: SavedView) -> Content:
        delivery, person = run.delivery, visitor_of(run.user)
        day = self.clock().date()
        return read_content(person, saved_view, day, str(delivery.file_format), bool(delivery.only_new))

    def _make_mail(self, run: DeliveryRun, recipient: DeliveryRecipient, name: str, content: Content) -> Mail:
        delivery = run.delivery
        digits = re.sub(r"\D", "", f"{delivery.created_at}{run.due_at}")
        return Mail(
            recipient=run.user.email,
            name=name,
            sent_by=delivery.user.email,
            schedule=schedule_of(delivery).words,
            view_url=f"{self.settings.base_url}/reports/views/{delivery.view_id}",
            stop_url=StopLinks(self.key, self.settings.base_url).url(recipient),
            file_name=f"{content.view.file_stem}.{delivery.file_format}",
            ref=f"{digits}.{delivery.id}.{run.user_id}",
        )

    def _finish(
        self,
        run: DeliveryRun,
        state: str,
        message: str = "",
        content: Content | None = None,
        from_states: Sequence[str] = runs.CLAIMED,
    ) -> None:
        rows, fingerprint = (content.rows, content.fingerprint) if content else (None, "")
        with access_db.write_transaction():
            values = {"message": message, "rows": rows, "fingerprint": fingerprint}
            if runs.finish_run(run, state, self.clock(), from_states, **values) and state != runs.SKIPPED:
                outcome = DONE if state == runs.SENT else FAILED
                details = {"to": run.user.email, "due": str(run.due_at), "rows": rows, "why": message}
                delivery = run.delivery
                audit.record(
                    "delivery sent", outcome, about=delivery.view_name, who=delivery.user.email,
                    delivery=delivery.id, **{key: value for key, value in details.items() if value not in (None, "")},
                )  # fmt: skip


def _check_wanted(run: DeliveryRun, content: Content) -> None:
    """Raise NotSent where there are no rows, or nothing new, and the delivery wants no such mail."""
    if run.delivery.only_rows and not content.rows:
        raise NotSent("there are no rows")
    if run.delivery.only_new and content.fingerprint == runs.last_fingerprint(run):
        raise NotSent("there is nothing new since last time")
