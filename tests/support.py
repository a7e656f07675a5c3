"""Helpers that several tests share."""

import csv
import io
import re
from html import unescape
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from app.auth.users import find_user
from app.importing import ImportSummary, load_file
from app.reports import REPORTS
from app.table.params import parse_view
from app.table.view import View
from models import User, timestamp

NASTY = Path(__file__).parent / "nasty"
CCADB = Path(__file__).parents[2] / "shared/data/ccadb"
CCADB_FILES = {
    "customer-subscriptions": "subscriptions.csv",
    "customer-transactions": "transactions.csv",
    "customer-usage": "usage.csv",
}

_ROW = re.compile(r"<tr id=.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)
_ASIDE = re.compile(r'<span class="(?:badge over|visually-hidden)">.*?</span> ?| <small>.*?</small>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


BY = {"who": "the tests"}
"""Who makes the changes of accounts here."""

OURS = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a form that was sent from one of our pages."""

EVERYWHERE = {
    "Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Referrer-Policy",
    "X-Content-Type-Options",
}  # fmt: skip
"""Headers that are on every answer, whoever gives it."""


def signed_in(app: Flask, role: str = "admin", reseller: str | None = None) -> FlaskClient:
    """A client of somebody with these rights, who gets an account if they have none. It saves hashing a password."""
    email = f"{role}@{reseller or 'partner'}.example"
    who = {"email": email, "role": role, "reseller": reseller, "password_hash": "", "created_at": timestamp()}
    client = app.test_client()
    user = find_user(email) or User.create(email_key=email.casefold(), **who)
    client.set_cookie("session", app.extensions["sessions"].create(user))
    return client


def load(slug: str, path: Path) -> ImportSummary:
    with path.open("rb") as file:
        return load_file(slug, file, path.name)


def view_of(slug: str, query: list[tuple[str, str]]) -> View:
    """A view from a query string that must be right."""
    view, complaints = parse_view(REPORTS[slug], query)
    assert not complaints
    return view


def table_rows(html: str) -> list[list[str]]:
    """The cells of a page's rows as a person reads them."""
    return [[_text(cell) for cell in _CELL.findall(row)] for row in _ROW.findall(html)]


def _text(cell: str) -> str:
    return unescape(_TAG.sub("", _ASIDE.sub("", cell))).strip("\n")


def csv_rows(data: bytes) -> list[list[str]]:
    """The records of a CSV file, the heading first. A lone empty cell is an empty line."""
    return [record or [""] for record in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))]
