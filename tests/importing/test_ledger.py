"""Subscription and transaction files: rows with an id of their own, and the day of cancellation."""

from itertools import permutations
from typing import Any

import pytest

from models import ACTIONS, NEVER, Import, Subscription, Transaction, today
from tests.databases import on_both
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, dump, faults, load, values

ELSE = {"Customer": "Other", "Customer ID": "C-2"}
CHANGES = {
    SUBSCRIPTIONS: [
        {"Subscription": "Mail"}, {"End": "2027-02-01"}, {"Cost": "1200.51"}, {"Order Date": "2026-02-02"},
        {"Last modified by": "bob@acme.example"}, {"Last modified date": "2026-03-04"}, {"Items Quantity": "13"}, ELSE,
    ],
    TRANSACTIONS: [
        {"Subscription ID": "S-2"}, {"Subscription ID": ""}, {"Product": "DV Single; DV Single"}, {"Product": ""},
        {"Action": "Renew"}, {"Date": "2026-03-04 05:06:08"}, {"Total": "4"}, {"Cost": "-30.00"}, {"User": ""}, ELSE,
    ],
}  # fmt: skip
KEY = {SUBSCRIPTIONS: "Subscription ID", TRANSACTIONS: "Transaction ID"}


@on_both
def test_fields_of_a_subscription() -> None:
    load(SUBSCRIPTIONS, {"Reseller": "North", "Cost": "-0.05"})
    fields = ("ref", "ref_key", "customer_ref", "name", "name_key", "cancelled_on", "ends_on", "cost", "ordered_on")
    assert values(*(getattr(Subscription, field) for field in fields)) == [
        ("S-1", "s-1", "C-1", "SSL Manager", "ssl manager", NEVER, "2027-01-31", -5, "2026-02-01")
    ]
    assert values(Subscription.modified_at, Subscription.items_quantity) == [("2026-03-04 05:06:07", 12)]


@on_both
def test_fields_of_a_transaction() -> None:
    load(TRANSACTIONS, {"Subscription ID": "S-Ä"})
    fields = (
        "ref",
        "ref_key",
        "subscription_ref",
        "subscription_key",
        "customer_ref",
        "action",
        "date",
        "total",
        "cost",
    )
    assert values(*(getattr(Transaction, field) for field in fields)) == [
        ("T-1", "t-1", "S-Ä", "s-ä", "C-1", "Inventory", "2026-03-04 05:06:07", 3, 3000)
    ]


@pytest.mark.parametrize("slug", CHANGES)
def test_any_changed_cell_updates_the_row(slug: str) -> None:
    for number, change in enumerate(CHANGES[slug]):
        other = {KEY[slug]: f"other {number}"}
        load(slug, {}, other)
        summary = load(slug, {}, other | change, {KEY[slug]: f"new {number}"})
        assert str(summary) == "3 rows: 1 added, 1 updated, 1 unchanged, 0 removed", change
        again = load(slug, other | change)
        assert str(again) == "1 rows: 0 added, 0 updated, 1 unchanged, 0 removed", change


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
def test_unnamed_rows_stay(slug: str) -> None:
    load(slug, {KEY[slug]: "one"})
    assert load(slug, {KEY[slug]: "two"}).removed == 0
    assert values((Subscription if slug == SUBSCRIPTIONS else Transaction).ref) == ["one", "two"]


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
def test_customer_changes_leave_rows_unchanged(slug: str) -> None:
    load(slug, {})
    summary = load(slug, {"Customer": "New", "Reseller": "North"})
    assert str(summary) == "1 rows: 0 added, 0 updated, 1 unchanged, 0 removed; customers: 1 renamed, 1 moved"


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
@pytest.mark.parametrize("between", [0, 1200])
def test_duplicate_id_is_a_fault(slug: str, between: int) -> None:
    rows = [{KEY[slug]: f"X-{number}"} for number in range(between)]
    assert faults(slug, {}, *rows, {}) == [(between + 3, f"{KEY[slug]}: “{KEY[slug][0]}-1” is already in line 2")]


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
def test_known_id_twice_is_a_fault(slug: str) -> None:
    rows = [{KEY[slug]: f"X-{number}"} for number in range(1200)]
    load(slug, *rows)
    assert faults(slug, *rows, rows[0], rows[1199]) == [
        (1202, f"{KEY[slug]}: “X-0” is already in line 2"),
        (1203, f"{KEY[slug]}: “X-1199” is already in line 1201"),
    ]


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
def test_ids_differ_by_case(slug: str) -> None:
    assert load(slug, {KEY[slug]: "a"}, {KEY[slug]: "A"}).added == 2


@on_both
@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
def test_files_larger_than_a_batch(slug: str) -> None:
    rows = [{KEY[slug]: f"X-{number:05}", "Customer ID": f"C-{number % 1700}"} for number in range(2345)]
    assert load(slug, *rows).added == 2345
    assert load(slug, *rows[:1500], *({**row, "Cost": "0.00"} for row in rows[1500:])).updated == 845


