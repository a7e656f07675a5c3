"""The cache headers of a file: by ETag and Last-Modified a program loads only what has changed.

An ETag names all that a file depends on: the code, the last import, the day, the view in its format, and what who asks
may see.
"""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from flask import Response, request

from app.auth.permissions import REPORT_PERMISSIONS
from app.table.view import View
from app.web.security import visitor
from models import Import

_LENGTH = 32  # hex digits of an ETag


def digest_code(root: Path) -> str:
    """Return a digest of the Python files of this application in `root`.

    It is the same on all machines with the same code. An update may change what a file has, whatever its version says.
    """
    digest = sha256()
    for file in sorted(file for folder in ("app", "models") for file in (root / folder).rglob("*.py")):
        digest.update(f"{file.relative_to(root)}\0".encode() + sha256(file.read_bytes()).digest())
    return digest.hexdigest()


_CODE = digest_code(Path(__file__).parents[3])


def add_cache_headers(response: Response, view: View, url: str) -> Response:
    """Add the headers to the response with the file that has this canonical address.

    The ETag is a weak one: workbooks of the same rows differ in the time at which they were written.
    """
    response.set_etag(_etag(view, url), weak=True)
    midnight = datetime.combine(view.today, datetime.min.time(), UTC)  # when a status or a period may change
    last = Import.last()
    loaded_at = datetime.fromisoformat(last.loaded_at).replace(tzinfo=UTC) if last else midnight
    response.last_modified = max(midnight, loaded_at)
    if visitor().token:  # a browser doesn't store files: somebody else may sit there later
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def not_modified(view: View, url: str) -> Response | None:
    """Return a 304 when the program has this file already, as `If-None-Match` says; None otherwise."""
    sent = request.if_none_match
    if not sent or not sent.contains_weak(_etag(view, url)):
        return None
    return add_cache_headers(Response(status=304), view, url)


def _etag(view: View, url: str) -> str:
    seen = visitor().permissions & REPORT_PERMISSIONS
    who = (visitor().reseller, sorted(permission.name for permission in seen))
    return sha256(repr((_CODE, Import.last(), view.today, url, who)).encode()).hexdigest()[:_LENGTH]
