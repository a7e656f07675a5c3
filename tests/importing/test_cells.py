"""What a cell may contain, and the faults of invalid cells."""

import pytest

from models import Bundle, BundleProduct, Customer, Holding, Product, Transaction
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, faults, load, values

__all__ = ["database_url"]

DAY, MOMENT = "a date such as 2026-11-22", "a date and time such as 2026-11-22 13:05:00"
AMOUNT = "an amount of up to 12 digits and two decimals such as -1234.50"
WHOLE, COUNT = "a whole number of up to 12 digits such as 1234", "a whole number of 0 or more"
MONTH = "a month, not a day such as 2026-11-22"
STATUS = "one of Active, Ended, Cancelled"
ACTION = "one of Renewal Inventory, Inventory, Renew, Cancel"


REQUIRED = {
    SUBSCRIPTIONS: {
        "Customer": "a name", "Subscription ID": "an ID", "End": DAY, "Cost": AMOUNT,
        "Order Date": DAY, "Last modified date": MOMENT, "Items Quantity": WHOLE,
    },
    TRANSACTIONS: {
        "Customer": "a name", "Transaction ID": "an ID", "Action": ACTION, "Date": MOMENT, "Total": WHOLE,
        "Cost": AMOUNT,
    },
    USAGE: {"Customer": "a name", "Current Inventory": WHOLE, "Used": WHOLE},
}  # fmt: skip
INVALID = {
    SUBSCRIPTIONS: [
        ("End", "2026-02-29", DAY), ("End", "22.13.2026", DAY),
        ("End", "2026-11", MONTH), ("End", "Nov-26", MONTH),
        ("Order Date", "２０２６-11-22", DAY), ("Order Date", "1", DAY),
        ("Last modified date", "2026-11-22 13", MOMENT), ("Last modified date", "2026-11-22 24:00:00", MOMENT),
        ("Last modified date", "2026-11-22 13:05 PM", MOMENT), ("Cost", "12.345,6.7", AMOUNT), ("Cost", "5 %", AMOUNT),
        ("Cost", "0.001", AMOUNT), ("Cost", "--5", AMOUNT), ("Cost", "(-5)", AMOUNT),
        ("Items Quantity", "-1", COUNT), ("Items Quantity", "1.0", WHOLE), ("Items Quantity", "１２", WHOLE),
        ("Status", "Open", STATUS),
    ],
    TRANSACTIONS: [
        ("Total", "1234567890123", WHOLE), ("Action", "Cancelled", ACTION),
        ("Date", "2026-13-01", MOMENT),
    ],
    USAGE: [
        ("Current Inventory", "-1", COUNT), ("Used", "-1", COUNT), ("Available", "x", WHOLE),
    ],
}  # fmt: skip


@pytest.mark.parametrize("slug", REQUIRED)
def test_required_cells(slug: str) -> None:
    required = REQUIRED[slug].items()
    assert faults(slug, *({label: ""} for label, _ in required)) == [
        (line, f"{label}: is empty; it must be {what}") for line, (label, what) in enumerate(required, 2)
    ]
    assert faults(slug, *({label: " \u00a0 "} for label, _ in required)) == [
        (line, f"{label}: “ \\xa0 ” is not {what}") for line, (label, what) in enumerate(required, 2)
    ]


@pytest.mark.parametrize("slug", INVALID)
def test_invalid_cells(slug: str) -> None:
    assert faults(slug, *({label: value} for label, value, _ in INVALID[slug])) == [
        (line, f"{label}: “{value}” is {'' if what == MONTH else 'not '}{what}")
        for line, (label, value, what) in enumerate(INVALID[slug], 2)
    ]


def test_time_of_day_is_optional() -> None:
    load(TRANSACTIONS, {"Date": "2026-11-22"})
    assert values(Transaction.date) == ["2026-11-22 00:00:00"]


def test_total_and_cost_may_be_negative() -> None:
    load(TRANSACTIONS, {"Total": "-3", "Cost": "-1234.50"})
    assert values(Transaction.total, Transaction.cost) == [(-3, -123450)]


