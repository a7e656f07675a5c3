"""The headings of a file."""

import csv
from io import StringIO

import pytest

from app.reports import REPORTS
from models import Customer, Transaction
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, faults_of, file, load, load_bytes, plan_of, values

__all__ = ["database_url"]

SLUGS = [SUBSCRIPTIONS, TRANSACTIONS, USAGE]
OPTIONAL = {"Customer ID", "Available", "Over Inventory", "Status"}  # which valid rows lack
REQUIRED = {
    SUBSCRIPTIONS: ["Subscription ID"],
    TRANSACTIONS: ["Transaction ID", "Action", "Date"],
    USAGE: [],  # any of the three numbers may be missing
}


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
def test_only_what_identifies_a_row_is_required(slug: str) -> None:
    for column in REPORTS[slug].columns:
        if column.label in REQUIRED[slug]:
            fault = (1, f"the heading “{column.label}” is missing; {expected(slug)}")
            assert faults_of(slug, without(slug, column.label)) == [fault]
        elif column.label not in ("Current Inventory", "Used"):  # the rows have no third number
            load_bytes(slug, without(slug, column.label))


def test_a_name_or_an_id_of_the_customer_is_required() -> None:
    content = b"Subscription ID\r\nS-1\r\n"
    assert faults_of(SUBSCRIPTIONS, content) == [
        (1, f"the heading “Customer” or “Customer ID” is missing; {expected(SUBSCRIPTIONS)}")
    ]
    how = "if another one means it, choose that for it, or rename it in the file"
    text = f"the heading “Customer” or “Customer ID” is missing; {how}"
    assert faults_of(SUBSCRIPTIONS, b"Kunde,Subscription ID\r\nAcme,S-1\r\n", pass_unknown=True) == [(1, text)]


@pytest.mark.parametrize(
    ("has", "lacks"),
    [
        ("Used", "“Current Inventory” or “Available”"),
        ("Available", "“Current Inventory” or “Used”"),
        ("Current Inventory", "“Available” or “Used”"),
    ],
)
def test_two_of_three_numbers_are_required(has: str, lacks: str) -> None:
    fault = (1, f"the heading {lacks} is missing; {expected(USAGE)}")
    assert faults_of(USAGE, f"Customer,{has}\r\nAcme,1\r\n".encode()) == [fault]


def test_unknown_duplicate_and_missing_headings() -> None:
    content = file(USAGE, {}).replace(b"Used", b"Customer").replace(b"Product", b"Notes")
    assert faults_of(USAGE, content + b"ragged\r\n") == [
        (1, "the heading “Customer” is expected once, not 2 times"),
        (1, f"the heading “Notes” is unknown; {expected(USAGE)}; --ignore HEADING leaves one out"),
        (1, f"the heading “Available” or “Used” is missing; {expected(USAGE)}"),
    ]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n"])
def test_empty_file(content: bytes) -> None:
    for report in (USAGE, ""):
        assert faults_of(report, content) == [(1, "the file is empty")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7\n1 0 obj\n", "this is a PDF; choose a CSV file or an Excel workbook (.xlsx)"),
        (b"\x89PNG\r\n\x1a\n\0\0", "this is a picture; choose a CSV file or an Excel workbook (.xlsx)"),
        (
            b"\xef\xbb\xbf\r\n<HTML><table><tr><th>Customer</th><th>Subscription ID</th>",
            "this is a web page or XML, whatever its name says; open it in Excel, and save it as .xlsx or as CSV",
        ),
    ],
    ids=["PDF", "picture", "web page"],
)
def test_other_formats_are_named(content: bytes, words: str) -> None:
    assert faults_of(SUBSCRIPTIONS, content) == [(1, words)]


@pytest.mark.parametrize("content", [b"\x89\r\n\x1a\n\0\0", b"Dear all,\nthis is it.\n", bytes(range(256))])
def test_file_that_is_no_table(content: bytes) -> None:
    ((_, text),) = faults_of("", content)
    assert text.startswith("this is no table")
    assert USAGE in text, "the command's name of a report"
    ((_, text),) = faults_of("", content, pass_unknown=True)
    assert text.endswith("if it is one, choose it under Report, and then all columns")


def test_headings_without_rows() -> None:
    assert str(load(USAGE)) == "0 rows: 0 added, 0 updated, 0 unchanged, 0 removed"


@pytest.mark.parametrize("slug", [TRANSACTIONS, USAGE])
def test_only_subscriptions_have_a_status_heading(slug: str) -> None:
    assert faults_of(slug, file(slug, {"Status": "Active"})) == [
        (1, f"the heading “Status” is unknown; {expected(slug)}; --ignore HEADING leaves one out")
    ]


COUNCIL = b"""Payments over 500 pounds
November 2026,,,

Body Name,Supplier Name,Number,Expense Type,Payment Date,Amount
Northshire,Acme,1001,Inventory,22/11/2026,5.00
"""


def test_titles_stand_above_unknown_headings() -> None:
    plan = plan_of(TRANSACTIONS, COUNCIL, pass_unknown=True)
    assert [fault.line for fault in plan.faults] == [4, 4, 4, 4]
    assert "“Supplier Name” is left out." in plan.said
    mapping = {"suppliername": "customer", "number": "transaction_id", "expensetype": "action", "paymentdate": "date"}
    assert load_bytes(TRANSACTIONS, COUNCIL, pass_unknown=True, mapping=mapping).added == 1
    assert (values(Customer.name), values(Transaction.cost)) == (["Acme"], [500])


def test_headings_that_are_repeated_are_passed_over() -> None:
    content = file(TRANSACTIONS, {}) + file(TRANSACTIONS, {"Transaction ID": "T-2"})
    plan = plan_of(TRANSACTIONS, content, dry_run=False)
    assert "Passed over, repeated headings: 1." in plan.said
    assert values(Transaction.ref) == ["T-1", "T-2"]
