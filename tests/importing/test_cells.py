"""What a cell may say."""

import pytest

from models import Bundle, BundleProduct, Customer, Holding, Product, Subscription, Transaction
from tests.importing.files import NOTHING, SUBSCRIPTIONS, TRANSACTIONS, USAGE, dump, faults, load, values

DAY, MOMENT = "a date such as 2026-11-22", "a date and time such as 2026-11-22 13:05:00"
AMOUNT = "an amount with two decimals such as -1234.50"
WHOLE, COUNT = "a whole number of up to 12 digits such as 1234", "a whole number of 0 or more"
ACTION = "one of Renewal Inventory, Inventory, Renew, Cancel"


@pytest.mark.parametrize(
    ("slug", "label", "what"),
    [
        (SUBSCRIPTIONS, "Customer", "a name"),
        (SUBSCRIPTIONS, "Subscription", "a name"),
        (SUBSCRIPTIONS, "Subscription ID", "an ID"),
        (SUBSCRIPTIONS, "End", DAY),
        (SUBSCRIPTIONS, "Cost", AMOUNT),
        (SUBSCRIPTIONS, "Order Date", DAY),
        (SUBSCRIPTIONS, "Last modified date", MOMENT),
        (SUBSCRIPTIONS, "Items Quantity", WHOLE),
        (TRANSACTIONS, "Customer", "a name"),
        (TRANSACTIONS, "Transaction ID", "an ID"),
        (TRANSACTIONS, "Action", ACTION),
        (TRANSACTIONS, "Date", MOMENT),
        (TRANSACTIONS, "Total", WHOLE),
        (TRANSACTIONS, "Cost", AMOUNT),
        (USAGE, "Customer", "a name"),
        (USAGE, "Current Inventory", WHOLE),
        (USAGE, "Used", WHOLE),
    ],
)
def test_a_cell_that_must_say_something_cannot_be_empty_or_blank(slug: str, label: str, what: str) -> None:
    assert faults(slug, {}, {label: ""}) == [(3, f"{label}: is empty; it must be {what}")]
    assert faults(slug, {}, {label: " \u00a0 "})[0] == (3, f"{label}: “ \\xa0 ” is not {what}")


@pytest.mark.parametrize(
    ("slug", "label", "value", "what"),
    [
        (SUBSCRIPTIONS, "End", "2026-02-29", DAY),
        (SUBSCRIPTIONS, "End", "22.11.2026", DAY),
        (SUBSCRIPTIONS, "End", "2026-11-22 00:00:00", DAY),
        (SUBSCRIPTIONS, "Order Date", "２０２６-11-22", DAY),
        (SUBSCRIPTIONS, "Last modified date", "2026-11-22T13:05:00", MOMENT),
        (SUBSCRIPTIONS, "Last modified date", "2026-11-22 24:00:00", MOMENT),
        (SUBSCRIPTIONS, "Cost", "12", AMOUNT),
        (SUBSCRIPTIONS, "Cost", "1,200.50", AMOUNT),
        (SUBSCRIPTIONS, "Items Quantity", "-1", COUNT),
        (SUBSCRIPTIONS, "Items Quantity", "1.0", WHOLE),
        (SUBSCRIPTIONS, "Items Quantity", "１２", WHOLE),
        (TRANSACTIONS, "Total", "1234567890123", WHOLE),
        (TRANSACTIONS, "Action", "inventory", ACTION),
        (TRANSACTIONS, "Action", "Cancel ", ACTION),
        (TRANSACTIONS, "Date", "2026-13-01", MOMENT),
        (USAGE, "Current Inventory", "-1", COUNT),
        (USAGE, "Used", "-1", COUNT),
        (USAGE, "Available", "x", WHOLE),
        (USAGE, "Over Inventory", " ", WHOLE),
    ],
)
def test_a_value_that_cannot_be_is_a_fault_that_says_what_would_be_right(
    slug: str, label: str, value: str, what: str
) -> None:
    assert faults(slug, {}, {label: value}) == [(3, f"{label}: “{value}” is not {what}")]


def test_a_time_of_day_may_be_left_out() -> None:
    load(TRANSACTIONS, {"Date": "2026-11-22"})
    assert values(Transaction.date) == ["2026-11-22 00:00:00"]


def test_total_and_cost_may_be_negative() -> None:
    load(TRANSACTIONS, {"Total": "-3", "Cost": "-1234.50"})
    assert values(Transaction.total, Transaction.cost) == [(-3, -123450)]


def test_every_fault_of_a_row_is_told_and_of_every_row() -> None:
    assert faults(SUBSCRIPTIONS, {"End": "x", "Cost": ""}, {}, {"Subscription ID": "", "Items Quantity": "-5"}) == [
        (2, f"End: “x” is not {DAY}"),
        (2, f"Cost: is empty; it must be {AMOUNT}"),
        (4, "Subscription ID: is empty; it must be an ID"),
        (4, f"Items Quantity: “-5” is not {COUNT}"),
    ]


