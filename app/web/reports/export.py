"""Export a view as a CSV or a workbook: streamed, written to the audit trail, a few at a time in each process."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import chain
from os import SEEK_END
from tempfile import TemporaryFile
from typing import NamedTuple

from flask import Blueprint, Response, request
from werkzeug.wsgi import FileWrapper
from xlsxwriter.exceptions import FileCreateError

from app.table.csv import DIALECT_KEY, EXCEL, PLAIN, SEMICOLON, Dialect, Progress, csv_chunks
from app.table.params import PAGING_KEYS
from app.table.scope import ScopeIn
from app.table.spool import PIECE_BYTES, spool
from app.table.view import View
from app.table.xlsx import WorkbookLimitError, write_workbook
from app.web.audit import audit_actor, record_event
from app.web.errors import disk_full, error_response
from app.web.reports.export_places import ExportEnded, ExportWatch, TooManyExports, export_place
from app.web.security import visitor
from app.web.urls import report_url
from app.web.view_request import submitted_export, submitted_view
from models import audit, close_connections
from models.audit import BEGUN, DONE, FAILED

_COOKIE_PATH, _COOKIE_SECONDS = "/reports", 365 * 24 * 60 * 60


class Format(NamedTuple):
    """A file format: its name in the menu, the short name beside the button, and the dialect of a CSV."""

    key: str
    label: str
    short_label: str
    dialect: Dialect | None = None

    @property
    def extension(self) -> str:
        """The end of the file's name and of its address."""
        return ".csv" if self.dialect else ".xlsx"

    @property
    def mimetype(self) -> str:
        """The media type of the file."""
        return "text/csv" if self.dialect else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


WORKBOOK = Format("xlsx", "Excel workbook (.xlsx), no formulas", "XLSX")
FORMATS = {
    each.key: each
    for each in (
        Format(EXCEL.name, "CSV for Excel", "CSV", EXCEL),
        Format(SEMICOLON.name, "CSV with semicolons", "CSV (;)", SEMICOLON),
        Format(PLAIN.name, "Plain CSV", "Plain CSV", PLAIN),
        WORKBOOK,
    )
}
DEFAULT_FORMAT = FORMATS[EXCEL.name]


def file_url(view: View, file_format: Format) -> str:
    """The address of all rows of a view as a file."""
    dialect = [(DIALECT_KEY, file_format.key)] if file_format.dialect and file_format is not DEFAULT_FORMAT else []
    return report_url(view.first_page, file_format.extension, *dialect)


def file_name(view: View, file_format: Format) -> str:
    """Name the file after the view's range of days, else after today. Nothing that a person typed is part of it."""
    first, last = view.date_range
    if first and last:
        days = f"{first}-to-{last}"
    elif first or last:
        days = f"from-{first}" if first else f"to-{last}"
    else:
        days = str(view.today)
    return f"{view.report.slug}-{days}{file_format.extension}"


def last_format() -> Format:
    """The format in the browser's cookie, else the default one."""
    return FORMATS.get(request.cookies.get(_cookie_name(), ""), DEFAULT_FORMAT)


def remember_format(response: Response, file_format: Format) -> None:
    """Set the cookie that `last_format` reads, for a year."""
    name, secure = _cookie_name(), request.is_secure
    response.set_cookie(
        name, file_format.key, _COOKIE_SECONDS, path=_COOKIE_PATH, secure=secure, httponly=True, samesite="Lax"
    )


def _cookie_name() -> str:
    """Browsers accept a cookie with the prefix `__Secure-` only over HTTPS."""
    return "__Secure-export" if request.is_secure else "export"


_RETRY_AFTER = 30  # seconds

blueprint = Blueprint("export", __name__)


@blueprint.get("/reports/<slug>.csv")
def csv(slug: str) -> Response:
    """Stream all rows of a view as CSV."""
    view, dialect = submitted_export(slug)
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        details = ["Over HTTP/1.0 nobody could tell half a file from a whole one."]
        return error_response(505, "A file needs HTTP/1.1.", details)
    return _export_response(view, FORMATS[dialect.name], partial(_stream_csv, view, visitor().scope_in, dialect))


