"""What becomes of each mail of a delivery. A mail is sent once, whatever restarts, dies or runs twice.

A mail is WAITING, then PREPARING, then SENDING, which is written before the server gets its text, then SENT. A process
that dies while it prepares has sent nothing: the mail waits again. One that dies while it sends leaves open whether the
server has taken the mail. That mail is UNCERTAIN: nobody gets it twice, and the list of deliveries says so.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.deliveries.schedule import Schedule
from models import Delivery, DeliveryRecipient, DeliveryRun, access_db, format_time

WAITING, PREPARING, SENDING = "waiting", "preparing", "sending"
SENT, SKIPPED, FAILED, UNCERTAIN = "sent", "skipped", "failed", "uncertain"
PROBLEMS = (FAILED, UNCERTAIN)
CLAIMED = (PREPARING, SENDING, UNCERTAIN)  # a process works on the mail, even if others think that it has died

_RETRY_MINUTES = (1, 2, 5, 10, 20, 40, 60, 120, 240)  # before each next attempt; the last one repeats
_FAILS_AFTER = timedelta(days=1)  # when no attempt follows any more
_LOST_AFTER = timedelta(minutes=30)  # when a process that prepares or sends a mail must have died
_DELETED_AFTER = timedelta(days=400)  # when nobody needs to know any more what became of a mail
_INTERRUPTED = "The process that sent this mail was ended before the server answered: it may have arrived or not."


def schedule_of(delivery: Delivery) -> Schedule:
    return Schedule(delivery.kind, delivery.day, delivery.hour)


def add_due_runs(now: datetime) -> None:
    """Add the mails that are due. Of the due times that a delivery has missed, only the last one gets mails."""
    is_due = Delivery.paused_at.is_null() & (Delivery.next_at <= format_time(now))
    for delivery in Delivery.select().where(is_due).order_by(Delivery.id):
        schedule = schedule_of(delivery)
        due, following = schedule.latest(now), schedule.next(now)
        unchanged = (Delivery.id == delivery.id) & (Delivery.next_at == delivery.next_at)
        with access_db.write_transaction():
            if Delivery.update(next_at=format_time(following)).where(unchanged, is_due).execute():
                _add_runs(delivery, format_time(due), format_time(now))
                is_old = DeliveryRun.due_at < format_time(now - _DELETED_AFTER)
                DeliveryRun.delete().where(DeliveryRun.delivery == delivery.id, is_old).execute()


def _add_runs(delivery: Delivery, due: str, now: str) -> None:
    is_active = DeliveryRecipient.stopped_at.is_null() & (DeliveryRecipient.delivery == delivery.id)
    times = {"due_at": due, "created_at": now, "next_at": now, "seen_at": now}
    for recipient in DeliveryRecipient.select().where(is_active).order_by(DeliveryRecipient.id):
        fields = {"delivery": delivery.id, "user": recipient.user_id, "state": WAITING, **times}
        DeliveryRun.insert(fields).on_conflict_ignore().execute()


def skip_to_next(now: datetime) -> None:
    """Drop the mails that wait, and go on with the next due times.

    Nobody knows after a restore which mails of the backup have gone out since.
    """
    DeliveryRun.delete().where(DeliveryRun.state.in_([WAITING, PREPARING])).execute()
    for delivery in Delivery.select(Delivery.id, Delivery.kind, Delivery.day, Delivery.hour):
        following = {"next_at": format_time(schedule_of(delivery).next(now))}
        Delivery.update(following).where(Delivery.id == delivery.id).execute()


def next_waiting(now: datetime) -> DeliveryRun | None:
    """Return the mail whose turn it is, None when all are sent or wait for a later attempt."""
    is_next = (DeliveryRun.state == WAITING) & (DeliveryRun.next_at <= format_time(now))
    run: DeliveryRun | None = DeliveryRun.select().where(is_next).order_by(DeliveryRun.id).first()
    return run


def claim_run(run: DeliveryRun, now: datetime) -> bool:
    """Take a waiting mail to send it. Return False when another process has."""
    if not _change_state(run, [WAITING], PREPARING, now, attempts=run.attempts + 1):
        return False
    run.attempts += 1
    return True


def begin_sending(run: DeliveryRun, now: datetime) -> bool:
    """Note that the server gets the mail now. Return False when the mail was taken away: then don't send it."""
    return _change_state(run, [PREPARING], SENDING, now)


def is_superseded(run: DeliveryRun) -> bool:
    """Whether the person gets a newer mail of the same delivery: this one has waited until that was due."""
    same = (DeliveryRun.delivery == run.delivery_id) & (DeliveryRun.user == run.user_id)
    return bool(DeliveryRun.select().where(same, DeliveryRun.due_at > run.due_at).exists())


def finish_run(run: DeliveryRun, state: str, now: datetime, from_states: Sequence[str], **values: Any) -> bool:
    """Note what became of a mail in one of `from_states`: CLAIMED are those of one that this process has claimed."""
    return _change_state(run, from_states, state, now, **values)


def retry_run(run: DeliveryRun, now: datetime, message: str, from_states: Sequence[str] = (PREPARING, SENDING)) -> bool:
    """Let a mail in one of `from_states` wait for its next attempt, within a day. Return whether it waits.

    The server must not have taken it.
    """
    pause = timedelta(minutes=_RETRY_MINUTES[min(run.attempts, len(_RETRY_MINUTES)) - 1])
    if now + pause > datetime.fromisoformat(str(run.created_at)) + _FAILS_AFTER:
        return False
    return _change_state(run, from_states, WAITING, now, next_at=format_time(now + pause), message=message)


def release_runs(now: datetime, seen_before: datetime | None = None) -> None:
    """Release the mails of processes that have died: those being prepared wait again, those being sent are UNCERTAIN.

    By default these are mails that nobody has touched for half an hour. If the process does live, `begin_sending` tells
    it that its mail was taken away.
    """
    old = DeliveryRun.seen_at <= format_time(seen_before or now - _LOST_AFTER)
    seen = {"seen_at": format_time(now)}
    DeliveryRun.update(state=WAITING, **seen).where(DeliveryRun.state == PREPARING, old).execute()
    uncertain = DeliveryRun.update(state=UNCERTAIN, message=_INTERRUPTED, **seen)
    uncertain.where(DeliveryRun.state == SENDING, old).execute()


def last_fingerprint(run: DeliveryRun) -> str:
    """Return the fingerprint of the rows that the person got last time, "" before the first."""
    same = (DeliveryRun.delivery == run.delivery_id) & (DeliveryRun.user == run.user_id)
    sent = DeliveryRun.select().where(same, DeliveryRun.state == SENT, DeliveryRun.due_at < run.due_at)
    last = sent.order_by(DeliveryRun.due_at.desc()).first()
    return last.fingerprint if last else ""


def _change_state(run: DeliveryRun, from_states: Sequence[str], state: str, now: datetime, **values: Any) -> bool:
    same = (DeliveryRun.id == run.id) & (DeliveryRun.attempts == run.attempts) & DeliveryRun.state.in_(from_states)
    fields = {"state": state, "seen_at": format_time(now), **values}
    changed: int = DeliveryRun.update(fields).where(same).execute()
    return changed == 1
