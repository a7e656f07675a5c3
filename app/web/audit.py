"""The Audit trail page, and the functions with which other pages record events."""

import json
from contextlib import suppress
from typing import Any

from flask import Blueprint, abort, g, render_template, request

from app.auth.users import find_user
from app.web.errors import error_response
from app.web.fields import is_number
from models import DATABASE_ERRORS, AuditEvent, audit
from models.audit import DONE, REFUSED

EVENTS_PER_PAGE = 100
_MAX_DIGITS = 18  # of an event's number: it fits into 64 bits

blueprint = Blueprint("audit", __name__)


def record_event(event: str, outcome: str = DONE, about: str = "", **details: Any) -> None:
    """Record what the visitor did. `who` in the details overrides the visitor, as before a sign-in."""
    audit.record(event, outcome, about=about, **{**audit_actor(), **details})


def record_refusal(reason: str) -> None:
    """Record that the request was refused, if the database can be written: it is refused in any case.

    A person's refusals of one minute are one event, so that nobody fills the disk with them.
    """
    with suppress(*DATABASE_ERRORS):
        audit.record_counted(
            "request", REFUSED, match="person", about=f"{request.method} {request.path}", why=reason, **audit_actor()
        )


def audit_actor() -> dict[str, str]:
    """Return fields of an event: the visitor's email, "" for a stranger, their address and the request's id.

    Where a program acts for the visitor, also the name of its token.
    """
    who = g.visitor.email if g.visitor else ""
    token = {"token": g.visitor.token.name} if g.visitor and g.visitor.token else {}
    return {"who": who, "address": request.remote_addr or "", "request": g.request_id, **token}


@blueprint.get("/audit")
def show() -> str:
    """Show events, the latest first: all, or those by and about the user with the email `who`."""
    before, who = request.args.get("before", ""), request.args.get("who", "").strip()
    if before and not is_number(before, _MAX_DIGITS):
        abort(error_response(400, f"before: “{before}” is not the number of an event.", home="/audit"))
    query = AuditEvent.select().order_by(AuditEvent.id.desc()).limit(EVENTS_PER_PAGE + 1)
    if before:
        query = query.where(AuditEvent.id < int(before))
    if who:
        user = find_user(who)
        email = user.email if user else who
        query = query.where((AuditEvent.who == email) | (AuditEvent.about == email))
    events = list(query)
    older = events[EVENTS_PER_PAGE - 1].id if len(events) > EVENTS_PER_PAGE else None
    rows = [(event, _describe_details(str(event.details))) for event in events[:EVENTS_PER_PAGE]]
    return render_template("audit/audit.html", rows=rows, who=who, before=before, older=older)


_WORDS = {"None": "none", "True": "yes", "False": "no"}  # by repr: 1 is equal to True


def _describe_details(details: str) -> str:
    """Turn a JSON object into text: "rows: 3, dry run: none, may see costs: yes"."""
    pairs = json.loads(details).items()
    return ", ".join(f"{name.replace('_', ' ')}: {_WORDS.get(repr(value), value)}" for name, value in pairs)