def test_a_fault_shows_a_long_or_strange_value_on_one_short_line() -> None:
    [(_, text)] = faults(SUBSCRIPTIONS, {"End": "\x1b[31m\r\n" + 500 * "é"})
    assert text == f"End: “\\x1b[31m\\r\\n{52 * 'é'}…” is not {DAY}"


@pytest.mark.parametrize(
    ("slug", "labels"),
    [
        (SUBSCRIPTIONS, ["Customer ID", "Reseller", "Last modified by", "Status"]),
        (TRANSACTIONS, ["Customer ID", "Reseller", "Subscription ID", "Product", "User"]),
        (USAGE, ["Customer ID", "Reseller", "Available", "Over Inventory"]),
    ],
)
def test_some_cells_may_be_empty(slug: str, labels: list[str]) -> None:
    load(slug, dict.fromkeys(labels, ""))
    load(slug, dict.fromkeys(set(labels) - {"Available", "Over Inventory"}, "  "))
    assert values(Customer.ref, Customer.reseller) == [("", 0)]


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS, USAGE])
@pytest.mark.parametrize("cell", ["-", "'-"])
def test_a_reseller_cannot_be_called_by_a_dash(slug: str, cell: str) -> None:
    [(line, text)] = faults(slug, {"Reseller": cell})
    assert (line, text) == (
        2, f"Reseller: “{cell}” is not a reseller's name; a customer without one has an empty cell",
    )  # fmt: skip


def test_status_is_passed_over() -> None:
    load(SUBSCRIPTIONS, {"Status": "Cancelled"}, {"Status": "whatever", "Subscription ID": "S-2"})
    assert values(Subscription.ref, Subscription.cancelled) == [("S-1", 0), ("S-2", 0)]


def test_a_transaction_may_affect_products_in_their_order_and_one_of_them_twice() -> None:
    load(TRANSACTIONS, {"Product": "'=B; A; =B"})
    assert values(Bundle.name) == ["", "=B; A; =B"]
    assert values(BundleProduct.position, Product.name) == [(0, "=B"), (1, "A"), (2, "=B")]


@pytest.mark.parametrize("cell", ["A; ", "; A", "A; ; B", "A;  ; B"])
def test_a_product_among_several_must_have_a_name(cell: str) -> None:
    assert faults(TRANSACTIONS, {"Product": cell}) == [
        (2, f"Product: “{cell}” is not products with “; ” between any two: one of them has no name")
    ]


def test_a_product_in_a_usage_file_is_only_one() -> None:
    assert faults(USAGE, {"Product": "A; B"}) == [
        (2, "Product: “A; B” is not one product's name, which can't contain “; ”")
    ]


@pytest.mark.parametrize("label", ["Certificate Type", "Product"])
def test_certificate_type_and_product_are_both_given_or_neither(label: str) -> None:
    assert faults(USAGE, {label: ""}) == [
        (2, "Certificate Type, Product: both must be given or, for a customer that holds nothing, neither")
    ]


@pytest.mark.parametrize("label", ["Current Inventory", "Used"])
def test_a_customer_that_holds_nothing_has_no_numbers(label: str) -> None:
    assert faults(USAGE, NOTHING | {label: "1"}) == [
        (2, "Current Inventory, Used: must be 0 for a customer that holds nothing")
    ]


@pytest.mark.parametrize(("inventory", "used", "available", "over"), [(5, 3, 2, 0), (3, 5, 0, 2), (4, 4, 0, 0)])
def test_available_and_over_inventory_must_agree_where_given(
    inventory: int, used: int, available: int, over: int
) -> None:
    stated = {"Current Inventory": str(inventory), "Used": str(used)}
    assert faults(USAGE, stated | {"Available": "9", "Over Inventory": "-1"}) == [
        (2, f"Available: “9” is not what Current Inventory and Used make, {available}"),
        (2, f"Over Inventory: “-1” is not what Current Inventory and Used make, {over}"),
    ]
    load(USAGE, stated | {"Available": str(available), "Over Inventory": str(over)})
    assert values(Holding.available, Holding.over_inventory) == [(available, over)]


def test_names_differ_by_case_and_blanks() -> None:
    load(USAGE, {"Product": "dv"}, {"Product": "DV"}, {"Product": "DV "})
    assert values(Product.name) == ["", "DV", "DV ", "dv"]
    before = dump()
    assert load(USAGE, {"Product": "DV "}, {"Product": "dv"}, {"Product": "DV"}).unchanged == 3
    assert dump() | {"Import": []} == before | {"Import": []}
