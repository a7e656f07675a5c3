"""Helpers that several tests share."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import IO, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.users import find_user
from app.importing import ImportSummary, Options, Progress, load_file, recognise_file, rereadable
from app.reports import REPORTS
from app.table.params import parse_view
from app.table.view import View
from app.web.services import services
from models import User, timestamp, today

EDGE_CASES = Path(__file__).parent / "edge_cases"
CCADB = Path(__file__).parents[2] / "shared/data/ccadb"
SUBSCRIPTIONS, TRANSACTIONS, USAGE = "customer-subscriptions", "customer-transactions", "customer-usage"
CCADB_FILES = {SUBSCRIPTIONS: "subscriptions.csv", TRANSACTIONS: "transactions.csv", USAGE: "usage.csv"}

_FOOT = re.compile(r"<tfoot.*?</tfoot>", re.DOTALL)
_ROW = re.compile(r'<tr[^>]*><th scope="row"[^>]*>.*?</tr>', re.DOTALL)
_CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)
_HIDDEN = re.compile(r' ?<span class="(?:badge[^"]*|visually-hidden)">.*?</span> ?', re.DOTALL)
_NOTE = re.compile(r"(?:(?<=</span>)|(?<=</time>)) <small.*?</small>")
_TAG = re.compile(r"<[^>]+>")


BY = {"who": "the tests"}  # the actor of changes to accounts

OURS = {"Sec-Fetch-Site": "same-origin"}  # a browser's header with a form that one of our pages sends

# Headers of every response.
EVERYWHERE = {
    "Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy",
    "X-Content-Type-Options",
}  # fmt: skip


def replace_services(app: Flask, **changes: Any) -> None:
    app.extensions["services"] = replace(services(app), **changes)


def signed_in(app: Flask, role: str = "admin", reseller: str | None = None, costs: bool = True) -> FlaskClient:
    """Return a client of a user with these rights, who is created without a password if there is none."""
    email = f"{role}{'' if costs else '.without'}@{reseller or 'partner'}.example"
    fields = {"email": email, "role": role, "reseller": reseller, "may_see_costs": costs}
    client = app.test_client()
    user = find_user(email) or User.create(
        email_key=email.casefold(), password_hash="", created_at=timestamp(), **fields
    )
    client.set_cookie("session", services(app).sessions.create(user) or "")
    return client


def load(slug: str, path: Path) -> ImportSummary:
    with path.open("rb") as file:
        return load_stream(slug, file, path.name)


def load_stream(
    slug: str, stream: IO[bytes], name: str = "file.csv", who: str = "", progress: Progress | None = None
) -> ImportSummary:
    """Load a file into the report `slug` without a number, and return what that did. Raises FileRejected."""
    options = Options(report=slug)
    with rereadable(stream) as data:
        plan = load_file(recognise_file(data, name, options), options, who=who, number=None, progress=progress)
    plan.raise_if_rejected(name)
    return plan.summary


def in_trials(*values: Any) -> list[Any]:
    """Return parameters that only `make trials` tries, beside those of `make test`."""
    return [pytest.param(value, marks=pytest.mark.slow_trial) for value in values]


def view_of(slug: str, query: list[tuple[str, str]]) -> View:
    """Return the view of a valid query."""
    view, errors = parse_view(REPORTS[slug], query)
    assert not errors
    return view


def table_rows(html: str) -> list[list[str]]:
    """Return the texts of the cells of a page's rows, without sums, notes and overages."""
    return [[_text(cell) for cell in _CELL.findall(row)] for row in _ROW.findall(_FOOT.sub("", html))]


def _text(cell: str) -> str:
    return unescape(_TAG.sub("", _HIDDEN.sub("", _NOTE.sub("", cell)))).strip("\n")


def csv_rows(data: bytes, delimiter: str = ",") -> list[list[str]]:
    """Return the records of a CSV file, the heading first. A lone empty cell is an empty line."""
    return [
        record or [""] for record in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    ]


def add_token(app: Flask, role: str = "admin", reseller: str | None = None, name: str = "Script") -> str:
    """Add a token of the user with these rights, as the account page does, and return it."""
    form = {"name": name, "last_day": str(today() + timedelta(30))}
    page = signed_in(app, role, reseller).post("/account/tokens", data=form, headers={**OURS, "Accept": "text/html"})
    (token,) = re.findall('<code class="secret">(prt_[^<]+)</code>', page.text)
    return str(token)


def program(app: Flask, token: str) -> FlaskClient:
    """Return a client that sends the token with all requests, and has no cookie."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client