def test_all_faults_of_all_rows() -> None:
    assert faults(SUBSCRIPTIONS, {"End": "x", "Cost": ""}, {}, {"Subscription ID": "", "Items Quantity": "-5"}) == [
        (2, f"End: “x” is not {DAY}"),
        (2, f"Cost: is empty; it must be {AMOUNT}"),
        (4, "Subscription ID: is empty; it must be an ID"),
        (4, f"Items Quantity: “-5” is not {COUNT}"),
    ]


def test_fault_quotes_a_strange_value_on_one_line() -> None:
    [(_, text)] = faults(SUBSCRIPTIONS, {"End": "\x1b[31m" + 500 * "é"})
    assert text == f"End: “\\x1b[31m{54 * 'é'}…” is not {DAY}"


@pytest.mark.parametrize(
    ("slug", "labels"),
    [
        (SUBSCRIPTIONS, ["Customer ID", "Reseller", "Last modified by", "Status"]),
        (TRANSACTIONS, ["Customer ID", "Reseller", "Subscription ID", "Product", "User"]),
        (USAGE, ["Customer ID", "Reseller", "Available", "Over Inventory"]),
    ],
)
def test_optional_cells(slug: str, labels: list[str]) -> None:
    load(slug, dict.fromkeys(labels, ""))
    load(slug, dict.fromkeys(labels, "  "))
    assert values(Customer.ref, Customer.reseller) == [("", 0)]


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS, USAGE])
@pytest.mark.parametrize("cell", ["-", "'-"])
def test_reseller_cannot_be_a_dash(slug: str, cell: str) -> None:
    [(line, text)] = faults(slug, {"Reseller": cell})
    assert (line, text) == (
        2, f"Reseller: “{cell}” is not a reseller's name; a customer without one has an empty cell",
    )  # fmt: skip


@pytest.mark.parametrize(("cell", "action"), [("cancel", "Cancel"), (" Renewal  inventory ", "Renewal Inventory")])
def test_actions_in_any_case(cell: str, action: str) -> None:
    load(TRANSACTIONS, {"Action": cell})
    assert values(Transaction.action) == [action]


def test_several_products_keep_their_order() -> None:
    load(TRANSACTIONS, {"Product": "'=B; A; =B"})
    assert values(Bundle.name) == ["", "=B; A; =B"]
    assert values(BundleProduct.position, Product.name) == [(0, "=B"), (1, "A"), (2, "=B")]


@pytest.mark.parametrize("cell", ["A; ", "; A", "A; ; B", "A;;B", ";"])
def test_each_of_several_products_has_a_name(cell: str) -> None:
    assert faults(TRANSACTIONS, {"Product": cell}) == [
        (2, f"Product: “{cell}” is not products with “; ” between any two: one of them has no name")
    ]


@pytest.mark.parametrize("cell", ["A;B", "A ; B", " A;  B "])
def test_blanks_between_products_may_be_missing(cell: str) -> None:
    load(TRANSACTIONS, {"Product": cell})
    assert values(Bundle.name) == ["", "A; B"]


def test_usage_has_one_product_per_row() -> None:
    assert faults(USAGE, {"Product": "A; B"}) == [
        (2, "Product: “A; B” is not one product's name, which can't contain “;”")
    ]


@pytest.mark.parametrize(("inventory", "used", "available", "over"), [(5, 3, 2, 0), (3, 5, 0, 2), (4, 4, 0, 0)])
def test_available_and_over_inventory_must_agree(inventory: int, used: int, available: int, over: int) -> None:
    stated = {"Current Inventory": str(inventory), "Used": str(used)}
    assert faults(USAGE, stated | {"Available": "9", "Over Inventory": "-1"}) == [
        (2, f"Available: “9” is not what Current Inventory and Used make, {available}"),
        (2, f"Over Inventory: “-1” is not what Current Inventory and Used make, {over}"),
    ]
    load(USAGE, stated | {"Available": str(available), "Over Inventory": str(over)})
    assert values(Holding.available, Holding.over_inventory) == [(available, over)]
