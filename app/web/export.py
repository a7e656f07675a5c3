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

from app.table.csv import Progress, lines
from app.table.dialect import Dialect
from app.table.parse import PLACE
from app.table.scope import Scope
from app.table.spool import PIECE, spooled
from app.table.typed import Unfit
from app.table.view import View
from app.table.workbook import write_workbook
from app.web.asked import csv_asked, view_asked
from app.web.errors import no_room, problem
from app.web.formats import DEFAULT, FORMATS, WORKBOOK, Format, file_name, file_url, remember_format
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
def csv(slug: str) -> Response:
    view, dialect = csv_asked(slug)
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return problem(505, "A file needs HTTP/1.1.", ["Over HTTP/1.0 nobody could tell half a file from a whole one."])
    return _answer(view, FORMATS[dialect.name], partial(_streamed, view, visitor().scope, dialect))


@blueprint.get("/reports/<slug>.xlsx")
def xlsx(slug: str) -> Response:
    view = view_asked(slug, *PLACE)
    try:
        return _answer(view, WORKBOOK, partial(_whole, view))
    except Unfit as unfit:
        why = [str(unfit), "A CSV takes this view as it is. Or choose fewer rows by filters."]
        return problem(400, "No workbook takes this.", why, file_url(view, DEFAULT))


class _Export:
    """One export. The trail is told of its beginning and of its end; until then it holds its place."""

    def __init__(self, about: str, held: ExitStack) -> None:
        self.held, self._rows = held, 0
        self.length: int | None = None  # in bytes, where that is known beforehand
        self._about, self._by = about, asking()
        note("export", BEGUN, about)

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


def _answer(view: View, form: Format, begin: Begin) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{file_name(view, form)}"'}
    if request.method == "HEAD":
        return Response(mimetype=form.mimetype, headers=headers)
    if not _free.acquire(blocking=False):
        return _busy(view)
    with ExitStack() as held:
        held.callback(_free.release)
        export = _Export(file_url(view, form), held)
        try:
            pieces = export.begun(begin)
        except (OSError, FileCreateError) as error:
            return no_room(error)
        response = Response(export.told(pieces), mimetype=form.mimetype, headers=headers)
        if export.length is not None:
            response.content_length = export.length
        remember_format(response, form)
        export.held = held.pop_all()
    response.call_on_close(export.held.close)  # of a file that nobody begins to read, too
    return response


def _busy(view: View) -> Response:
    why = [f"{AT_ONCE} exports at a time run in each process, and all places are taken.", "Try again in half a minute."]
    response = problem(503, "Too many exports are running.", why, report_url(view))
    response.headers["Retry-After"] = str(_AGAIN)
    return response


def _streamed(view: View, scope: Scope, dialect: Dialect, export: _Export) -> Iterator[bytes]:
    """A heading that is there, and behind it what is written meanwhile."""
    pieces = export.held.enter_context(closing(spooled(partial(_written, view, scope, export.count, dialect))))
    return chain([next(pieces)], pieces)


def _written(view: View, scope: Scope, count: Progress, dialect: Dialect) -> Iterator[bytes]:
    try:
        yield from lines(view, scope, count, dialect)
    finally:
        close()  # of this thread, which ends here


def _whole(view: View, export: _Export) -> Iterable[bytes]:
    """A workbook is only sent when it is whole."""
    file = export.held.enter_context(TemporaryFile())  # noqa: SIM115 - it is one
    write_workbook(view, visitor().scope, visitor().reseller or "", file, export.count)
    export.length = file.seek(0, SEEK_END)
    file.seek(0)
    return FileWrapper(file, PIECE)
