"""Which customer a row belongs to, and the copies of customers' fields."""

from pathlib import Path

import pytest

from app.importing import load_records
from app.importing.layouts import UsageRecord
from models import (
    Actor,
    Customer,
    CustomerUsage,
    Holding,
    Reseller,
    Subscription,
    Transaction,
    TypeUsage,
    fold,
    reports_db,
)
from tests.databases import on_both
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, faults, file, load, plan_of, values
from tests.serving import flask

CUSTOMER = (Customer.ref, Customer.name, Reseller.name)
UNKNOWN = {"Customer ID": ""}
COPIES = [Subscription, Transaction, CustomerUsage, TypeUsage, Holding]


def many(row: dict[str, str], count: int = 1) -> list[dict[str, str]]:
    return [{"Subscription ID": f"S-{number}"} | row for number in range(count)]


def load_all(row: dict[str, str]) -> None:
    for slug in (SUBSCRIPTIONS, TRANSACTIONS, USAGE):
        load(slug, row)


@on_both
def test_customers_resellers_and_actors_are_created() -> None:
    load(SUBSCRIPTIONS, {"Customer": "Łódź", "Customer ID": "C-Ä", "Reseller": "Étoile", "Last modified by": "Bø"})
    assert values(Customer.ref, Customer.ref_key, Customer.name, Customer.name_key) == [("C-Ä", "c-ä", "Łódź", "lodz")]
    assert values(Reseller.name, Reseller.name_key) == [("", ""), ("Étoile", "etoile")]
    assert values(Actor.name, Actor.name_key) == [("", ""), ("Bø", fold("Bø"))]


