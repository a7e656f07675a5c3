"""Deliveries: list, add, change, pause and stop them, also by the link in each mail."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app import saved_views
from app.auth.permissions import Permission
from app.deliveries import runs, store
from app.deliveries.content import FORMATS, LINK, MAX_FILE_BYTES
from app.deliveries.schedule import DAILY, HOURS, KINDS, MONTH_DAYS, MONTHLY, WEEKDAYS, WEEKLY, Schedule
from app.deliveries.store import DeliveryForm, ListedDelivery
from app.jobs.states import is_runner_alive
from app.validation import ValidationError
from app.web.audit import audit_actor
from app.web.errors import error_response
from app.web.fields import is_number
from app.web.request_log import set_error_reason
from app.web.security import visitor
from app.web.services import services
from models import Delivery, DeliveryRecipient, SavedView, utc_now
from models.audit import AuditActor

# Actions of the buttons beside a delivery, by the last part of their address.
ACTIONS: Mapping[str, Callable[[AuditActor, Delivery], object]] = {
    "pause": lambda actor, delivery: store.set_paused(actor, delivery, paused=True, now=utc_now()),
    "resume": lambda actor, delivery: store.set_paused(actor, delivery, paused=False, now=utc_now()),
    "delete": store.delete_delivery,
    "stop": lambda actor, delivery: store.set_stopped(actor, _own_recipient(delivery), stopped=True, now=utc_now()),
    "take": lambda actor, delivery: store.set_stopped(actor, _own_recipient(delivery), stopped=False, now=utc_now()),
}
_BY_RECIPIENT = ("stop", "take")  # actions of who gets a delivery
# Messages on the page of deliveries after an action, by the value of `done` in its address.
MESSAGES: Mapping[str, str] = {
    "add": "The delivery is added.",
    "change": "The delivery is changed.",
    "pause": "The delivery is paused.",
    "resume": "The delivery goes on with the next time that it is due.",
    "delete": "The delivery is deleted.",
    "stop": "You get no mails of this delivery any more.",
    "take": "You get this delivery again.",
}
_BADGES = {runs.SENT: "good", runs.FAILED: "bad", runs.UNCERTAIN: "warn", runs.WAITING: "warn"}
_MAX_RECIPIENTS_LENGTH = 6000  # characters of all addresses
_DELIVERY = "<id:delivery>"
_MAX_DIGITS = 9  # of a number in a form

blueprint = Blueprint("deliveries", __name__, url_prefix="/deliveries")


@blueprint.get("")
def list_deliveries() -> str:
    """List the visitor's own deliveries and those that they get; for who manages users, everybody's."""
    everybody = store.all_deliveries() if visitor().can(Permission.MANAGE_USERS) else []
    views = saved_views.visible_views(visitor(), saved_views.MAX_SHARED)
    return render_template(
        "deliveries/deliveries.html",
        own=store.own_deliveries(visitor()),
        received=store.received_deliveries(visitor()),
        others=[item for item in everybody if item.delivery.user_id != visitor().id],
        is_cut=len(everybody) == store.MAX_LISTED,
        views=views,
        message=MESSAGES.get(request.args.get("done", ""), ""),
        describe_last=_describe_last,
        **_common_context(),
    )


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """Show the form that adds a delivery of a saved view."""
    values = {"kind": DAILY, "weekday": "1", "month_day": "1", "hour": "6", "file": LINK, "recipients": visitor().email}
    return _form_page(_view_or_404(request.args.get("view", "")), values)


@blueprint.post("")
def add() -> ResponseReturnValue:
    view = _view_or_404(request.form.get("view", ""))
    try:
        store.add_delivery(audit_actor(), visitor(), view, _submitted_form(), utc_now())
    except ValidationError as error:
        return _form_page(view, _submitted_values(), error.errors), 400
    return redirect("/deliveries?done=add", 303)


@blueprint.get(f"/{_DELIVERY}")
def show(delivery: int) -> ResponseReturnValue:
    """Show the form that changes one of the visitor's own deliveries."""
    found = _own_delivery_or_404(delivery)
    schedule = runs.schedule_of(found)
    recipients = DeliveryRecipient.select().where(DeliveryRecipient.delivery == found.id)
    values = {
        "kind": schedule.kind, "weekday": str(schedule.day), "month_day": str(schedule.day),
        "hour": str(schedule.hour), "file": found.file_format, "only_rows": found.only_rows,
        "only_new": found.only_new, "recipients": ", ".join(sorted(recipient.user.email for recipient in recipients)),
    }  # fmt: skip
    return _form_page(_view_of_or_404(found), values, delivery=found)


@blueprint.post(f"/{_DELIVERY}")
def change(delivery: int) -> ResponseReturnValue:
    found = _own_delivery_or_404(delivery)
    try:
        store.change_delivery(audit_actor(), found, _submitted_form(), utc_now())
    except ValidationError as error:
        return _form_page(_view_of_or_404(found), _submitted_values(), error.errors, found), 400
    return redirect("/deliveries?done=change", 303)


@blueprint.post(f"/{_DELIVERY}/<any({', '.join(ACTIONS)}):action>")
def act(delivery: int, action: str) -> ResponseReturnValue:
    """Do what a button beside a delivery says."""
    found = Delivery.get_or_none(Delivery.id == delivery) if action in _BY_RECIPIENT else _delivery_or_404(delivery)
    if found is None:
        abort(_not_found(delivery))
    ACTIONS[action](audit_actor(), found)
    return redirect(f"/deliveries?done={action}", 303)


