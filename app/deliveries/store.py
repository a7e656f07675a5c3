"""Deliveries: add, change, pause, stop, delete and list them. Each change records its audit event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, fn

from app.auth.permissions import Permission
from app.auth.users import find_user
from app.auth.visitor import Visitor, visitor_of
from app.deliveries.content import FORMATS
from app.deliveries.runs import PROBLEMS, WAITING, schedule_of
from app.deliveries.schedule import Schedule
from app.saved_views import find_view, is_visible_to, visible_ids
from app.validation import ValidationError
from models import Delivery, DeliveryRecipient, DeliveryRun, SavedView, User, access_db, audit, format_time
from models.audit import AuditActor

MAX_DELIVERIES = 50  # of a person
MAX_RECIPIENTS = 20  # of a delivery
MAX_LISTED = 500  # deliveries in the list of all


@dataclass(frozen=True)
class DeliveryForm:
    """When, how and to whom a delivery goes, as a person chooses it.

    `emails` are those of its recipients, `file_format` is one of FORMATS.
    """

    schedule: Schedule
    file_format: str
    only_rows: bool
    only_new: bool
    emails: Sequence[str]

    def fields(self) -> dict[str, str | int | bool]:
        schedule = self.schedule
        times: dict[str, str | int | bool] = {"kind": schedule.kind, "day": schedule.day, "hour": schedule.hour}
        return times | {"file_format": self.file_format, "only_rows": self.only_rows, "only_new": self.only_new}


@dataclass(frozen=True)
class ListedDelivery:
    """A delivery in a list: its recipients, the mails that were due last, and why it doesn't go out, "" if it does."""

    delivery: Delivery
    recipients: Sequence[DeliveryRecipient]
    last: Sequence[DeliveryRun]
    blocked_reason: str

    @property
    def name(self) -> str:
        delivery = self.delivery
        return str(delivery.view.name if delivery.view else delivery.view_name)

    @property
    def schedule(self) -> str:
        return schedule_of(self.delivery).words

    @property
    def failing(self) -> list[DeliveryRun]:
        """Those of the last mails that have failed, may not have arrived, or are tried again."""
        return [run for run in self.last if run.state in PROBLEMS or (run.state == WAITING and run.message)]


def add_delivery(actor: AuditActor, visitor: Visitor, view: SavedView, form: DeliveryForm, now: datetime) -> Delivery:
    """Add a delivery of a view that the visitor sees, and return it. Raises ValidationError.

    It is due for the first time after `now`, which is in UTC. Adding the same one again changes nothing.
    """
    with access_db.write_transaction():
        users = _validate(form, view)
        if duplicate := _find_duplicate(visitor, view, form, users):
            return duplicate
        if Delivery.select().where(Delivery.user == visitor.id).count() >= MAX_DELIVERIES:
            raise ValidationError({"kind": f"You have {MAX_DELIVERIES} deliveries, the most that there can be."})
        times = {"created_at": format_time(now), "next_at": format_time(form.schedule.next(now))}
        delivery = Delivery.create(user=visitor.id, view=view.id, view_name=view.name, **form.fields(), **times)
        _set_recipients(delivery, users, now)
        _record("delivery added", actor, delivery, form)
    return delivery


def change_delivery(actor: AuditActor, delivery: Delivery, form: DeliveryForm, now: datetime) -> None:
    """Change when, how and to whom a delivery goes. Whoever has stopped it stays out. Raises ValidationError."""
    with access_db.write_transaction():
        view = find_view(visitor_of(delivery.user), delivery.view_id) if delivery.view_id is not None else None
        if view is None:
            raise ValidationError(
                {"kind": "Its view isn't there any more, or isn't shared any more; delete the delivery."}
            )
        users = _validate(form, view)
        next_at = format_time(form.schedule.next(now))
        fields = {**form.fields(), "view_name": view.name, "next_at": next_at}
        Delivery.update(fields).where(Delivery.id == delivery.id).execute()
        _set_recipients(delivery, users, now)
        _record("delivery changed", actor, delivery, form)


def set_paused(actor: AuditActor, delivery: Delivery, paused: bool, now: datetime) -> None:
    """Pause a delivery, or let it go on with the next time that it is due."""
    following = {"next_at": format_time(schedule_of(delivery).next(now))}
    fields = {"paused_at": format_time(now)} if paused else {"paused_at": None, **following}
    with access_db.write_transaction():
        is_change = Delivery.paused_at.is_null(paused)  # pressed twice, it happens once
        if Delivery.update(fields).where(Delivery.id == delivery.id, is_change).execute():
            _record("delivery paused" if paused else "delivery resumed", actor, delivery)


