"""Names that look alike, and files that say less than all about customers."""

import pytest

from models import USAGE_COUNTS, Bundle, Customer, Holding, Product, Reseller, Subscription, Transaction
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, faults, faults_of, file, load, plan_of, values

__all__ = ["database_url"]

UNKNOWN = {"Customer ID": ""}
OPTION = "--same-names takes such names as one, --new-names as several"
ALIKE = ["ACME GMBH", "Acmé GmbH", "Ａｃｍｅ GmbH", "AcmeGmbH", "Acme Gmbh"]


@pytest.mark.parametrize("name", ALIKE)
def test_customer_without_an_id_that_looks_like_another(name: str) -> None:
    load(SUBSCRIPTIONS, {"Customer": "Acme GmbH", **UNKNOWN})
    row = {"Customer": name, "Subscription ID": "S-2", **UNKNOWN}
    assert faults(SUBSCRIPTIONS, row) == [(2, f"Customer: “{name}” is new; did you mean “Acme GmbH”? {OPTION}")]
    load(SUBSCRIPTIONS, row, names="same")
    assert values(Customer.name) == ["Acme GmbH"]
    load(SUBSCRIPTIONS, row | {"Subscription ID": "S-3"}, names="new")
    assert values(Customer.name) == sorted(["Acme GmbH", name])


def test_every_further_spelling_is_asked_about() -> None:
    rows = [{"Customer": name, "Subscription ID": name, **UNKNOWN} for name in ("Acme", "ACME", "Acmé")]
    plan = plan_of(SUBSCRIPTIONS, file(SUBSCRIPTIONS, *rows), dry_run=False)
    assert [question.subject for question in plan.questions] == [("customer", "ACME"), ("customer", "Acmé")]
    assert values(Customer.name) == ["ACME", "Acme", "Acmé"]
    row = {"Customer": "acme", "Subscription ID": "S-4", **UNKNOWN}
    assert faults(SUBSCRIPTIONS, row) == [(2, f"Customer: “acme” is new; did you mean “Acme”? {OPTION}")]
    assert load(SUBSCRIPTIONS, row, names="same").added == 1
    assert values(Customer.name) == ["ACME", "Acme", "Acmé"]


@pytest.mark.parametrize("name", ALIKE)
def test_reseller_and_product_that_look_like_others(name: str) -> None:
    load(TRANSACTIONS, {"Reseller": "Acme GmbH", "Product": "Acme GmbH"})
    rows = [{"Reseller": name, "Product": name}]
    assert {text.partition(":")[0] for _, text in faults(TRANSACTIONS, *rows)} == {"Reseller", "Product"}
    load(TRANSACTIONS, *rows, names="same")
    assert values(Reseller.name) == values(Product.name) == ["", "Acme GmbH"]
    assert values(Bundle.name) == ["", "Acme GmbH"]


def test_single_names_are_chosen() -> None:
    load(USAGE, {"Product": "DV"}, {"Product": "EV"})
    content = file(USAGE, {"Product": "dv"}, {"Product": "ev"})
    questions = plan_of(USAGE, content).open_questions
    assert [(each.subject, list(each.choices)) for each in questions] == [
        (("product", "dv"), ["DV", "dv"]), (("product", "ev"), ["EV", "ev"]),
    ]  # fmt: skip
    choices = {("product", "dv"): "DV", ("product", "ev"): "ev"}
    assert plan_of(USAGE, content, dry_run=False, name_choices=choices).open_questions == []
    assert values(Product.name) == ["", "DV", "EV", "ev"]


def test_an_id_tells_customers_apart() -> None:
    load(SUBSCRIPTIONS, {"Customer": "Acme"})
    load(SUBSCRIPTIONS, {"Customer": "ACME", "Customer ID": "C-2", "Subscription ID": "S-2"})
    load(SUBSCRIPTIONS, {"Customer": "ACMÉ"})
    assert values(Customer.ref, Customer.name) == [("C-1", "ACMÉ"), ("C-2", "ACME")]


def test_users_and_types_may_look_alike() -> None:
    load(USAGE, {"Certificate Type": "SSL"}, {"Certificate Type": "ssl"})
    load(TRANSACTIONS, {"User": "Ann"}, {"User": "ann", "Transaction ID": "T-2"})


