"""The demo's ledger agrees with itself: its transactions, replayed, are its subscriptions and inventories."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo import fill
from app.demo.partner import Partner
from tests.demo.replay import Replay, inventories, replays
from tests.demo.told import Told, exported, rows, told

TODAY = date(2026, 11, 22)


def explain(records: Told, today: date) -> dict[str, Replay]:
    """Check everything that the transactions explain, and return what they came to."""
    replayed = replays(records.transactions, records.years)
    assert replayed.keys() == records.years.keys()
    assert inventories(replayed, records.owners) == {
        (each.customer_id, each.product): each.current_inventory for each in records.usage if each.product
    }
    last = {record.subscription_id: record for record in sorted(records.transactions, key=lambda record: record.date)}
    for each in records.subscriptions:
        replay = replayed[each.subscription_id]
        assert (each.order_date, each.end) == (replay.ordered.isoformat(), replay.end.isoformat())
        assert (each.cost, each.items_quantity) == (replay.cost, replay.current.total())
        assert each.last_modified_date == last[each.subscription_id].date < today.isoformat()
    for record in records.transactions:
        assert record.customer_id == records.owners[record.subscription_id]
    return replayed


@settings(max_examples=100, deadline=None)
@given(
    customers=st.integers(1, 40),
    transactions=st.integers(0, 400),
    seed=st.integers(0),
    today=st.dates(date(2000, 1, 1), date(2100, 12, 31)),
)
def test_the_transactions_explain_everything_at_any_size_on_any_day(
    customers: int, transactions: int, seed: int, today: date
) -> None:
    records = told(Partner(customers, transactions, seed, today))
    explain(records, today)
    assert len(records.customers) == customers
    assert len(records.transactions) == transactions


@pytest.mark.parametrize("today", [date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1), date(2027, 1, 1)])
def test_leap_days_and_turns_of_the_year_do_no_harm(today: date) -> None:
    explain(told(Partner(200, 4000, 1, today)), today)


def test_the_exported_files_explain_themselves(app: Flask) -> None:
    fill(400, 10_000, 1, TODAY)
    records = exported()
    replayed = explain(records, TODAY)
    really_today = datetime.now(UTC).date()
    for row in rows("customer-subscriptions"):
        assert row["status"] == status(replayed[row["subscription_id"]], really_today)


def status(replay: Replay, today: date) -> str:
    if replay.cancelled:
        return "Cancelled"
    return "Ended" if replay.end < today else "Active"


def test_whoever_acted_last_last_modified() -> None:
    """An email belongs to one name, and "System" has one of its own."""
    records = told(Partner(400, 10_000, 1, TODAY))
    last = {record.subscription_id: record.user for record in sorted(records.transactions, key=lambda each: each.date)}
    names: dict[str, str] = {}
    for each in records.subscriptions:
        user = last[each.subscription_id]
        assert names.setdefault(each.last_modified_by, user) == user
        assert (each.last_modified_by == "system@partner.example") == (user == "System")
