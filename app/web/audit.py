"""The audit trail, written with who asks and from where, and its page."""

import json
from contextlib import suppress
from typing import Any

from flask import Blueprint, abort, g, render_template, request

from app.auth.validation import find_user
from app.web.errors import error_response
from models import DATABASE_ERRORS, AuditEvent, audit
from models.audit import DONE, REFUSED

EVENTS_PER_PAGE = 100
_DIGITS = 18

blueprint = Blueprint("audit", __name__)


def record_event(event: str, outcome: str = DONE, about: str = "", **details: Any) -> None:
    """Add to the trail what the visitor did or was refused; `who` among the details knows better who that is."""
    audit.record(event, outcome, about=about, **{**audit_actor(), **details})


def record_refusal(why: str) -> None:
    """Add that the visitor was refused. They are refused all the same where that can't be written just now."""
    with suppress(*DATABASE_ERRORS):
        record_event("request", REFUSED, f"{request.method} {request.path}", why=why)


def audit_actor() -> dict[str, str]:
    """Who asks, from where, in which request."""
    who = g.visitor.email if g.visitor else ""
    return {"who": who, "address": request.remote_addr or "", "request": g.request_id}


@blueprint.get("/audit")
def show() -> str:
    """The latest events first, of everybody or by and about one person, page by page."""
    before, who = request.args.get("before", ""), request.args.get("who", "").strip()
    if before and not (before.isascii() and before.isdigit() and len(before) <= _DIGITS):
        abort(error_response(400, f"before: “{before}” is not the number of an event.", home="/audit"))
    query = AuditEvent.select().order_by(AuditEvent.id.desc()).limit(EVENTS_PER_PAGE + 1)
    if before:
        query = query.where(AuditEvent.id < int(before))
    if who:
        known = find_user(who)
        name = known.email if known else who
        query = query.where((AuditEvent.who == name) | (AuditEvent.about == name))
    events = list(query)
    older = events[EVENTS_PER_PAGE - 1].id if len(events) > EVENTS_PER_PAGE else None
    shown = [(event, _describe_details(str(event.details))) for event in events[:EVENTS_PER_PAGE]]
    return render_template("audit/audit.html", events=shown, who=who, before=before, older=older)


def _describe_details(details: str) -> str:
    """A JSON object as a person reads it."""
    return ", ".join(
        f"{name.replace('_', ' ')}: {'none' if value is None else value}" for name, value in json.loads(details).items()
    )
