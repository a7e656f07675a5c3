"""Exports: a view as a file, told in the trail, and only so many at a time."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import chain
from os import SEEK_END
from tempfile import TemporaryFile
from threading import BoundedSemaphore

from flask import Blueprint, Response, request
from werkzeug.wsgi import FileWrapper
from xlsxwriter.exceptions import FileCreateError

from app.table.csv import Progress, csv_chunks
from app.table.dialects import Dialect
from app.table.params import PAGING_KEYS
from app.table.scope import Scope
from app.table.spool import PIECE_BYTES, spool
from app.table.view import View
from app.table.xlsx import WorkbookLimitError, write_workbook
from app.web.audit import audit_actor, record_event
from app.web.errors import disk_full, error_response
from app.web.reports.formats import DEFAULT_FORMAT, FORMATS, WORKBOOK, Format, file_name, file_url, remember_format
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import requested_export, requested_view
from models import audit, close_connections
from models.audit import BEGUN, DONE, FAILED

MAX_EXPORTS = 2
"""Exports that one process runs; each keeps one of its threads for as long as its client reads."""

_RETRY_AFTER = 30
"""Seconds after which somebody may ask again who was told that too many are running."""

_slots = BoundedSemaphore(MAX_EXPORTS)

blueprint = Blueprint("export", __name__)


@blueprint.get("/reports/<slug>.csv")
def csv(slug: str) -> Response:
    view, dialect = requested_export(slug)
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return error_response(
            505, "A file needs HTTP/1.1.", ["Over HTTP/1.0 nobody could tell half a file from a whole one."]
        )
    return _export_response(view, FORMATS[dialect.name], partial(_stream_csv, view, visitor().scope, dialect))


@blueprint.get("/reports/<slug>.xlsx")
def xlsx(slug: str) -> Response:
    view = requested_view(slug, *PAGING_KEYS)
    try:
        return _export_response(view, WORKBOOK, partial(_workbook_pieces, view))
    except WorkbookLimitError as unfit:
        why = [str(unfit), "A CSV takes this view as it is. Or choose fewer rows by filters."]
        return error_response(400, "No workbook takes this.", why, file_url(view, DEFAULT_FORMAT))


class _Export:
    """One export. The trail is told of its beginning and of its end; until then it holds its place."""

    def __init__(self, about: str, held: ExitStack) -> None:
        self.held, self._rows = held, 0
        self.length: int | None = None  # in bytes, where that is known beforehand
        self._about, self._by = about, audit_actor()
        record_event("export", BEGUN, about)

    def count(self, more: int) -> None:
        self._rows += more

    def end(self, outcome: str) -> None:
        self.held.close()
        audit.record("export", outcome, about=self._about, rows=self._rows, **self._by)

    def begun(self, begin: "Begin") -> Iterable[bytes]:
        """What there is to send. Until then a failure can still be a page that says so."""
        try:
            return begin(self)
        except BaseException:
            self.end(FAILED)
            raise

    def told(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces. When they end or break off, the trail says how many rows were written of what."""
        outcome = FAILED
        try:
            yield from pieces
            outcome = DONE
        finally:
            self.end(outcome)


Begin = Callable[[_Export], Iterable[bytes]]


def _export_response(view: View, form: Format, begin: Begin) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{file_name(view, form)}"'}
    if request.method == "HEAD":
        return Response(mimetype=form.mimetype, headers=headers)
    if not _slots.acquire(blocking=False):
        return _busy(view)
    with ExitStack() as held:
        held.callback(_slots.release)
        export = _Export(file_url(view, form), held)
        try:
            pieces = export.begun(begin)
        except (OSError, FileCreateError) as error:
            return disk_full(error)
        response = Response(export.told(pieces), mimetype=form.mimetype, headers=headers)
        if export.length is not None:
            response.content_length = export.length
        remember_format(response, form)
        export.held = held.pop_all()
    response.call_on_close(export.held.close)  # of a file that nobody begins to read, too
    return response


def _busy(view: View) -> Response:
    why = [
        f"{MAX_EXPORTS} exports at a time run in each process, and all places are taken.",
        "Try again in half a minute.",
    ]
    response = error_response(503, "Too many exports are running.", why, report_url(view))
    response.headers["Retry-After"] = str(_RETRY_AFTER)
    return response


def _stream_csv(view: View, scope: Scope, dialect: Dialect, export: _Export) -> Iterator[bytes]:
    """A heading that is there, and behind it what is written meanwhile."""
    pieces = export.held.enter_context(closing(spool(partial(_csv_pieces, view, scope, export.count, dialect))))
    return chain([next(pieces)], pieces)


def _csv_pieces(view: View, scope: Scope, count: Progress, dialect: Dialect) -> Iterator[bytes]:
    try:
        yield from csv_chunks(view, scope, count, dialect)
    finally:
        close_connections()  # of this thread, which ends here


def _workbook_pieces(view: View, export: _Export) -> Iterable[bytes]:
    """A workbook is only sent when it is whole."""
    file = export.held.enter_context(TemporaryFile())  # noqa: SIM115 - it is one
    write_workbook(view, visitor().scope, visitor().reseller or "", file, export.count)
    export.length = file.seek(0, SEEK_END)
    file.seek(0)
    return FileWrapper(file, PIECE_BYTES)