def test_customer_id_identifies_whatever_the_name() -> None:
    summary = load(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2", "Customer": "ACME", "Reseller": "North"})
    assert values(*CUSTOMER) == [("C-1", "ACME", "North")]
    assert (summary.renamed, summary.moved) == (1, 1)
    assert str(summary) == "2 rows: 2 added, 0 updated, 0 unchanged, 0 removed; customers: 1 renamed, 1 moved"


def test_new_customer_is_noted_whose_name_looks_like_one_of_another_reseller() -> None:
    load(SUBSCRIPTIONS, UNKNOWN | {"Reseller": "North"})
    plan = plan_of(SUBSCRIPTIONS, file(SUBSCRIPTIONS, UNKNOWN | {"Customer": "ACME", "Subscription ID": "S-2"}))
    assert "“ACME” is a new customer; another reseller has “Acme”" in " ".join(plan.notes)


def test_two_ids_with_one_name_are_two_customers() -> None:
    load(
        SUBSCRIPTIONS,
        {},
        {"Subscription ID": "S-2", "Customer ID": "C-2"},
        {"Subscription ID": "S-3", "Customer ID": "c-2"},
    )
    assert values(Customer.ref) == ["C-1", "C-2", "c-2"]


def test_without_an_id_name_and_reseller_identify() -> None:
    load(SUBSCRIPTIONS, {"Customer": "Acme", "Reseller": "North"})
    others = [
        ("Acme", ""),
        ("acme", "North"),
        ("Acme", "north"),
        ("Acme", "North"),
        ("acme", "North"),
    ]
    rows = [
        {"Subscription ID": f"S-{name}-{reseller}-{number}", "Customer": name, "Reseller": reseller, **UNKNOWN}
        for number, (name, reseller) in enumerate(others)
    ]
    load(SUBSCRIPTIONS, *rows, names="new")
    unidentified = [("", "Acme", ""), ("", "Acme", "north"), ("", "acme", "North")]
    assert values(*CUSTOMER) == [*unidentified, ("C-1", "Acme", "North")]


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS, USAGE])
def test_ambiguous_name_is_a_fault(slug: str) -> None:
    load(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2", "Customer ID": "C-2"})
    text = "Customer: “Acme” is the name of 2 customers; a Customer ID must say which"
    row = (
        {"Subscription ID": ""} if slug == TRANSACTIONS else {"Subscription ID": "S-3"} if slug == SUBSCRIPTIONS else {}
    )
    assert faults(slug, row | UNKNOWN) == [(2, text)]


@on_both
@pytest.mark.parametrize("apart", [True, False])
def test_customer_takes_the_id_of_a_later_row(apart: bool) -> None:
    rows = [{"Subscription ID": "S-1", **UNKNOWN}, {"Subscription ID": "S-2", "Customer ID": "C-7"}]
    for rows_of_file in [rows[:1], rows[1:]] if apart else [rows]:
        summary = load(SUBSCRIPTIONS, *rows_of_file)
        assert (summary.renamed, summary.moved) == (0, 0)
    assert values(*CUSTOMER) == [("C-7", "Acme", "")]
    assert values(Customer.ref_key) == ["c-7"]
    assert values(Subscription.ref, Subscription.customer_ref) == [("S-1", "C-7"), ("S-2", "C-7")]


def test_customer_takes_only_one_id() -> None:
    load(SUBSCRIPTIONS, *many(UNKNOWN), *({"Subscription ID": ref, "Customer ID": ref} for ref in ("C-1", "C-2")))
    assert values(*CUSTOMER) == [("C-1", "Acme", ""), ("C-2", "Acme", "")]


def test_id_is_not_taken_across_resellers() -> None:
    load(SUBSCRIPTIONS, *many(UNKNOWN), {"Subscription ID": "S-9", "Reseller": "North"})
    assert values(*CUSTOMER) == [("", "Acme", ""), ("C-1", "Acme", "North")]


@on_both
def test_copies_follow_a_new_id() -> None:
    load_all(UNKNOWN)
    load(TRANSACTIONS, {"Transaction ID": "T-2", "Customer ID": "C-7"})
    assert {ref for table in COPIES for ref in values(table.customer_ref)} == {"C-7"}
    assert {ref.split("\x01")[0] for table in COPIES[2:] for ref in values(table.ref)} == {"C-7"}


@on_both
def test_copies_follow_a_move() -> None:
    load_all({"Reseller": "North"})
    assert load(TRANSACTIONS, {"Transaction ID": "T-2", "Reseller": "South"}).moved == 1
    assert {name for table in COPIES for name in values(table.id, Reseller.name)} == {
        (number, "South") for table in COPIES for number in values(table.id)
    }


def test_move_leaves_other_customers_alone() -> None:
    load(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2", "Customer ID": "C-2", "Customer": "Other"})
    load(SUBSCRIPTIONS, {"Reseller": "North"})
    assert values(Subscription.ref, Reseller.name) == [("S-1", "North"), ("S-2", "")]


def test_last_name_wins_and_counts_once() -> None:
    names = ["A", "B", "A", "C"]
    rows = [{"Subscription ID": f"S-{number}", "Customer": name} for number, name in enumerate(names)]
    assert str(load(SUBSCRIPTIONS, *rows)).endswith("; customers: 1 renamed, 0 moved")
    assert values(Customer.name) == ["C"]
    moves = [{"Customer": "C", "Reseller": name, "Subscription ID": f"S-{name}"} for name in ("X", "Y")]
    other = {"Customer ID": "C-2", "Subscription ID": "S-other"}
    assert str(load(SUBSCRIPTIONS, *moves, other, other | {"Subscription ID": "S-o2", "Reseller": "X"})).endswith(
        "; customers: 0 renamed, 2 moved"
    )
    assert values(*CUSTOMER) == [("C-1", "C", "Y"), ("C-2", "Acme", "X")]


def test_renamed_customer_has_only_its_new_name() -> None:
    renamed = [{"Subscription ID": "S-1"}, {"Subscription ID": "S-2", "Customer": "New"}]
    unknown = [{"Subscription ID": "S-3", "Customer": "New", **UNKNOWN}, {"Subscription ID": "S-4", **UNKNOWN}]
    load(SUBSCRIPTIONS, *renamed, *unknown)
    assert values(Subscription.ref, Customer.name, Customer.ref) == [
        ("S-1", "New", "C-1"), ("S-2", "New", "C-1"), ("S-3", "New", "C-1"), ("S-4", "Acme", ""),
    ]  # fmt: skip


def test_stored_customers_have_only_their_new_names() -> None:
    load(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2", "Customer": "NEW", **UNKNOWN})
    names = ("New", "Acme", "NEW")
    unknown = [{"Subscription ID": name, "Customer": name, **UNKNOWN} for name in names]
    load(SUBSCRIPTIONS, {"Customer": "New"}, *unknown)
    assert values(Customer.name) == ["Acme", "NEW", "New"]
    assert values(Subscription.ref, Customer.name, Customer.ref) == [
        ("Acme", "Acme", ""), ("NEW", "NEW", ""), ("New", "New", "C-1"), ("S-1", "New", "C-1"), ("S-2", "NEW", ""),
    ]  # fmt: skip


@on_both
def test_older_names_with_blanks_and_invisible_characters_are_found() -> None:
    older = {"Acme GmbH": " Acme\u200b  GmbH", "Łódź": "Łódź\xa0"}
    records = [UsageRecord(name, "", "", "SSL", "DV Single", 5, 3) for name in older.values()]
    with reports_db.write_transaction():
        load_records(USAGE, enumerate(records), "older.csv")
    assert load(USAGE, *({"Customer": name, **UNKNOWN} for name in older)).unchanged == 2
    row = {"Customer": "ACME GMBH", **UNKNOWN}
    assert "did you mean" in faults(USAGE, row)[0][1]
    load(USAGE, row, names="same")
    assert values(Customer.name) == sorted(older.values())


@on_both
def test_customers_that_others_change_between_two_files(database_url: str, tmp_path: Path) -> None:
    other = {"Subscription ID": "S-2", "Customer": "Other", **UNKNOWN}
    load(SUBSCRIPTIONS, {})
    path = tmp_path / "other.csv"
    path.write_bytes(file(SUBSCRIPTIONS, {"Customer": "New"}, other))
    flask("import", str(path), DATABASE_URL=database_url)
    assert load(SUBSCRIPTIONS, {"Customer": "New", **UNKNOWN}, other, dry_run=True).unchanged == 2
    flask("import", "--undo", "1", "--yes", DATABASE_URL=database_url)
    assert values(Customer.name) == ["Acme"]
    load(SUBSCRIPTIONS, UNKNOWN, other)
    assert values(Subscription.ref, Customer.name, Customer.ref) == [("S-1", "Acme", "C-1"), ("S-2", "Other", "")]


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
def test_new_customer_has_usage_rows_of_zeros(slug: str) -> None:
    load(slug, {"Reseller": "North"})
    for table in (Holding, TypeUsage, CustomerUsage):
        numbers = values(table.customer, table.customer_ref, table.current_inventory, table.available, table.used)
        assert numbers == [(1, "C-1", 0, 0, 0)]
        assert values(table.over_inventory, Reseller.name) == [(0, "North")]
    assert values(Holding.certificate_type, Holding.product) == [(0, 0)]
    assert values(TypeUsage.certificate_type, TypeUsage.parts) == [(0, 0)]
    assert values(CustomerUsage.parts) == [0]


def test_holdings_survive_moves_and_ids() -> None:
    load(USAGE, UNKNOWN, {"Product": "EV", "Current Inventory": "1", **UNKNOWN})
    load(SUBSCRIPTIONS, {"Customer ID": "C-7"})
    load(TRANSACTIONS, {"Customer ID": "C-7", "Reseller": "North"})
    assert values(Holding.customer_ref, Holding.current_inventory, Reseller.name) == [
        ("C-7", 1, "North"),
        ("C-7", 5, "North"),
    ]
    assert values(TypeUsage.current_inventory, TypeUsage.parts) == [(6, 2)]
    assert values(CustomerUsage.current_inventory, CustomerUsage.parts) == [(6, 1)]


@pytest.mark.parametrize(
    ("slug", "ref"), [(SUBSCRIPTIONS, "Subscription ID “S-1”"), (TRANSACTIONS, "Transaction ID “T-1”")]
)
def test_a_row_that_another_customer_takes_over_is_named(slug: str, ref: str) -> None:
    load(slug, {})
    content = file(slug, {"Customer": "Else", "Customer ID": "C-2"})
    assert plan_of(slug, content).notes == [f"line 2: {ref} was a row of another customer until now"]