def delete_delivery(actor: AuditActor, delivery: Delivery) -> None:
    with access_db.write_transaction():
        _record("delivery deleted", actor, delivery)
        delivery.delete_instance()


def set_stopped(actor: AuditActor, recipient: DeliveryRecipient, stopped: bool, now: datetime) -> None:
    """Let a person get a delivery no more, or again, as they say themselves."""
    with access_db.write_transaction():
        is_change = (DeliveryRecipient.id == recipient.id) & DeliveryRecipient.stopped_at.is_null(stopped)
        update = DeliveryRecipient.update(stopped_at=format_time(now) if stopped else None)
        if update.where(is_change).execute():
            event = "delivery stopped" if stopped else "delivery taken again"
            _record(event, {"who": recipient.user.email, **actor}, recipient.delivery)


def find_delivery(visitor: Visitor, number: int) -> Delivery | None:
    """Return a delivery of the visitor's own, or for who manages users anybody's; None where there is none."""
    delivery: Delivery | None = Delivery.get_or_none(Delivery.id == number)
    may_see = delivery and (delivery.user_id == visitor.id or visitor.can(Permission.MANAGE_USERS))
    return delivery if may_see else None


def find_recipient(visitor: Visitor, number: int) -> DeliveryRecipient | None:
    """Return the visitor as a recipient of a delivery, None when they are none."""
    recipient: DeliveryRecipient | None = DeliveryRecipient.get_or_none(
        DeliveryRecipient.delivery == number, DeliveryRecipient.user == visitor.id
    )
    return recipient


def own_deliveries(visitor: Visitor) -> list[ListedDelivery]:
    return _listed(_select_deliveries().where(Delivery.user == visitor.id).order_by(Delivery.id))


def all_deliveries() -> list[ListedDelivery]:
    """Return everybody's deliveries, the newest MAX_LISTED of them: those that fail or stand still first."""
    listed = _listed(_select_deliveries().order_by(Delivery.id.desc()).limit(MAX_LISTED))
    return sorted(listed, key=lambda delivery: not delivery.blocked_reason and not delivery.failing)


def received_deliveries(visitor: Visitor) -> list[tuple[ListedDelivery, DeliveryRecipient]]:
    """Return the deliveries that others send to the visitor, who sees their views, also those that they stopped."""
    query = DeliveryRecipient.select(DeliveryRecipient, Delivery).join(Delivery)
    others = query.where(DeliveryRecipient.user == visitor.id, Delivery.user != visitor.id)
    recipients = {recipient.delivery_id: recipient for recipient in others.order_by(Delivery.id)}
    listed = _listed(_select_deliveries().where(Delivery.id.in_(list(recipients))).order_by(Delivery.id))
    visible = visible_ids(visitor, [item.delivery.view_id for item in listed if item.delivery.view_id is not None])
    return [
        (item, recipients[item.delivery.id])
        for item in listed
        if not item.blocked_reason and item.delivery.view_id in visible
    ]


def _select_deliveries() -> Any:
    """Select deliveries with their owner and their view, so that a list reads neither for each."""
    query = Delivery.select(Delivery, User, SavedView).join(User)
    return query.join_from(Delivery, SavedView, JOIN.LEFT_OUTER)


def _listed(deliveries: Iterable[Delivery]) -> list[ListedDelivery]:
    found = list(deliveries)
    ids = [delivery.id for delivery in found]
    recipients: dict[int, list[DeliveryRecipient]] = {number: [] for number in ids}
    query = DeliveryRecipient.select(DeliveryRecipient, User).join(User).where(DeliveryRecipient.delivery.in_(ids))
    for recipient in query.order_by(User.email):
        recipients[recipient.delivery_id].append(recipient)
    visible = _visible_to_owners(ids)
    last = _last_runs(ids)
    return [
        ListedDelivery(delivery, recipients[delivery.id], last[delivery.id], _blocked_reason(delivery, visible))
        for delivery in found
    ]


