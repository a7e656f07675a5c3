"""Hostile requests in a fixed order: every key, value and header once."""

from random import Random
from urllib.parse import quote

from flask import Flask

from app.reports import REPORTS
from tests.web.corpus import HEADERS, MARKED, VALUES
from tests.web.hostile import CURRENT_URLS, HTMX, KEYS, PEOPLE, Hostile, make_request, report_keys
from tests.web.routes import routes

ADMIN = len(PEOPLE) - 1
# What databases choke on.
POISON = [
    b"\0",
    b"a\0b",
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b"9" * 19,
    b"9" * 40,
    b"1." + b"9" * 40,
    b"-9223372036854775809",
]

DOUBLE_SLASH = 0.1  # part of the requests that have a slash too many


def every_key(app: Flask, dice: Random) -> list[Hostile]:
    """Every method of every address with every parameter, each time with another value."""
    there = sorted({(route.method, route.path) for route in routes(app)})
    return [_asked(where, key, dice) for where in there for key in KEYS]


def with_values(values: list[bytes]) -> list[Hostile]:
    """Every value for everything that a report can be asked for."""
    return [
        make_request(ADMIN, ("GET", f"/reports/{slug}"), f"{key}={quote(value)}", [], b"")
        for slug, report in REPORTS.items()
        for key in report_keys(report)
        for value in values
    ]


def with_headers() -> list[Hostile]:
    """Every odd header, those of htmx on a part of a page."""
    return [
        make_request(
            ADMIN, ("GET", "/reports/customer-usage"), "", [*(HTMX if "HX-" in name else []), (name, value)], b""
        )
        for name, values in HEADERS
        for value in values
    ]


def _asked(where: tuple[str, str], key: str, dice: Random) -> Hostile:
    value = quote(dice.choice([dice.choice(MARKED).encode(), dice.choice(VALUES)]))
    pair = f"{quote(key, errors='surrogatepass')}={value}"
    name, values = dice.choice(HEADERS)
    by_htmx = [*HTMX, ("HX-Current-URL", dice.choice(CURRENT_URLS))]
    odd = dice.choice([[], by_htmx, [(name, dice.choice(values))]])
    method, (place, _, last) = where[0], where[1].rpartition("/")
    path = f"{place}{'//' if dice.random() < DOUBLE_SLASH else '/'}{last}"
    who = dice.choice([*range(len(PEOPLE)), *[ADMIN] * 4])
    return make_request(who, (method, path), pair, odd, pair.encode())