@blueprint.get("/reports/<slug>.xlsx")
def xlsx(slug: str) -> Response:
    """Send all rows of a view as an Excel workbook, or a 400 that says why a workbook can't hold them."""
    view = submitted_view(slug, *PAGING_KEYS).view
    try:
        return _export_response(view, WORKBOOK, partial(_workbook, view))
    except WorkbookLimitError as error:
        details = [str(error), "A CSV takes this view as it is. Or choose fewer rows by filters."]
        return error_response(400, "No workbook takes this.", details, file_url(view, DEFAULT_FORMAT))


class _Export:
    """One running export. It holds `resources` until its end, and the audit trail gets its begin and its end.

    `length` is the size of the file in bytes where that is known before it is sent.
    """

    def __init__(self, about: str, resources: ExitStack, watch: ExportWatch) -> None:
        self.resources = resources
        self.length: int | None = None
        self._about, self._actor, self._rows, self._watch = about, audit_actor(), 0, watch
        record_event("export", BEGUN, about)

    def count_rows(self, more: int) -> None:
        """Add to the number of rows that the audit trail tells at the end. Raises ExportEnded."""
        self._watch.check()
        self._rows += more

    def end(self, outcome: str) -> None:
        """Release the resources and write the outcome to the audit trail."""
        self.resources.close()
        audit.record("export", outcome, about=self._about, rows=self._rows, **self._actor)

    def send(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces, then end the export: DONE after the last one, FAILED when it breaks off.

        Raises ExportEnded, so that the server closes the connection and the client sees a failed download.
        """
        outcome = FAILED
        try:
            for piece in pieces:
                self._watch.check()
                yield piece
            outcome = DONE
        finally:
            self.end(outcome)


def _export_response(view: View, file_format: Format, begin: Callable[[_Export], Iterable[bytes]]) -> Response:
    """Run an export when it is the visitor's turn; 503 when too many run or wait.

    `begin` returns the pieces of the file. Until it returns, a failure is still an error page.
    """
    headers = {"Content-Disposition": f'attachment; filename="{file_name(view, file_format)}"'}
    if request.method == "HEAD":
        return Response(mimetype=file_format.mimetype, headers=headers)
    with ExitStack() as resources:
        try:
            watch = resources.enter_context(export_place())
        except TooManyExports as error:
            return _too_many_exports(view, str(error))
        export = _Export(file_url(view, file_format), resources, watch)
        try:
            pieces = begin(export)
        except BaseException as error:
            export.end(FAILED)
            if isinstance(error, ExportEnded):
                return error_response(503, "This export was ended.", [f"{error}."], report_url(view))
            if isinstance(error, (OSError, FileCreateError)):
                return disk_full(error)
            raise
        response = Response(export.send(pieces), mimetype=file_format.mimetype, headers=headers)
        if export.length is not None:
            response.content_length = export.length
        if not visitor().token:
            remember_format(response, file_format)
        export.resources = resources.pop_all()
    response.call_on_close(export.resources.close)  # also when the client never reads the body
    return response


def _too_many_exports(view: View, why: str) -> Response:
    details = [why, "Try again in half a minute."]
    response = error_response(503, "Too many exports are running.", details, report_url(view))
    response.headers["Retry-After"] = str(_RETRY_AFTER)
    return response


def _stream_csv(view: View, scope: ScopeIn, dialect: Dialect, export: _Export) -> Iterator[bytes]:
    """Write the CSV in a thread of its own. Wait for the first piece, so that an early error is an error page."""
    write = partial(_csv_pieces, view, scope, export.count_rows, dialect)
    pieces = export.resources.enter_context(closing(spool(write)))
    return chain([next(pieces)], pieces)


def _csv_pieces(view: View, scope: ScopeIn, progress: Progress, dialect: Dialect) -> Iterator[bytes]:
    try:
        yield from csv_chunks(view, scope, progress, dialect)
    finally:
        close_connections()  # this thread's own


def _workbook(view: View, export: _Export) -> Iterable[bytes]:
    """Write the whole workbook to a temporary file before the first byte is sent."""
    file = export.resources.enter_context(TemporaryFile())  # noqa: SIM115 - the stack closes it
    write_workbook(view, visitor().scope_in, visitor().reseller or "", file, export.count_rows)
    export.length = file.seek(0, SEEK_END)
    file.seek(0)
    return FileWrapper(file, PIECE_BYTES)
