"""Export a view as CSV, JSON or a workbook: streamed, written to the audit trail, a few at a time in each process."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import chain
from os import SEEK_END
from tempfile import TemporaryFile

from flask import Blueprint, Response, request
from werkzeug.wsgi import FileWrapper
from xlsxwriter.exceptions import FileCreateError

from app.table.csv import DIALECT_KEY, Progress, csv_chunks
from app.table.json import json_chunks, json_page
from app.table.paging import CursorNotFound, read_page
from app.table.params import PAGING_KEYS, parse_dialect
from app.table.spool import PIECE_BYTES, spool
from app.table.view import DEFAULT_PAGE_SIZE, View
from app.table.xlsx import WorkbookLimitError, write_workbook
from app.web.audit import audit_actor, record_event
from app.web.errors import disk_full_response, error_response
from app.web.reading import match_visitor_spellings, read_report
from app.web.reports.cache_headers import add_cache_headers, not_modified
from app.web.reports.export_slots import ExportEnded, ExportGuard, TooManyExports, export_slot
from app.web.reports.formats import DEFAULT_FORMAT, FORMATS, JSON, WORKBOOK, Format, file_url, remember_format
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import missing_cursor_response, submitted_view
from models import Import, audit, close_connections
from models.audit import BEGUN, DONE, FAILED

_RETRY_AFTER = 30  # seconds
_JSON_PAGE_KEYS = ("size", "after", "before")  # with one of these, JSON is a page instead of all rows

blueprint = Blueprint("export", __name__)


@blueprint.get("/reports/<slug>.csv")
def csv(slug: str) -> Response:
    """Stream all rows of a view as CSV."""
    dialect, errors = parse_dialect(request.args.items(multi=True))
    view = match_visitor_spellings(submitted_view(slug, DIALECT_KEY, *PAGING_KEYS, more_errors=errors).view)
    write = partial(csv_chunks, view, visitor().scope_in, dialect=dialect)
    return _stream_view(view, FORMATS[dialect.name], write)


@blueprint.get("/reports/<slug>.json")
def json(slug: str) -> Response:
    """Stream all rows of a view as JSON, or send one page if the query has one of _JSON_PAGE_KEYS."""
    if not any(map(request.args.get, _JSON_PAGE_KEYS)):
        view = match_visitor_spellings(submitted_view(slug, *PAGING_KEYS).view)
        return _stream_view(view, JSON, partial(json_chunks, view, visitor().scope_in))
    with read_report(submitted_view(slug).view.with_all_closed()) as (view, scope):
        if response := not_modified(view, _page_url(view)):
            return response
        last, page = Import.last(), read_page(view, scope)
        body = json_page(page, last and last.loaded_at, _page_url(page.next) if page.next else None)
        return add_cache_headers(Response(body, mimetype=JSON.mimetype), view, _page_url(view))


def _page_url(view: View) -> str:
    """The address of a page as JSON. It names even the default size: without a size, it would be that of all rows."""
    size = [("size", str(view.size))] if view.size == DEFAULT_PAGE_SIZE else []
    return report_url(view, JSON.extension, *size)


@blueprint.errorhandler(CursorNotFound)
def cursor_not_found(error: CursorNotFound) -> Response:
    """The row at which a page of JSON should begin is gone."""
    return missing_cursor_response(error.view)


@blueprint.get("/reports/<slug>.xlsx")
def xlsx(slug: str) -> Response:
    """Send all rows of a view as an Excel workbook, or a 400 that says why a workbook can't hold them."""
    view = match_visitor_spellings(submitted_view(slug, *PAGING_KEYS).view)
    try:
        return _export_view(view, WORKBOOK, partial(_begin_workbook, view))
    except WorkbookLimitError as error:
        details = [str(error), "A CSV takes this view as it is. Or choose fewer rows by filters."]
        return error_response(400, "This doesn't fit into a workbook.", details, file_url(view, DEFAULT_FORMAT))