def csv(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def test_known_rows_keep_what_a_file_lacks() -> None:
    load(SUBSCRIPTIONS, {"Reseller": "North"}, {"Subscription ID": "S-2", "Reseller": "North"})
    before = values(Subscription.ref, *FIELDS)
    plan = plan_of("", csv("Subscription ID,Customer ID,Cost", "S-1,C-1,7"), dry_run=False)
    assert (plan.summary.updated, plan.summary.moved, plan.summary.renamed) == (1, 0, 0)
    assert plan.examples["updated"] == ["S-1, Acme: Cost 1,200.50 → 7.00"]
    assert values(Subscription.ref, *FIELDS) == before
    assert values(Subscription.ref, Subscription.cost) == [("S-1", 700), ("S-2", 120_050)]


FIELDS = (
    Subscription.name,
    Subscription.ends_on,
    Subscription.ordered_on,
    Subscription.modified_at,
    Subscription.reseller,
)


def test_new_rows_get_what_is_said() -> None:
    plan = plan_of("", csv("Subscription ID,Customer ID", "S-1,C-9"), dry_run=False)
    assert {
        "The file has no Reseller, Subscription, Last modified by: known rows keep theirs, in new rows it is empty.",
        "The file has no Cost, Items Quantity: known rows keep theirs, in new rows it is 0.",
        "The file has no End, Order Date: known rows keep theirs, in new rows it is the day of the import.",
        "The file has no Customer: known rows keep theirs, in new rows it is the Customer ID.",
    } <= set(plan.said)
    assert values(Customer.ref, Customer.name) == [("C-9", "C-9")]
    assert plan_of("", csv("Subscription ID,Customer ID", "S-1,C-9")).summary.unchanged == 1


def test_a_name_alone_is_enough_where_only_one_reseller_has_it() -> None:
    load(SUBSCRIPTIONS, {"Reseller": "North"})
    assert plan_of("", csv("Subscription ID,Customer", "S-1,Acme"), dry_run=False).summary.unchanged == 1
    load(SUBSCRIPTIONS, {"Customer ID": "C-2", "Subscription ID": "S-2"})
    text = "Customer: “Acme” is the name of 2 customers; a Customer ID or a reseller must say which"
    assert faults_of("", csv("Subscription ID,Customer", "S-9,Acme")) == [(2, text)]
    assert faults_of("", csv("Subscription ID,Customer", "S-9,ACME"), names="same") == [(2, text)]


@pytest.mark.parametrize("change", [{"Customer": "ACME"}, {"Reseller": "NORTH"}])
@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
def test_a_question_about_a_name_is_asked_alone(slug: str, change: dict[str, str]) -> None:
    for each in (SUBSCRIPTIONS, TRANSACTIONS):
        load(each, {"Reseller": "North", **UNKNOWN})
    ((line, text),) = faults(slug, {"Reseller": "North", **UNKNOWN, **change})
    assert (line, "did you mean" in text) == (2, True)


def test_a_known_row_tells_which_of_several_customers_is_meant() -> None:
    rows = [{}, {"Subscription ID": "S-2", "Customer ID": "C-2"}, {"Subscription ID": "S-3", "Customer": "Else"}]
    load(SUBSCRIPTIONS, *rows[:2], rows[2] | {"Customer ID": "C-3"})
    load(TRANSACTIONS, {"Subscription ID": "S-2", "Customer ID": "C-2"})
    again = csv("Subscription ID,Customer", "S-1,Acme", "S-2,Acme", "S-1x,Else")
    assert plan_of("", again).summary.unchanged == 2
    text = "Customer: “Acme” is the name of 2 customers; a Customer ID or a reseller must say which"
    assert faults_of("", csv("Subscription ID,Customer", "S-1,Acme", "S-3,Acme", "S-2,Acme")) == [(3, text)]
    headings = "Transaction ID,Subscription ID,Customer,Action,Date"
    rows_of_both = csv(headings, "T-1,S-2,Acme,Inventory,2026-03-04 05:06:07", "T-2,S-1,Acme,Inventory,2026-03-04")
    assert plan_of("", rows_of_both, dry_run=False).summary.unchanged == 1
    assert values(Transaction.ref, Transaction.customer_ref) == [("T-1", "C-2"), ("T-2", "C-1")]


def test_an_id_without_a_name_can_not_be_empty() -> None:
    assert faults_of("", csv("Subscription ID,Customer ID,Cost", "S-1,,1")) == [
        (2, "Customer ID: is empty; it must say who the customer is")
    ]


@pytest.mark.parametrize(
    ("headings", "cells", "numbers"),
    [
        ("Available,Used", "2,3", (5, 2, 3, 0)),
        ("Current Inventory,Available", "5,2", (5, 2, 3, 0)),
        ("Current Inventory,Used", "3,5", (3, 0, 5, 2)),
        ("Available,Used,Over Inventory", "0,5,2", (3, 0, 5, 2)),
        ("Current Inventory,Available,Over Inventory", "3,0,2", (3, 0, 5, 2)),
    ],
)
def test_the_third_number_follows(headings: str, cells: str, numbers: tuple[int, ...]) -> None:
    plan_of("", csv(f"Customer,Certificate Type,Product,{headings}", f"Acme,SSL,DV,{cells}"), dry_run=False)
    [row] = plan_of("", csv("Customer,Used,Available", "Acme,1,1")).examples["added"]
    assert row.startswith("Acme")
    counts = values(*(getattr(Holding, name) for name in USAGE_COUNTS))
    assert counts == [numbers]


def test_negative_numbers_do_not_follow() -> None:
    [(_, text)] = faults_of("", csv("Customer,Current Inventory,Available", "Acme,2,5"))
    assert text == "Used: the other numbers make it -3, which is less than 0"
