"""Hostile requests: to every route there is, with every method and parameter, by people with all sorts of rights."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from flask import Flask
from hypothesis import strategies as st

from app.reports import REPORTS
from app.table.csv import DIALECT_KEY as DIALECT
from app.table.definitions import Report
from app.table.params import PAGING_KEYS
from app.web.fields import FIELD_LENGTHS
from models import User
from tests.serving import ROOT
from tests.support import signed_in
from tests.web.corpus import BODIES, FORM, HEADERS, HTML, MARK, MARKED, QUERIES, VALUES
from tests.web.routes import UNSAFE, routes

# Nobody, and the rights of those who are signed in.
PEOPLE = (None, ("viewer", None), ("admin", "Zebra Resale"), ("admin", None))

METHODS = ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "PROPFIND"]
# What a browser sends, unless something odd stands in its place.
USUAL = {"Sec-Fetch-Site": "same-origin", "Accept": HTML, "Content-Type": FORM}

HTMX = [("HX-Request", "true"), ("HX-Request-Type", "partial")]
CURRENT_URLS = dict(HEADERS)["HX-Current-URL"]


def report_keys(report: Report) -> list[str]:
    return [*report.filters_by_key, *PAGING_KEYS, "columns", "sort", DIALECT, "toggle", "move", "reset", "was"]


def _keys() -> list[str]:
    """Parameters that a report declares, a template's form sends or a route reads, and some that none has."""
    known = {key for report in REPORTS.values() for key in report_keys(report)}
    forms = "".join(path.read_text() for path in ROOT.glob("templates/**/*.html"))
    code = "".join(path.read_text() for path in ROOT.glob("app/web/**/*.py"))
    used = {*re.findall(r'name="([a-z_]+)"', forms), *re.findall(r'(?:args|form|single_arg)\W[a-z(\[]*"(\w+)"', code)}
    used |= set(FIELD_LENGTHS)
    assert used >= {"email", "password", "node", "view", "audience"}
    return [*sorted(known | used), "", "columns[]", "__proto__", MARK, "\ud800", "a" * 300]


class Hostile(NamedTuple):
    """A request by one of PEOPLE. `target` and `headers` are sent as they are."""

    who: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def environ(self) -> dict[str, str]:
        """The WSGI environ of its target."""
        path, _, query = self.target.partition("?")
        return {"PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query}


KEYS = _keys()
_marked = st.sampled_from(MARKED).map(str.encode)
_value = (
    _marked | st.sampled_from(VALUES) | st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
_encoded = _value.map(quote) | _value.map(lambda value: quote(value, safe="%&=;#+?/'\"<>()[]{}|\\^`"))
_key = st.sampled_from(KEYS).map(lambda key: quote(key, errors="surrogatepass"))
_pairs = st.lists(st.tuples(_key, _encoded).map("=".join), max_size=3).map("&".join)
_query = st.just("") | _pairs | _pairs | st.sampled_from(QUERIES)
_body = _pairs.map(str.encode) | _pairs.map(str.encode) | st.sampled_from(BODIES)
_header = st.sampled_from(HEADERS).flatmap(lambda each: st.tuples(st.just(each[0]), st.sampled_from(each[1])))
_by_htmx = st.sampled_from(CURRENT_URLS).map(lambda address: [*HTMX, ("HX-Current-URL", address)])
_no_headers: list[tuple[str, str]] = []
_headers = st.just(_no_headers) | st.lists(_header, max_size=3) | _by_htmx


def requests(app: Flask) -> st.SearchStrategy[Hostile]:
    """Most of them reach a route as somebody who may, so that many of them show or do something."""
    there = sorted({(route.method, route.path) for route in routes(app)})
    rules = sorted({rule.rule for rule in app.url_map.iter_rules()})
    known = st.sampled_from(there)
    elsewhere = st.tuples(st.sampled_from(METHODS), known.map(lambda each: each[1]) | _places(rules))
    who = st.sampled_from([*range(len(PEOPLE)), len(PEOPLE) - 1])
    return st.builds(make_request, who, known | known | known | elsewhere, _query, _headers, _body)


def make_request(who: int, asked: tuple[str, str], query: str, headers: list[tuple[str, str]], body: bytes) -> Hostile:
    """Add what a browser sends, unless `headers` has something else there."""
    method, path = asked
    named = {name for name, _ in headers}
    sent = [*headers, *((name, value) for name, value in USUAL.items() if name not in named)]
    return Hostile(who, method, f"{path}?{query}" if query else path, sent, b"" if method == "GET" else body)


def _places(rules: list[str]) -> st.SearchStrategy[str]:
    """Addresses of rules with any text in their parts, and something appended."""
    ends = st.sampled_from(["", "", "/", "//", "%00", "/.", ";x=y", "%2f", "%0d%0aX-Mkq7:1"])
    part = _encoded | st.sampled_from([*REPORTS, "1"])
    return st.builds(_filled, st.sampled_from(rules), st.tuples(part, part), ends)


def _filled(rule: str, parts: tuple[str, ...], end: str) -> str:
    values = iter(parts)
    return re.sub(r"<[^>]*>", lambda _: next(values) or "x", rule) + end


class People:
    """PEOPLE, signed in."""

    def __init__(self, app: Flask) -> None:
        self._app, self._cookies = app, dict[int, str]()

    def cookie(self, asked: Hostile) -> str:
        """The session cookie of who asks. After an unsafe request they sign in again, with their old rights."""
        if asked.who not in self._cookies:
            self._cookies[asked.who] = self._sign_in(PEOPLE[asked.who])
        cookie = self._cookies[asked.who]
        if asked.method in UNSAFE:
            self._cookies.clear()
        return cookie

    def _sign_in(self, rights: tuple[str, str | None] | None) -> str:
        if rights is None:
            return ""
        role, reseller = rights
        them = User.update(role=role, reseller=reseller, disabled=False, temporary_until=None)
        them.where(User.email == f"{role}@{reseller or 'partner'}.example").execute()
        session = signed_in(self._app, *rights).get_cookie("session")
        return f"session={session.value}" if session else ""
