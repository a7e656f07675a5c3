"""Filters find what people paste: blanks around it, several inside and the case of an id don't matter."""

import logging
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importing import Record, SubscriptionRecord, TransactionRecord, load_records
from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.paging import read_page
from app.table.scope import WHOLE_PARTNER, Scope
from app.table.spellings import match_spellings
from app.table.view import View
from models import clean_text, read_transaction, reports_db
from tests.databases import on_both
from tests.databases import sqlite_first as database_url
from tests.strategies import Query, examples, queries
from tests.support import SUBSCRIPTIONS, TRANSACTIONS, csv_rows, in_trials, view_of
from tests.table.test_plans import plan_of, table_scans

__all__ = ["database_url"]

TYPED = ("q", "customer", "subscription", "name", "reseller", "product", "certificate_type")

# Ids and names that differ by blanks or case only. Customer, Customer ID, Subscription ID, Reseller.
ROWS = [
    ("One", "Ab-1", "x  1", "Odd"),
    ("Two", "aB-1", "X 1", "Odd"),
    ("Three", "AB-2", "Sx", "Odd"),
    ("Four", "ab-2", "sX", "Even"),
    ("Five", "Q  5", "S-é", "Even"),
    ("Six", "Q 6", "s6", "Even"),
    ("Se\xa0ven", "", "s7", "Odd  Twin"),
    ("Se ven", "", "s8", "Odd Twin"),
]


@pytest.fixture(autouse=True)
def odd(edge_cases: None) -> None:
    """The edge cases, and rows whose ids and names differ by blanks or case only, as imports once took them."""
    subscriptions, transactions = list[Record](), list[Record]()
    for number, (customer, ref, subscription, reseller) in enumerate(ROWS):
        at, plan = "2020-01-01 00:00:00", ("Plan", "2031-01-01", 100, "2020-01-01")
        subscriptions.append(SubscriptionRecord(customer, ref, reseller, subscription, *plan, "a@b.example", at, 1))
        rest = (("Odd  Product",), f"odd-{number}", "Renew", "2025-01-01 00:00:00", 1, 100, "Ann")
        transactions.append(TransactionRecord(customer, ref, reseller, subscription, *rest))
    with reports_db.write_transaction():
        load_records(SUBSCRIPTIONS, enumerate(subscriptions), "odd")
        load_records(TRANSACTIONS, enumerate(transactions), "odd")


def spelled(slug: str, query: Query, scope: Scope = WHOLE_PARTNER) -> View:
    return match_spellings(view_of(slug, query), scope)


def found(view: View, column: str) -> set[str]:
    shown = view.report.columns_by_key[column]
    return {row.values[0] for row in read_page(replace(view, columns=(shown,), sort=column), WHOLE_PARTNER).rows}


@pytest.mark.parametrize(
    ("pasted", "canonical", "ids"),
    [
        ("C-1", "C-1", {"C-1"}), ("c-1", "C-1", {"C-1"}), (" \tc-1\xa0", "C-1", {"C-1"}),
        ("\ufeffC-1\u200b", "C-1", {"C-1"}),
        ("Ab-1", "Ab-1", {"Ab-1"}), ("aB-1 ", "aB-1", {"aB-1"}), (" ab-1", "ab-1", {"Ab-1", "aB-1"}),
        ("Q  5", "Q  5", {"Q  5"}), ("q 6", "Q 6", {"Q 6"}), ("q\t\t6", "Q 6", {"Q 6"}),
        (" none  such ", "none such", set()), ("C", "C", set()),
    ],
)  # fmt: skip
def test_customer_is_found_as_pasted(pasted: str, canonical: str, ids: set[str]) -> None:
    for slug in (SUBSCRIPTIONS, TRANSACTIONS):
        view = spelled(slug, [("customer", pasted)])
        assert view.filters == {"customer": canonical}
        assert found(view, "customer_id") == ids


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS])
@pytest.mark.parametrize(
    ("pasted", "canonical", "ids"),
    [
        ("S-1 ", "S-1", {"S-1"}), ("s-1", "S-1", {"S-1"}), ("S-10", "s-10", {"s-10"}), ("x  1", "x  1", {"x  1"}),
        (" x 1", "X 1", {"X 1"}), ("SX", "SX", {"Sx", "sX"}), ("sX", "sX", {"sX"}), ("s-É", "S-é", {"S-é"}),
        ("S-e\u0301", "S-é", {"S-é"}),
    ],
)  # fmt: skip
def test_subscription_is_found_as_pasted(slug: str, pasted: str, canonical: str, ids: set[str]) -> None:
    view = spelled(slug, [("subscription", pasted)])
    assert view.filters == {"subscription": canonical}
    assert found(view, "subscription_id") == ids


@on_both
def test_subscription_that_only_transactions_know_is_found() -> None:
    assert spelled(TRANSACTIONS, [("subscription", "s-UNKNOWN")]).filters == {"subscription": "S-unknown"}
    assert spelled(SUBSCRIPTIONS, [("subscription", "s-UNKNOWN")]).filters == {"subscription": "s-UNKNOWN"}


