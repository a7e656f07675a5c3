"""Check that the answer to a hostile request is harmless."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from http.client import HTTPMessage

from tests.serving import ROOT
from tests.support import EVERYWHERE

_INSIDE = re.compile(
    rf"Traceback|File \"|\.py\b|site-packages|sqlite|psycopg|peewee|no such (table|column)|{ROOT}|/tmp/"
)
_LEADING = ("Location", "HX-Redirect", "HX-Push-Url", "HX-Replace-Url")
_ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "poster", "data"}
_MEANT = {501, 505}  # an unknown method, or a CSV over HTTP/1.0, which can't tell half a file from a whole one


def assert_harmless(status: int, headers: Mapping[str, str] | HTTPMessage, body: bytes) -> None:
    assert status < 500 or status in _MEANT or (status == 503 and "Retry-After" in headers)
    assert set(headers.keys()) >= EVERYWHERE or "X-Request-ID" not in headers  # gunicorn's own refusal
    assert not [name for name in set(headers.keys()) if "mkq7" in name.lower()]
    for name in _LEADING:
        address = headers.get(name, "/")
        assert address.startswith("/") and not address.startswith(("//", "/\\")), (name, address)  # noqa: PT018
    kind = headers.get("Content-Type", "")
    if kind.startswith("text/html"):
        text = body.decode()
        page = Page()
        page.feed(text)
        page.close()
        assert not _INSIDE.search(text)
    elif kind.startswith("text/plain"):
        assert not _INSIDE.search(body.decode())


class Page(HTMLParser):
    """A parser that fails where the mark became anything but text and attribute values."""

    def __init__(self) -> None:
        super().__init__()
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        assert "mkq7" not in tag
        for name, value in attrs:
            assert "mkq7" not in name, (tag, name)
            assert not name.startswith("on"), (tag, name)
            assert name not in ("style", "srcdoc"), (tag, name)
            if name in _ADDRESSES:
                assert (value or "").startswith(("/", "#", "?", "https://cdn.jsdelivr.net/")), (tag, name, value)
                assert not (value or "").startswith(("//", "/\\")), (tag, name, value)

    def handle_endtag(self, tag: str) -> None:
        assert "mkq7" not in tag
        self._within = ""

    def handle_data(self, data: str) -> None:
        assert self._within not in ("script", "style") or not data.strip(), data

    def handle_comment(self, data: str) -> None:
        assert "mkq7" not in data

    def handle_decl(self, decl: str) -> None:
        assert "mkq7" not in decl
