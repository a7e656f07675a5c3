"""The headings of a file."""

import csv
from io import StringIO

import pytest

from app.reports import REPORTS
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, faults_of, file, load, load_bytes

__all__ = ["database_url"]

SLUGS = [SUBSCRIPTIONS, TRANSACTIONS, USAGE]
OPTIONAL = {"Customer ID", "Available", "Over Inventory", "Status"}


def without(slug: str, heading: str) -> bytes:
    rows = list(csv.DictReader(StringIO(file(slug, {}).decode(), newline="")))
    out = StringIO(newline="")
    writer = csv.DictWriter(out, [name for name in rows[0] if name != heading], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def expected(slug: str) -> str:
    return f"expected are {', '.join(column.label for column in REPORTS[slug].columns)}"


@pytest.mark.parametrize("slug", SLUGS)
def test_headings_are_the_report_labels_in_any_order(slug: str) -> None:
    labels = [column.label for column in REPORTS[slug].columns]
    rows = list(csv.reader(StringIO(file(slug, dict.fromkeys(OPTIONAL & set(labels), "")).decode(), newline="")))
    assert sorted(rows[0]) == sorted(labels)
    content = "".join(",".join(reversed(cells)) + "\n" for cells in rows)
    assert load_bytes(slug, content.encode()).added == 1


@pytest.mark.parametrize("slug", SLUGS)
def test_only_optional_headings_may_be_missing(slug: str) -> None:
    for column in REPORTS[slug].columns:
        if column.label in OPTIONAL:
            load_bytes(slug, without(slug, column.label))
        else:
            fault = (1, f"the heading “{column.label}” is missing; {expected(slug)}")
            assert faults_of(slug, without(slug, column.label)) == [fault]


def test_unknown_duplicate_and_missing_headings() -> None:
    content = file(USAGE, {}).replace(b"Used", b"Customer").replace(b"Product", b"product")
    assert faults_of(USAGE, content + b"ragged\r\n") == [
        (1, "the heading “Customer” is expected once, not 2 times"),
        (1, f"the heading “product” is unknown; {expected(USAGE)}"),
        (1, f"the heading “Product” is missing; {expected(USAGE)}"),
        (1, f"the heading “Used” is missing; {expected(USAGE)}"),
    ]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n"])
def test_empty_file(content: bytes) -> None:
    assert faults_of(USAGE, content) == [(1, f"the headings are missing; {expected(USAGE)}")]


def test_headings_without_rows() -> None:
    assert str(load(USAGE)) == "0 rows: 0 added, 0 updated, 0 unchanged, 0 removed"


@pytest.mark.parametrize("slug", [TRANSACTIONS, USAGE])
def test_only_subscriptions_have_a_status_heading(slug: str) -> None:
    assert faults_of(slug, file(slug, {"Status": "Active"})) == [
        (1, f"the heading “Status” is unknown; {expected(slug)}")
    ]
