"""Receive uploaded files: they stream to the disk while they are hashed, and memory stays flat."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Response, request
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser

from app.jobs.uploads import Upload, Uploads
from app.web.errors import error_response
from models import clean_text, printable

log = logging.getLogger(__name__)

MAX_FILES = 20  # of one form
_MAX_NAME = 200  # characters of a file's name
_ABOUT_FORM = 64 * 1024  # bytes that a form has besides its files
_BUFFER = 512 * 1024  # bytes that the parser may hold: it reads 64 KB at a time


@contextmanager
def received_files(uploads: Uploads, limit: int) -> Iterator[list[tuple[str, Upload]]]:
    """Yield the names and contents of the files that a form sends, of `limit` bytes together.

    What the block doesn't keep is removed. Raises RequestEntityTooLarge before anything of a form over the limit is
    stored, BadRequest where the form isn't whole, and OSError when the disk is full.
    """
    begun: list[Upload] = []

    def receive(**_: object) -> Upload:
        begun.append(uploads.receive())
        return begun[-1]

    request.max_content_length = limit + _ABOUT_FORM
    parser = FormDataParser(receive, _BUFFER, max_form_parts=MAX_FILES, silent=False)  # type: ignore[arg-type]
    try:
        options = request.mimetype_params
        try:
            _, _, files = parser.parse(request.stream, request.mimetype, request.content_length, options)
        except ValueError:
            raise BadRequest("The form isn't whole.") from None
        named = [(file.filename or "", cast(Upload, file.stream)) for file in files.getlist("file")]
        sent = [(name, upload) for name, upload in named if name or upload.size]
        yield [(_display_name(name), upload) for name, upload in sent]
    finally:
        for upload in begun:
            upload.discard()


def no_room_response(error: OSError) -> Response:
    """Log why an upload could not be stored, and return the 507."""
    log.error("Can't store an upload (request %r): %s", request.path, error)
    return error_response(507, "The server has no room for this.", ["Nothing was kept of it."], "/imports")


def _display_name(name: str) -> str:
    """The last part of a file's name, as text for people: no path is ever made of it."""
    last = clean_text(printable(name.replace("\\", "/").rpartition("/")[2]))
    return (last if len(last) <= _MAX_NAME else f"…{last[-_MAX_NAME:]}") or "file"