class _Export:
    """One running export. It holds `resources` until its end, and records its begin and its end in the audit trail.

    `length` is the size of the file in bytes where that is known before it is sent, None otherwise.
    """

    def __init__(self, about: str, resources: ExitStack, guard: ExportGuard) -> None:
        self.resources = resources
        self.length: int | None = None
        self._about, self._actor, self._rows, self._guard = about, audit_actor(), 0, guard
        self._has_ended = False
        record_event("export", BEGUN, about)

    def count_rows(self, more: int) -> None:
        """Add to the number of rows that the end records. Raises ExportEnded."""
        self._guard.check()
        self._rows += more

    def end(self, outcome: str) -> None:
        """Release the resources and write the outcome to the audit trail, the first time."""
        self.resources.close()
        if not self._has_ended:
            self._has_ended = True
            audit.record("export", outcome, about=self._about, rows=self._rows, **self._actor)

    def send(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces, then end the export: DONE after the last one, FAILED when it breaks off.

        Raises ExportEnded, so that the server closes the connection and the client sees a failed download.
        """
        outcome = FAILED
        try:
            for piece in pieces:
                self._guard.check()
                yield piece
            outcome = DONE
        finally:
            self.end(outcome)


Write = Callable[..., Iterator[bytes]]  # yields the pieces of a file; calls its argument `progress` to count rows
Begin = Callable[[_Export], Iterable[bytes]]  # begins an export: returns the pieces of its file


def _stream_view(view: View, file_format: Format, write: Write) -> Response:
    """Stream the file that `write` yields."""
    return _refuse_http_1_0() or _export_view(view, file_format, partial(_begin_stream, write))


def stream_file(about: str, write: Write, response: Response, home: str) -> Response:
    """Stream a file that isn't a view's, as the body of `response`. `about` is its address, `home` that of its page."""
    if request.method == "HEAD":
        return response
    return _refuse_http_1_0() or _run_export(about, partial(_begin_stream, write), response, home)


def _refuse_http_1_0() -> Response | None:
    """Return a 505 for a client to which no file can be streamed."""
    if request.environ.get("SERVER_PROTOCOL") != "HTTP/1.0":
        return None
    details = ["Over HTTP/1.0 nobody could tell half a file from a whole one."]
    return error_response(505, "A file needs HTTP/1.1.", details)


def _export_view(view: View, file_format: Format, begin: Begin) -> Response:
    """Run an export of a view, or answer 304 when the visitor has the file. See `_run_export`."""
    url = file_url(view, file_format)
    if response := not_modified(view, url):
        return response
    headers = {"Content-Disposition": f'attachment; filename="{view.file_stem}{file_format.extension}"'}
    response = Response(mimetype=file_format.mimetype, headers=headers)
    if request.method == "HEAD":
        return add_cache_headers(response, view, url)

    def begin_with_headers(export: _Export) -> Iterable[bytes]:
        add_cache_headers(response, view, url)  # before the snapshot: a file may be newer than its ETag, never older
        return begin(export)

    answer = _run_export(url, begin_with_headers, response, report_url(view))
    if answer is response and file_format.key in FORMATS and not visitor().token:
        remember_format(response, file_format)
    return answer


def _run_export(about: str, begin: Callable[[_Export], Iterable[bytes]], response: Response, home: str) -> Response:
    """Run an export when it is the visitor's turn, and return `response` with its file; a 503 if too many run or wait.

    If `begin` fails, the response is an error page. Later it is too late for one.
    """
    with ExitStack() as resources:
        try:
            guard = resources.enter_context(export_slot())
        except TooManyExports as error:
            details = [str(error), "Try again in half a minute."]
            return error_response(503, "Too many exports are running.", details, home, retry_after=_RETRY_AFTER)
        except ExportEnded as error:
            return _ended_response(error, home)
        export = _Export(about, resources, guard)
        try:
            pieces = begin(export)
        except BaseException as error:
            export.end(FAILED)
            if isinstance(error, ExportEnded):
                return _ended_response(error, home)
            if isinstance(error, (OSError, FileCreateError)):
                return disk_full_response(error)
            raise
        response.response = export.send(pieces)
        if export.length is not None:
            response.content_length = export.length
        export.resources = resources.pop_all()
    response.call_on_close(partial(export.end, FAILED))  # when the client never reads the body: `send` doesn't begin
    return response


def _ended_response(error: ExportEnded, home: str) -> Response:
    return error_response(503, "This export was ended.", [f"{error}."], home)


def _begin_stream(write: Write, export: _Export) -> Iterator[bytes]:
    """Write the file in a thread of its own. Wait for the first piece, so that an early error is an error page."""
    pieces = export.resources.enter_context(closing(spool(partial(_write_pieces, write, export.count_rows))))
    return chain([next(pieces)], pieces)


def _write_pieces(write: Write, progress: Progress) -> Iterator[bytes]:
    try:
        yield from write(progress=progress)
    finally:
        close_connections()  # this thread's own


def _begin_workbook(view: View, export: _Export) -> Iterable[bytes]:
    """Write the whole workbook to a temporary file before the first byte is sent."""
    file = export.resources.enter_context(TemporaryFile())  # noqa: SIM115 - the stack closes it
    write_workbook(view, visitor().scope_in, visitor().reseller or "", file, export.count_rows)
    export.length = file.seek(0, SEEK_END)
    file.seek(0)
    return FileWrapper(file, PIECE_BYTES)
