"""Refuse requests of people who use much of this process while others are at work: see `app/auth/fair_use.py`."""

from time import thread_time

from flask import Flask, Response, g

from app.web.errors import error_response
from app.web.rules import Rule
from app.web.services import services
from models import reports_db

_RETRY_AFTER = 5  # seconds


def register(app: Flask) -> None:
    app.teardown_request(_end_request)


def begin_request(rule: Rule) -> Response | None:
    """Return a 429 when the visitor has used so much that the request may not begin, None when it may."""
    if rule.unlimited and (rule.permission is None or g.visitor.can(rule.permission)):
        return None
    if not services().fair_use.begin(g.visitor.id):
        details = [f"Other people are at work, and your last requests were large. Try again in {_RETRY_AFTER} seconds."]
        return error_response(429, "You ask for too much at once.", details, retry_after=_RETRY_AFTER)
    g.work_start = thread_time()
    return None


def _end_request(_: BaseException | None) -> None:
    """Count what the request used: time of the processor, and that of queries where another process runs them."""
    if (start := g.pop("work_start", None)) is not None:
        elsewhere = 0.0 if reports_db.is_embedded else g.get("seconds", {}).get("query", 0.0)
        services().fair_use.end(g.visitor.id, thread_time() - start + elsewhere)
