"""Exports: a view as a file, told in the trail, and only so many at a time."""

from collections.abc import Callable, Iterator
from functools import partial
from threading import BoundedSemaphore

from flask import Blueprint, Response, request

from app.access.visitor import By
from app.table.csv import lines
from app.table.parse import PLACE
from app.table.scope import Scope
from app.table.spool import spooled
from app.table.view import View
from app.web.asked import view_asked
from app.web.errors import problem
from app.web.gate import visitor
from app.web.links import report_url
from app.web.trail import asking, note
from models import audit, close
from models.audit import BEGUN, DONE, FAILED

AT_ONCE = 2
"""Exports that one process runs; each keeps one of its threads for as long as its client reads."""

_AGAIN = 30
"""Seconds after which somebody may ask again who was told that too many are running."""

_free = BoundedSemaphore(AT_ONCE)

blueprint = Blueprint("export", __name__)


@blueprint.get("/reports/<slug>.csv")
def export(slug: str) -> Response:
    view = view_asked(slug, *PLACE)
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return problem(505, "A file needs HTTP/1.1.", ["Over HTTP/1.0 nobody could tell half a file from a whole one."])
    headers = {"Content-Disposition": f'attachment; filename="{file_name(view, "csv")}"'}
    if request.method == "HEAD":
        return Response(mimetype="text/csv", headers=headers)
    leave = _place()
    if leave is None:
        return _busy()
    try:
        note("export", BEGUN, report_url(view.start(), ".csv"))
        response = Response(_told(view, visitor().scope, asking(), leave), mimetype="text/csv", headers=headers)
    except BaseException:
        leave()
        raise
    response.call_on_close(leave)  # of a file that nobody begins to read, too
    return response


def file_name(view: View, ending: str) -> str:
    """Named for its days, or for the day on which it is written; nobody's words come into it."""
    first, last = view.days
    days = (
        f"{first}-to-{last}" if first and last else f"from-{first}" if first else f"to-{last}" if last else view.today
    )
    return f"{view.report.slug}-{days}.{ending}"


def _place() -> Callable[[], None] | None:
    """Take a place, and return how to leave it, which counts once; None when all are taken."""
    if not _free.acquire(blocking=False):
        return None
    taken = [_free]

    def leave() -> None:
        while taken:
            taken.pop().release()

    return leave


def _busy() -> Response:
    why = [f"{AT_ONCE} exports at a time run in each process, and all places are taken.", "Try again in half a minute."]
    response = problem(503, "Too many exports are running.", why)
    response.headers["Retry-After"] = str(_AGAIN)
    return response


def _told(view: View, scope: Scope, by: By, leave: Callable[[], None]) -> Iterator[bytes]:
    """The file in pieces. When it ends or breaks off, the trail says how many rows were written of what."""
    outcome, rows = FAILED, 0

    def count(more: int) -> None:
        nonlocal rows
        rows += more

    try:
        yield from spooled(partial(_written, view, scope, count))
        outcome = DONE
    finally:
        leave()
        audit.record("export", outcome, about=report_url(view.start(), ".csv"), rows=rows, **by)


def _written(view: View, scope: Scope, count: Callable[[int], None]) -> Iterator[bytes]:
    try:
        yield from lines(view, scope, count)
    finally:
        close()  # of this thread, which ends here
