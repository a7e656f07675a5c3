"""What a mail is about: a view as its recipient may see it at this moment, its number of rows, and perhaps a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import parse_qsl

from app.auth.permissions import Permission
from app.auth.visitor import Visitor
from app.reports import REPORTS
from app.table import xlsx
from app.table.csv import EXCEL, csv_chunks
from app.table.definitions import permitted_report
from app.table.paging import count_view
from app.table.params import parse_view
from app.table.spellings import match_spellings
from app.table.view import View
from app.table.xlsx import WorkbookLimitError, write_workbook
from models import Import, SavedView, Snapshot, read_transaction, reports_db

LINK, CSV, XLSX = "link", "csv", "xlsx"
FORMATS = {LINK: "As a link", CSV: "With a CSV for Excel", XLSX: "With an Excel workbook"}
MAX_FILE_BYTES = 10_000_000  # of a file in a mail
MIMETYPES = {CSV: "text/csv", XLSX: xlsx.MIMETYPE}
_NO_FILES = "Files are for accounts with another role than yours."
_TOO_LARGE = f"The rows don't fit into a file of {MAX_FILE_BYTES // 10**6} MB. Open the view and export it there."


class NotPermitted(Exception):
    """The person can't be shown the view, or not all of it. The message says why."""


@dataclass(frozen=True)
class Content:
    """The rows of a view at one moment, which is that of the file where there is one.

    as_of:       the time of the last import, "" before the first.
    file:        the file, None without one; then `remark` says why there is none, "" where none is wanted.
    fingerprint: is the same when the same person gets the same rows.
    """

    view: View
    rows: int
    as_of: str
    file: bytes | None = None
    remark: str = ""
    fingerprint: str = ""


def read_content(person: Visitor, saved_view: SavedView, day: date, file_format: str, only_new: bool) -> Content:
    """Read a saved view as a person may see it on a day. Raises NotPermitted.

    Named periods such as "last month" are those of `day`. With `only_new`, the fingerprint is of the rows.
    """
    with read_transaction():
        view = _permitted_view(person, saved_view, day)
        last, rows = Import.last(), count_view(view, person.scope)
    content = Content(view, rows, last.loaded_at if last else "")
    if file_format != LINK and not person.can(Permission.EXPORT):
        content, file_format = replace(content, remark=_NO_FILES), LINK
    if only_new or file_format == CSV:
        with reports_db.snapshot() as snapshot:
            with_csv = _with_csv(content, person, snapshot, keep_file=file_format == CSV)
            if with_csv and file_format == XLSX:
                return _with_workbook(with_csv, person, snapshot)
        # Of more rows than fit into a mail, the last import tells whether they are the same.
        version = _digest(f"{last!r} {view.resolved_filters} {view.today}".encode())
        remark = _TOO_LARGE if file_format == CSV else ""
        content = with_csv or replace(content, fingerprint=version, remark=remark)
    if file_format == XLSX:
        with reports_db.snapshot() as snapshot:  # a new one: PostgreSQL ends a snapshot that isn't read to the end
            return _with_workbook(content, person, snapshot)
    return content


def _permitted_view(person: Visitor, saved_view: SavedView, day: date) -> View:
    if saved_view.report not in REPORTS:
        raise NotPermitted("its report isn't there any more")
    report = permitted_report(REPORTS[str(saved_view.report)], person.permissions)
    view, errors = parse_view(report, parse_qsl(str(saved_view.query)))
    if errors:
        raise NotPermitted("a part of the view can't be shown to this person")
    return match_spellings(replace(view, today=day), person.scope)


def _with_csv(content: Content, person: Visitor, snapshot: Snapshot, keep_file: bool) -> Content | None:
    """Return the content with the fingerprint of its CSV, None when that is too large for a mail."""
    counted: list[int] = []
    chunks: list[bytes] = []
    size = 0
    for chunk in csv_chunks(content.view, person.scope_in, counted.append, EXCEL, snapshot):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            return None
    file = b"".join(chunks)
    content = replace(content, fingerprint=_digest(file), **_file_facts(snapshot, counted))
    return replace(content, file=file) if keep_file else content


def _with_workbook(content: Content, person: Visitor, snapshot: Snapshot) -> Content:
    counted: list[int] = []
    with TemporaryFile() as file:
        try:
            write_workbook(content.view, person.scope_in, person.reseller or "", file, counted.append, snapshot)
        except WorkbookLimitError:
            return replace(content, remark=_TOO_LARGE)
        if file.tell() > MAX_FILE_BYTES:
            return replace(content, remark=_TOO_LARGE)
        file.seek(0)
        return replace(content, file=file.read(), **_file_facts(snapshot, counted))


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def _file_facts(snapshot: Snapshot, counted: Sequence[int]) -> dict[str, Any]:
    """Return what a mail says about the rows of its file. An import may have been done since they were counted."""
    return {"rows": sum(counted), "as_of": Import.last_time(snapshot) or ""}


def period_words(view: View) -> str:
    """Return the days of a view in words: "Last month, 2026-10-01 to 2026-10-31"."""
    for filter_, value in view.active_filters:
        if filter_.key == "period":
            return filter_.describe(value, view.today)
    first, last = view.date_range
    if first and last:
        return str(first) if first == last else f"{first} to {last}"
    if first or last:
        return f"from {first}" if first else f"up to {last}"
    return "all days"
