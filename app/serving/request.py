"""Whether what has come of a request can be read without waiting for more."""

import re
from http import HTTPStatus

from app.web.security import MAX_FORM_BYTES

LONGEST_HEAD = 64 * 1024
"""Bytes of a request line and all headers together."""

_END = b"\r\n\r\n"
_CODED = re.compile(rb"(?i)\r\ntransfer-encoding:")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*0*([0-9]*)[ \t]*(?=\r|\Z)")


def judged(come: bytes) -> HTTPStatus:
    """OK when this is a whole request, or nothing that gunicorn would wait for more of; CONTINUE when more must come;
    else why nothing can come of it.

    Of a form that is too long so much is enough as the application would take; it refuses the rest unread.
    """
    head, end, body = come.partition(_END)
    if not end:
        if come.count(b"\n") != come.count(b"\r\n"):
            return HTTPStatus.OK
        too_long = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if b"\r\n" in come else HTTPStatus.REQUEST_URI_TOO_LONG
        return too_long if len(come) > LONGEST_HEAD else HTTPStatus.CONTINUE
    if _CODED.search(head):
        return HTTPStatus.LENGTH_REQUIRED
    lengths = [int(digits[:9] or b"0") for digits in _LENGTH.findall(head)]
    wanted = min(lengths[0], MAX_FORM_BYTES) if len(lengths) == 1 else 0
    return HTTPStatus.OK if len(body) >= wanted else HTTPStatus.CONTINUE