def _last_runs(ids: Sequence[int]) -> dict[int, list[DeliveryRun]]:
    """Return the mails of the last due time of each delivery."""
    newest = DeliveryRun.select(DeliveryRun.delivery, fn.MAX(DeliveryRun.due_at).alias("due_at"))
    newest = newest.where(DeliveryRun.delivery.in_(ids)).group_by(DeliveryRun.delivery).alias("newest")
    same = (DeliveryRun.delivery == newest.c.delivery_id) & (DeliveryRun.due_at == newest.c.due_at)
    runs: dict[int, list[DeliveryRun]] = {number: [] for number in ids}
    query = DeliveryRun.select(DeliveryRun, User).join(User).join_from(DeliveryRun, newest, on=same)
    for run in query.order_by(DeliveryRun.id):
        runs[int(run.delivery_id)].append(run)
    return runs


def _visible_to_owners(ids: Sequence[int]) -> set[int]:
    """Return those of the deliveries whose view their owner sees."""
    owner = User.alias()
    query = Delivery.select(Delivery.id).join(owner, on=Delivery.user == owner.id).join_from(Delivery, SavedView)
    same_reseller = (User.reseller == owner.reseller) | (User.reseller.is_null() & owner.reseller.is_null())
    query = query.join(User).where(Delivery.id.in_(ids), is_visible_to(owner.id, same_reseller))
    return {delivery.id for delivery in query}


def _blocked_reason(delivery: Delivery, visible: set[int]) -> str:
    """Say what keeps a whole delivery from going out, "" when nothing does."""
    if delivery.user.disabled:
        return "Its owner is disabled"
    return "" if delivery.id in visible else "Its view is gone, or its owner can't see it any more"


def _validate(form: DeliveryForm, view: SavedView) -> list[User]:
    """Check all fields of a form, and return the recipients. Raises ValidationError."""
    errors = {}
    if not form.schedule.is_valid:
        errors["kind"] = "Choose every day, every week with its day, or every month with its day, and an hour."
    if form.file_format not in FORMATS:
        errors["file"] = f"Choose one of {', '.join(FORMATS)}."
    emails = list(dict.fromkeys(filter(None, (email.strip() for email in form.emails))))
    found = {email: _recipient(email, view) for email in emails[:MAX_RECIPIENTS]}
    if not emails:
        errors["recipients"] = "Enter at least one email address."
    elif len(emails) > MAX_RECIPIENTS:
        errors["recipients"] = f"A delivery has at most {MAX_RECIPIENTS} recipients; these are {len(emails)}."
    elif unknown := [email for email, user in found.items() if user is None]:
        names = ", ".join(f"“{email}”" for email in unknown)
        errors["recipients"] = (
            f"{names}: no account with this address sees the view; share the view first, or leave it out."
        )
    if errors:
        raise ValidationError(errors)
    return list({user.id: user for user in found.values() if user}.values())


def _recipient(email: str, view: SavedView) -> User | None:
    user = find_user(email)
    return user if user and not user.disabled and find_view(visitor_of(user), view.id) else None


def _find_duplicate(visitor: Visitor, view: SavedView, form: DeliveryForm, users: Sequence[User]) -> Delivery | None:
    fields = [getattr(Delivery, name) == value for name, value in form.fields().items()]
    for delivery in Delivery.select().where(Delivery.user == visitor.id, Delivery.view == view.id, *fields):
        recipients = DeliveryRecipient.select().where(DeliveryRecipient.delivery == delivery.id)
        if {recipient.user_id for recipient in recipients} == {user.id for user in users}:
            return delivery
    return None


def _set_recipients(delivery: Delivery, users: Sequence[User], now: datetime) -> None:
    wanted = [user.id for user in users]
    of_delivery = DeliveryRecipient.delivery == delivery.id
    gone = of_delivery & DeliveryRecipient.user.not_in(wanted) & DeliveryRecipient.stopped_at.is_null()
    DeliveryRecipient.delete().where(gone).execute()  # whoever has stopped it stays known
    for number in wanted:
        fields = {"delivery": delivery.id, "user": number, "created_at": format_time(now)}
        DeliveryRecipient.insert(fields).on_conflict_ignore().execute()


def _record(event: str, actor: AuditActor, delivery: Delivery, form: DeliveryForm | None = None) -> None:
    details = {"to": ", ".join(form.emails), "when": form.schedule.words, "file": form.file_format} if form else {}
    audit.record(event, about=delivery.view_name, delivery=delivery.id, owner=delivery.user.email, **details, **actor)