def test_transaction_of_another_customers_subscription() -> None:
    load(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"})
    rows = [{"Transaction ID": "T-0"}, {"Subscription ID": "S-2", **ELSE}, {"Transaction ID": "T-2", **ELSE}]
    assert faults(TRANSACTIONS, *rows) == [
        (3, "Subscription ID: “S-2” belongs to another customer"),
        (4, "Subscription ID: “S-1” belongs to another customer"),
    ]


def test_subscription_with_another_customers_transactions() -> None:
    load(TRANSACTIONS, {}, {"Transaction ID": "T-2"}, {"Transaction ID": "T-3", "Subscription ID": "S-9"})
    rows = [{"Subscription ID": "S-8", **ELSE}, {"Subscription ID": "S-9"}, {**ELSE}]
    assert faults(SUBSCRIPTIONS, *rows) == [(4, "Subscription ID: “S-1” is named by transactions of another customer")]


def test_subscription_with_transactions_keeps_its_customer() -> None:
    load(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"})
    load(TRANSACTIONS, {})
    assert load(SUBSCRIPTIONS, {"Subscription ID": "S-2", **ELSE}).updated == 1
    assert len(faults(SUBSCRIPTIONS, ELSE)) == 1


def test_all_faults_are_reported_by_line() -> None:
    load(SUBSCRIPTIONS, {})
    rows = [ELSE, {"Transaction ID": "T-2", "Total": "x"}, {"Transaction ID": "T-3"}, {"Transaction ID": "T-3"}]
    assert [line for line, _ in faults(TRANSACTIONS, *rows)] == [2, 3, 5]


def statuses() -> list[tuple[str, bool]]:
    """Whether each subscription is cancelled today."""
    return [(ref, day <= str(today())) for ref, day in values(Subscription.ref, Subscription.cancelled_on)]


def ledger(*actions: tuple[str, str], subscription: str = "S-1") -> list[dict[str, str]]:
    return [
        {
            "Transaction ID": f"T-{subscription}-{number}",
            "Subscription ID": subscription,
            "Action": action,
            "Date": date,
        }
        for number, (action, date) in enumerate(actions)
    ]


LEDGERS: list[tuple[list[tuple[str, str]], bool]] = [
    ([], False),
    ([("Inventory", "2026-01-01")], False),
    ([("Cancel", "2026-01-01")], True),
    ([("Renew", "2026-01-01")], False),
    ([("Renew", "2026-01-01"), ("Cancel", "2026-01-02")], True),
    ([("Cancel", "2026-01-01"), ("Renew", "2026-01-02")], False),
    ([("Cancel", "2026-01-01"), ("Renew", "2026-01-01")], False),
    ([("Cancel", "2026-01-01"), ("Cancel", "2026-01-02"), ("Renew", "2026-01-01")], True),
    ([("Cancel", "2999-01-01")], False),
    ([("Cancel", "2026-01-01"), ("Renew", "2999-01-01")], False),
    ([("Cancel", "2026-01-01"), ("Renew", "2026-01-02"), ("Cancel", "2026-01-03")], True),
    ([("Cancel", "2026-01-01 00:00:01"), ("Inventory", "2026-01-02"), ("Renewal Inventory", "2026-01-02")], True),
]


@on_both
@pytest.mark.parametrize("subscriptions_first", [True, False])
def test_cancelled_until_a_later_renew(subscriptions_first: bool) -> None:
    names = [f"S-{number:02}" for number in range(len(LEDGERS))]
    subscriptions = [{"Subscription ID": name} for name in names]
    transactions = [
        row for name, (actions, _) in zip(names, LEDGERS, strict=True) for row in ledger(*actions, subscription=name)
    ]
    files = [(SUBSCRIPTIONS, subscriptions), (TRANSACTIONS, transactions)]
    for slug, rows in files if subscriptions_first else reversed(files):
        load(slug, *rows)
    expected = [(name, cancelled) for name, (_, cancelled) in zip(names, LEDGERS, strict=True)]
    assert statuses() == expected


def test_changed_transaction_updates_cancelled() -> None:
    load(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"})
    flags = []
    for change in [{"Action": "Cancel"}, {"Subscription ID": "S-2", "Action": "Cancel"}, {"Subscription ID": "S-2"}]:
        load(TRANSACTIONS, change)
        flags.append([cancelled for _, cancelled in statuses()])
    assert flags == [[True, False], [False, True], [False, False]]
    assert values(Transaction.subscription_ref) == ["S-2"]


def test_updated_subscription_stays_cancelled() -> None:
    load(TRANSACTIONS, {"Action": "Cancel"})
    load(SUBSCRIPTIONS, {})
    assert load(SUBSCRIPTIONS, {"Cost": "0.00"}).updated == 1
    assert values(Subscription.cancelled_on, Subscription.cost) == [("2026-03-04", 0)]


@on_both
@pytest.mark.parametrize("order", list(permutations([SUBSCRIPTIONS, TRANSACTIONS])))
def test_files_load_in_any_order(order: tuple[str, str]) -> None:
    rows: dict[str, Any] = {
        SUBSCRIPTIONS: [{}, {"Subscription ID": "S-2", **ELSE}],
        TRANSACTIONS: [
            *ledger(*((action, "2026-01-01") for action in ACTIONS)),
            {"Transaction ID": "T-9", "Subscription ID": "?"},
        ],
    }
    for slug in order:
        load(slug, *rows[slug])
    assert values(Subscription.ref, Subscription.customer_ref, Subscription.cancelled_on) == [
        ("S-1", "C-1", NEVER),  # the Renew at the same moment goes before the Cancel
        ("S-2", "C-2", NEVER),
    ]
    assert values(Transaction.subscription_ref) == ["?", "S-1", "S-1", "S-1", "S-1"]
    assert values(Import.report) == sorted(order)
    before = dump()
    for slug in order:
        assert load(slug, *rows[slug]).unchanged == len(rows[slug])
    assert dump() | {"Import": []} == before | {"Import": []}
