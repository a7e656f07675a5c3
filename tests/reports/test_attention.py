"""Needs attention: each count matches the rows of its link. Last imports."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.reports.attention import ATTENTION_ITEMS, AttentionItem
from app.web.urls import report_url
from models import Import, timestamp, today
from tests.databases import on_both
from tests.databases import sqlite_first as database_url
from tests.support import SUBSCRIPTIONS, TRANSACTIONS, USAGE, csv_rows, load, signed_in, table_rows, view_of
from tests.web.parties import ALPHA, PARTIES, load_parties

__all__ = ["database_url"]

PATH = "/reports/attention"
FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
EACH = pytest.mark.parametrize("each", ATTENTION_ITEMS, ids=lambda each: each.slug)


def needed(page: str) -> list[tuple[str, str, str]]:
    """The addresses, numbers and labels on the page; without rows the address is empty."""
    card = r'<li><(?:a|p) class="card"(?: href="([^"]+)")?><strong>([^<]+)</strong> ([^<]+)</(?:a|p)></li>'
    found = re.findall(card, page)
    return [(unescape(address), number, words) for address, number, words in found]


@pytest.fixture
def rows(app: Flask, tmp_path: Path) -> None:
    """For each reseller and for none: a row that needs attention in each report, and a row that doesn't."""
    load_parties(tmp_path, *PARTIES)
    for party in PARTIES:
        owner = f"{party.mark} 1,{party.mark}-C1,"
        files = {
            SUBSCRIPTIONS: [
                "Customer,Customer ID,Subscription ID,Reseller,Subscription,End,Cost,Order Date,Last modified by,"
                "Last modified date,Items Quantity",
                f"{owner}{party.mark}-N1,{party.reseller},Plan,{today()},1.00,2020-01-01,a,2020-01-01,1",
            ],
            TRANSACTIONS: [
                "Customer,Customer ID,Subscription ID,Reseller,Product,Transaction ID,Action,Date,Total,Cost,User",
                *(
                    f"{owner},{party.reseller},DV,{party.mark}-{action},{action},{today()},1,1.00,a"
                    for action in ("Cancel", "Renew")
                ),
            ],
            USAGE: [
                "Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used",
                f"{owner}{party.reseller},SSL,DV,1,{2 if party is ALPHA else 3}",
            ],
        }
        for slug, lines in files.items():
            (tmp_path / "more.csv").write_text("\n".join(lines), "utf-8")
            load(slug, tmp_path / "more.csv")


def admins(app: Flask) -> Iterator[FlaskClient]:
    yield from (signed_in(app, *rights) for rights in (("admin", None), ("admin", ALPHA.reseller)))


@EACH
def test_items_are_valid_views(each: AttentionItem) -> None:
    assert view_of(each.slug, list(each.query)).filters == dict(each.query)


@on_both
@EACH
@pytest.mark.usefixtures("rows")
def test_counts_match_linked_rows(app: Flask, each: AttentionItem) -> None:
    numbers = []
    for client in admins(app):
        address, number, words = needed(client.get(PATH).text)[ATTENTION_ITEMS.index(each)]
        path, _, query = address.partition("?")
        assert path == f"/reports/{each.slug}"
        assert int(number) == len(csv_rows(client.get(f"{path}.csv?{query}").data)) - 1
        assert len(table_rows(client.get(address).text)) == int(number)
        assert words == (each.one if number == "1" else each.many)
        numbers.append(int(number))
    assert numbers == [len(PARTIES), 1]


@pytest.mark.usefixtures("rows")
def test_viewer_has_the_same_counts(app: Flask, client: FlaskClient) -> None:
    viewer = signed_in(app, "viewer")
    listed = needed(viewer.get(PATH).text)
    assert listed == needed(client.get(PATH).text)
    for address, number, _ in listed:
        assert len(table_rows(viewer.get(address).text)) == int(number)


def test_nothing_needs_attention(client: FlaskClient) -> None:
    assert needed(client.get(PATH).text) == [("", "0", each.none) for each in ATTENTION_ITEMS]


def test_reports_page_loads_and_links_it(client: FlaskClient) -> None:
    page = client.get("/reports").text
    assert needed(page) == [
        (report_url(view_of(each.slug, list(each.query))), "…", each.many) for each in ATTENTION_ITEMS
    ]
    assert f'hx-get="{PATH}" hx-trigger="load"' in page
    assert f'<a href="{PATH}">Show what needs attention</a>' in page
    whole, part = client.get(PATH).text, client.get(PATH, headers=FRAGMENT).text
    assert "<h1>Needs attention" in whole
    assert "<html" not in part
    assert needed(whole) == needed(part)


# ------------------------------------------------------------------ data as of


def test_last_import_of_each_report(client: FlaskClient) -> None:
    counts = dict.fromkeys(("added", "updated", "unchanged", "removed"), 0)
    for number, (file, who) in enumerate([("old.csv", "ann"), ("/srv/in/new.csv", "bob"), ("-", "")]):
        slug = [TRANSACTIONS, TRANSACTIONS, USAGE][number]
        Import.create(report=slug, file=file, loaded_at=f"2026-11-2{number} 13:05:00", who=who, **counts)
    assert table_rows(client.get("/reports").text) == [
        ["Customer Subscriptions", "nothing loaded yet", "", ""],
        ["Customer Transactions", "2026-11-21 13:05:00", "bob", "new.csv"],
        ["Customer Usage", "2026-11-22 13:05:00", "", "standard input"],
    ]


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_reseller_sees_only_the_import_time(app: Flask, role: str) -> None:
    counts = dict.fromkeys(("added", "updated", "unchanged", "removed"), 0)
    Import.create(report=USAGE, file="secret.csv", loaded_at=timestamp(), who="insider", **counts)
    page = signed_in(app, role, ALPHA.reseller).get("/reports").text
    assert len(table_rows(page)[2]) == 2
    assert "secret" not in page
    assert "insider" not in page