@pytest.mark.parametrize(
    ("key", "pasted", "canonical"),
    [
        ("name", "Se\xa0ven", "Se\xa0ven"), ("name", " Se ven", "Se ven"), ("name", "Twin\t", "Twin"),
        ("name", "twin", "twin"), ("reseller", "Odd  Twin", "Odd  Twin"), ("reseller", " Odd Twin", "Odd Twin"),
        ("reseller", "North,  Ltd ", "North, Ltd"), ("reseller", " - ", "-"),
        ("product", "Odd  Product", "Odd  Product"), ("product", "DV   Single\n", "DV Single"),
    ],
)  # fmt: skip
def test_names_of_links_are_exact(key: str, pasted: str, canonical: str) -> None:
    view = spelled(TRANSACTIONS, [(key, pasted)])
    assert view.filters == {key: canonical}
    assert bool(read_page(view, WHOLE_PARTNER).rows) == (canonical != "twin")


@pytest.mark.parametrize("key", TYPED)
@pytest.mark.parametrize("nothing", ["\xa0\u3000", *in_trials(" ", "\t", "\u200b", "\r\n")])
def test_nothing_but_blanks_is_no_filter(key: str, nothing: str) -> None:
    for slug, report in REPORTS.items():
        if key in report.filters_by_key:
            assert spelled(slug, [(key, nothing)]).params() == []


@on_both
def test_addresses_spell_ids_only_in_the_scope() -> None:
    with read_transaction():
        even, odd = Scope.for_reseller("Even"), Scope.for_reseller("Odd")
    assert spelled(SUBSCRIPTIONS, [("customer", "Ab-2")], odd).filters == {"customer": "AB-2"}
    assert spelled(SUBSCRIPTIONS, [("customer", "AB-2")], even).filters == {"customer": "ab-2"}
    assert spelled(SUBSCRIPTIONS, [("customer", " c-1")], even).filters == {"customer": "c-1"}
    assert spelled(SUBSCRIPTIONS, [("subscription", "S-É")], odd).filters == {"subscription": "S-É"}
    assert spelled(TRANSACTIONS, [("subscription", "sx")], even).filters == {"subscription": "sX"}
    assert spelled(SUBSCRIPTIONS, [("reseller", "Odd  Twin")], even).filters == {"reseller": "Odd Twin"}
    assert spelled(SUBSCRIPTIONS, [("name", "Se\xa0ven")], even).filters == {"name": "Se ven"}


def test_other_spelling_leads_to_the_first_page() -> None:
    assert spelled(TRANSACTIONS, [("before", "end"), ("customer", "c-1")]).position is None
    assert spelled(TRANSACTIONS, [("before", "end"), ("customer", "C-1")]).position


@st.composite
def pasted_queries(draw: st.DrawFn, slug: str) -> Query:
    """A query whose texts got other blanks, invisible characters and another case on their way."""
    extra = st.text(st.sampled_from(" \t\n\xa0\u200b\ufeff"), max_size=3)
    known = ["Ab-1", "x  1", "sX", "q  5", "Se\xa0ven", "C-1", "S-1", "Odd  Twin", ""]
    pasted = []
    for key, value in draw(queries(slug)):
        if key in TYPED:
            change = draw(st.sampled_from([str, str.upper, str.lower, lambda text: text.replace(" ", "\xa0 ")]))
            text = draw(extra) + change(draw(st.sampled_from([value, *known]))) + draw(extra)
        pasted.append((key, text if key in TYPED else value))
    return pasted


@pytest.mark.parametrize("slug", REPORTS)
@examples(20)
@given(data=st.data())
def test_canonical_address_means_the_same(slug: str, data: st.DataObject) -> None:
    view = spelled(slug, data.draw(pasted_queries(slug)))
    again = spelled(slug, view.params())
    assert again == view
    assert again.query_string == view.query_string
    assert "" not in view.filters.values()
    for key in {"q"} & view.filters.keys():
        assert clean_text(view.filters[key]) == view.filters[key]
    shown = [row.values for row in read_page(view, WHOLE_PARTNER).rows]
    written = csv_rows(b"".join(csv_chunks(again, WHOLE_PARTNER)))[1:]
    columns = view.columns
    assert written[: len(shown)] == [
        [column.kind.export(value) for column, value in zip(columns, row, strict=True)] for row in shown
    ]


@on_both
@pytest.mark.parametrize("scope", [WHOLE_PARTNER, Scope(1)], ids=["all", "reseller"])
def test_ids_are_looked_up_by_an_index(scope: Scope, caplog: pytest.LogCaptureFixture) -> None:
    for slug, key in [(SUBSCRIPTIONS, "customer"), (SUBSCRIPTIONS, "subscription"), (TRANSACTIONS, "subscription")]:
        view = view_of(slug, [(key, " s-UNKNOWN ")])
        caplog.clear()
        with caplog.at_level(logging.DEBUG, "peewee"):
            match_spellings(view, scope)
        lookups = [record.msg for record in caplog.records if record.msg[0].startswith("SELECT")]
        assert len(lookups) == 3, "the pasted text, the cleaned one, in any case"
        for sql, params in lookups:
            steps = plan_of(sql, params)
            assert not table_scans(steps)
            assert any(re.search(r"(?:INDEX|Scan on|using) \w+_(?:ref|key)", step) for step in steps), steps
