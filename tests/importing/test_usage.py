"""Usage files: holdings, their sums, and what a file removes."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importing import sorted_rows
from app.importing.derived import usage_ref
from app.table.paging import read_children, read_page
from app.table.scope import WHOLE_PARTNER
from models import NONE_ID, CertificateType, Customer, CustomerUsage, Holding, Product, TypeUsage, fold
from tests.databases import on_both
from tests.importing.files import (
    NOTHING,
    SUBSCRIPTIONS,
    USAGE,
    Row,
    dump,
    faults,
    file,
    load,
    plan_of,
    rolled_back,
    values,
)
from tests.importing.sums import check_sums
from tests.strategies import examples
from tests.support import view_of

ELSE = {"Customer": "Other", "Customer ID": "C-2"}
EV, MAIL = {"Product": "EV"}, {"Certificate Type": "Client", "Product": "Mail"}


def holdings() -> list[tuple[str, str, str, int, int]]:
    return values(
        Holding.customer_ref, CertificateType.name, Product.name, Holding.current_inventory, Holding.used
    )  # fmt: skip


def counts(*changes: Row) -> tuple[int, int, int, int]:
    summary = load(USAGE, *changes)
    return summary.added, summary.updated, summary.unchanged, summary.removed


def test_row_is_a_holding() -> None:
    load(USAGE, {"Current Inventory": "5", "Used": "3"}, EV | {"Current Inventory": "3", "Used": "5"}, MAIL | ELSE)
    assert holdings() == [
        ("C-1", "SSL", "DV Single", 5, 3),
        ("C-1", "SSL", "EV", 3, 5),
        ("C-2", "Client", "Mail", 5, 3),
    ]
    assert values(Holding.current_inventory, Holding.available, Holding.over_inventory) == [
        (3, 0, 2),
        (5, 2, 0),
        (5, 2, 0),
    ]


def test_product_of_another_type_is_another_holding() -> None:
    assert counts({}, {"Certificate Type": "Client"}) == (2, 0, 0, 0)


@on_both
def test_update_and_removal() -> None:
    load(USAGE, {}, EV, MAIL)
    assert counts({"Used": "4"}, MAIL, {"Product": "OV"}) == (1, 1, 1, 1)
    assert holdings() == [
        ("C-1", "Client", "Mail", 5, 3),
        ("C-1", "SSL", "DV Single", 5, 4),
        ("C-1", "SSL", "OV", 5, 3),
    ]


def test_customer_changes_leave_holdings_unchanged() -> None:
    load(USAGE, {"Customer ID": ""})
    assert counts({}) == (0, 0, 1, 0)
    assert counts({"Customer": "New", "Reseller": "North"}) == (0, 0, 1, 0)


def test_unnamed_customers_keep_their_holdings() -> None:
    load(USAGE, {}, ELSE)
    assert counts(EV) == (1, 0, 0, 1)
    assert holdings() == [("C-1", "SSL", "EV", 5, 3), ("C-2", "SSL", "DV Single", 5, 3)]


def test_holding_of_zero_is_a_holding() -> None:
    assert counts({"Current Inventory": "0", "Used": "0"}) == (1, 0, 0, 0)
    assert values(CustomerUsage.parts) == values(TypeUsage.parts) == [1]


def test_customer_without_holdings() -> None:
    assert counts(NOTHING) == (1, 0, 0, 0)
    assert counts(NOTHING) == (0, 0, 1, 0)
    assert counts({}, EV) == (2, 0, 0, 0)
    assert counts(NOTHING) == (0, 1, 0, 2)
    assert holdings() == [("C-1", "", "", 0, 0)]
    assert values(TypeUsage.certificate_type, TypeUsage.parts) == [(NONE_ID, 0)]
    assert values(CustomerUsage.current_inventory, CustomerUsage.parts) == [(0, 0)]


def test_customer_of_another_file_has_no_holdings() -> None:
    load(SUBSCRIPTIONS, {})
    assert counts(NOTHING) == (0, 0, 1, 0)


@on_both
def test_customer_without_holdings_has_one_row() -> None:
    text = "Product: is empty, but the customer holds something in line 2"
    assert faults(USAGE, {}, EV, NOTHING) == [(4, text)]
    assert faults(USAGE, NOTHING, {}, ELSE) == [(3, "Product: the customer holds nothing in line 2")]


@pytest.mark.parametrize("row", [{}, NOTHING])
def test_duplicate_holding_is_a_fault(row: Row) -> None:
    text = "Product: line 2 already says what the customer holds of it"
    assert faults(USAGE, row, ELSE, row) == [(4, text)]


@on_both
def test_rows_of_a_customer_may_be_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_rows, "_RUN_ROWS", 2)
    third = {"Customer": "Third", "Customer ID": "C-3"}
    rows = [ELSE, third, {}, MAIL | ELSE, MAIL, EV, EV | ELSE | {"Used": "9"}]
    assert counts(*rows) == (7, 0, 0, 0)
    assert [row[:3] for row in holdings()] == [
        ("C-1", "Client", "Mail"),
        ("C-1", "SSL", "DV Single"),
        ("C-1", "SSL", "EV"),
        ("C-2", "Client", "Mail"),
        ("C-2", "SSL", "DV Single"),
        ("C-2", "SSL", "EV"),
        ("C-3", "SSL", "DV Single"),
    ]
    assert counts(*reversed(rows[2:]), {"Product": "OV"}) == (1, 0, 5, 1)
    text = "Product: line 2 already says what the customer holds of it"
    assert faults(USAGE, EV, ELSE, {}, MAIL, EV, third, EV) == [(6, text), (8, text)]
    check_sums()


def test_faults_are_found_after_holdings_were_written() -> None:
    others = [{"Customer ID": f"C-{number}", "Customer": f"Customer {number}"} for number in range(2, 1234)]
    assert len(faults(USAGE, *others, {}, {})) == 1


def test_examples_are_in_the_order_of_the_file() -> None:
    load(USAGE, {}, ELSE)
    plan = plan_of(USAGE, file(USAGE, EV | ELSE, EV, MAIL | ELSE))
    assert plan.examples["added"] == ["Other, SSL, EV", "Other, Client, Mail", "Acme, SSL, EV"]


@pytest.mark.parametrize("used", [3, 4])
def test_known_details_of_many_customers(used: int) -> None:
    others = [{"Customer ID": f"C-{number}", "Customer": f"Customer {number}"} for number in range(2, 1234)]
    load(USAGE, *others, *(other | EV for other in others))
    totals = "".join(f"C-{number},10,{2 * used}\n" for number in range(1233, 1, -1))
    plan = plan_of(USAGE, f"Customer ID,Inventory,Used\n{totals}".encode())
    numbers = plan.summary.added, plan.summary.unchanged, plan.summary.removed
    assert numbers == ((0, 2464, 0) if used == 3 else (1232, 0, 2464))
    assert [note.partition(":")[0] for note in plan.notes][:3] == (["line 2", "line 3", "line 4"] if used == 4 else [])


def test_line_of_totals_is_no_customer() -> None:
    line = {"Customer": "Grand Total:", "Customer ID": "", "Certificate Type": "", "Product": ""}
    why = "the row of “Grand Total:” is a line of totals: take it out, or give the customer a Customer ID"
    assert faults(USAGE, {}, line) == [(3, why)]
    load(USAGE, line | {"Customer ID": "C-1"})
    assert values(Customer.name) == ["Grand Total:"]


def test_duplicate_holding_under_another_name() -> None:
    text = "Product: line 2 already says what the customer holds of it"
    assert faults(USAGE, {"Customer ID": ""}, {}) == [(3, text)]
    assert faults(USAGE, {}, {"Customer": "Renamed"}) == [(3, text)]


@on_both
def test_changed_rows_keep_their_id() -> None:
    load(USAGE, {"Customer ID": ""}, EV | {"Customer ID": ""})
    tables = (Holding, TypeUsage, CustomerUsage)
    before = [values(table.id) for table in tables]
    load(USAGE, {"Used": "9"}, EV | {"Reseller": "North"})
    assert [values(table.id) for table in tables] == before


@on_both
def test_more_customers_than_one_batch() -> None:
    rows = [{"Customer ID": f"C-{number}", "Customer": f"Customer {number}"} for number in range(1234)]
    assert counts(*rows) == (1234, 0, 0, 0)
    assert counts(*(row | EV for row in rows[:1100]), *rows[1100:]) == (1100, 0, 134, 1100)


NUMBER = st.integers(0, 12)
HOLDING = st.fixed_dictionaries(
    {"Certificate Type": st.sampled_from("AB"), "Product": st.sampled_from("xyz"),
     "Current Inventory": NUMBER.map(str), "Used": NUMBER.map(str)}
)  # fmt: skip
HOLDINGS = st.lists(HOLDING, min_size=1, max_size=5, unique_by=lambda row: (row["Certificate Type"], row["Product"]))
CUSTOMERS = st.dictionaries(st.sampled_from(["C-1", "C-2", "C-3"]), HOLDINGS | st.just([NOTHING]), min_size=1)
FILES = st.lists(CUSTOMERS, min_size=1, max_size=4)


@examples(15)
@given(FILES, st.randoms(use_true_random=False))
def test_sums_match_holdings(files: list[dict[str, list[Row]]], order: Random) -> None:
    with rolled_back():
        expected: dict[str, list[Row]] = {}
        for customers in files:
            lines = [{"Customer ID": ref} | row for ref, rows in customers.items() for row in rows]
            order.shuffle(lines)
            load(USAGE, *lines)
            expected |= customers
            assert holdings() == sorted(_holding(ref, row) for ref, rows in expected.items() for row in rows)
            check_sums()


def _holding(ref: str, row: Row) -> tuple[str, str, str, int, int]:
    return ref, row["Certificate Type"], row["Product"], int(row["Current Inventory"]), int(row["Used"])


NAME = st.text(st.sampled_from("aAbÄ \x01\x02\x03\t~日"), max_size=3)
PATH = st.tuples(st.sampled_from(["", "A", "A\x01", "A\t", "AB"]), st.sampled_from([9, 10]), NAME, NAME)


@given(st.lists(PATH, min_size=2, max_size=12, unique=True))
def test_usage_refs_sort_by_customer_type_and_product(paths: list[tuple[str, int, str, str]]) -> None:
    by_order = sorted(paths, key=lambda path: (path[0], path[1], fold(path[2]), path[2], fold(path[3]), path[3]))
    assert sorted(paths, key=lambda path: usage_ref(*path)) == by_order
    assert len({usage_ref(*path) for path in paths}) == len(paths)


def test_same_file_twice() -> None:
    load(USAGE, {}, EV, ELSE | NOTHING)
    before = dump()
    assert counts(ELSE | NOTHING, EV, {}) == (0, 0, 3, 0)
    assert dump() | {"Import": []} == before | {"Import": []}


@pytest.mark.parametrize("row", [{"Product": ""}, {"Certificate Type": ""}, {"Certificate Type": "", "Product": ""}])
def test_unspecified_holding_is_a_holding(row: Row) -> None:
    assert counts(row) == (1, 0, 0, 0)
    assert counts(row) == (0, 0, 1, 0)
    assert values(CustomerUsage.parts) == values(TypeUsage.parts) == [1]
    check_sums()
    assert counts(row, EV) == (1, 0, 1, 0)
    check_sums()
    removed = 1 if len(row) == 2 else 2  # the one without both becomes the row of zeros
    assert counts(NOTHING) == (0, 1, 0, removed)
    check_sums()


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (
            "Customer ID,Inventory,Used\nC-2,5,3\nC-1,15,10",
            "totals only; one line without Certificate Type and Product",
        ),
        ("Customer ID,Type,Inventory,Used\nC-1,SSL,10,7\nC-1,Client,5,4", "no Product; 2 without Product replace 3"),
        ("Customer ID,Product,Inventory,Used\nC-1,DV Single,5,4\nC-1,EV,5,3", "no Certificate Type; one line"),
    ],
)
def test_details_that_a_file_loses_are_noted(content: str, note: str) -> None:
    load(USAGE, {}, EV, MAIL, ELSE)
    (text,) = plan_of(USAGE, content.encode()).notes
    assert text.startswith(f"line {2 + ('C-2' in content)}: “Acme”: the file has {note}")
    known = {"totals": 3, "no Product": 3, "no Certificate": 1}
    assert f"{next(count for words, count in known.items() if words in text)} known holding" in text


def test_unspecified_holdings_are_shown_inside_their_customer() -> None:
    load(USAGE, {"Product": ""}, {"Certificate Type": "", "Product": ""}, NOTHING | ELSE)
    view = view_of(USAGE, [("columns", key) for key in ("product", "current_inventory")])
    assert [row.values[1:] for row in read_page(view, WHOLE_PARTNER).rows] == [("", 5), ("", 5), ("", 0)]
    customers = view_of(USAGE, [])
    (acme, other) = read_page(customers, WHOLE_PARTNER).rows
    types = read_children(customers, WHOLE_PARTNER, acme.path) or []
    assert len(types) == 2
    assert [len(read_children(customers, WHOLE_PARTNER, row.path) or []) for row in types] == [1, 1]
    assert not read_children(customers, WHOLE_PARTNER, other.path)