@blueprint.get("/stop/<link>")
def ask_to_stop(link: str) -> ResponseReturnValue:
    """Show a button that stops the mails whose link this is: programs that look links up must not stop anything."""
    recipient = _recipient_of_link(link)
    return render_template("deliveries/stop.html", recipient=recipient, stopped=recipient.stopped_at is not None)


@blueprint.post("/stop/<link>")
def stop(link: str) -> ResponseReturnValue:
    """Stop the mails whose link this is: by the page's button, or by a mail program's (RFC 8058)."""
    recipient = _recipient_of_link(link)
    actor = {**audit_actor(), "who": f"{recipient.user.email} (link in a mail)"}
    store.set_stopped(actor, recipient, stopped=True, now=utc_now())
    return render_template("deliveries/stop.html", recipient=recipient, stopped=True)


def _recipient_of_link(link: str) -> DeliveryRecipient:
    recipient = services().stop_links.find(link)
    if recipient is None:
        details = ["The delivery may have been deleted, or you have been taken from it: then no mail comes any more."]
        abort(error_response(404, "This link stops nothing.", details, "/deliveries"))
    return recipient


def _own_recipient(delivery: Delivery) -> DeliveryRecipient:
    recipient = store.find_recipient(visitor(), delivery.id)
    if recipient is None:
        abort(_not_found(delivery.id))
    return recipient


def _delivery_or_404(number: int) -> Delivery:
    delivery = store.find_delivery(visitor(), number)
    if delivery is None:
        abort(_not_found(number))
    return delivery


def _own_delivery_or_404(number: int) -> Delivery:
    delivery = _delivery_or_404(number)
    if delivery.user_id != visitor().id:
        abort(
            error_response(404, f"You have no delivery “{number}”.", ["Only its owner can change it."], "/deliveries")
        )
    return delivery


def _not_found(number: int) -> Any:
    return error_response(404, f"You have no delivery “{number}”.", ["It may have been deleted."], "/deliveries")


def _view_or_404(number: str) -> SavedView:
    view = saved_views.find_view(visitor(), int(number)) if is_number(number, _MAX_DIGITS) else None
    if view is None:
        details = ["Save a view first, then deliver it. It may have been deleted, or isn't shared any more."]
        abort(error_response(404, "view: There is no such saved view.", details, "/deliveries"))
    return view


def _view_of_or_404(delivery: Delivery) -> SavedView:
    return _view_or_404(str(delivery.view_id or ""))


def _submitted_form() -> DeliveryForm:
    """Return the delivery that the form describes. Raises ValidationError for a field that is far too long."""
    form = request.form
    kind, recipients = form.get("kind", ""), form.get("recipients", "")
    if len(recipients) > _MAX_RECIPIENTS_LENGTH:
        length = f"{len(recipients)} characters; there can be at most {_MAX_RECIPIENTS_LENGTH}"
        raise ValidationError({"recipients": f"This has {length}."})
    day = form.get({WEEKLY: "weekday", MONTHLY: "month_day"}.get(kind, ""), "0")
    return DeliveryForm(
        Schedule(kind, _number(day), _number(form.get("hour", ""))),
        form.get("file", ""),
        only_rows=bool(form.get("only_rows")),
        only_new=bool(form.get("only_new")),
        emails=re.split(r"[,;\s]+", recipients),
    )


def _number(text: str) -> int:
    """Return a number from a form; -1, which no schedule has, for anything else."""
    return int(text) if is_number(text, _MAX_DIGITS) else -1


def _submitted_values() -> dict[str, Any]:
    values = {**request.form.to_dict()}
    if len(values.get("recipients", "")) > _MAX_RECIPIENTS_LENGTH:
        values["recipients"] = ""
    return values


def _form_page(
    view: SavedView, values: Mapping[str, Any], errors: Mapping[str, str] = {}, delivery: Delivery | None = None
) -> str:
    set_error_reason(*errors.values())
    choices = {"kinds": KINDS, "weekdays": WEEKDAYS, "month_days": MONTH_DAYS, "hours": HOURS, "formats": FORMATS}
    context = {"view": view, "values": values, "errors": errors, "delivery": delivery, **choices}
    context["max_megabytes"] = MAX_FILE_BYTES // 10**6
    return render_template("deliveries/delivery.html", **context, **_common_context())


def _common_context() -> dict[str, Any]:
    return {"is_mail_set_up": services().sender is not None, "is_runner_alive": is_runner_alive()}


def _describe_last(listed: ListedDelivery) -> tuple[list[tuple[str, str]], str]:
    """Return the states of the last mails, each with the class of its badge, and details of the most telling one.

    That is one which fails, else one whose rows were counted.
    """
    numbers = Counter(str(run.state) for run in listed.last)
    many = len(listed.last) > 1
    badges = [(f"{number} {state}" if many else state, _BADGES.get(state, "")) for state, number in numbers.items()]
    if not listed.last:
        return [("not due yet", "")], ""
    run = [*listed.failing, *(run for run in listed.last if run.rows is not None), *listed.last][0]
    rows = "" if run.rows is None else f"{run.rows:,} {'row' if run.rows == 1 else 'rows'}"
    who = f"{run.user.email}: " if many and run.message else ""
    return badges, f"{who}{'; '.join(filter(None, (rows, str(run.message))))}"
