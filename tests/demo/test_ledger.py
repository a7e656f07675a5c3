"""The demo's ledger is consistent: its transactions, replayed, give its subscriptions and inventories."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.demo import fill
from tests.demo.records import TODAY, Records, exported, generate, rows
from tests.demo.replay import Replay, inventories, replay_all
from tests.strategies import examples


def check(records: Records, today: date) -> dict[str, Replay]:
    """Check everything that follows from the transactions, and return what they came to."""
    replays = replay_all(records.transactions, records.years)
    assert replays.keys() == records.years.keys()
    assert inventories(replays, records.owners) == {
        (each.customer_id, each.product): each.current_inventory for each in records.usage if each.product
    }
    last = {record.subscription_id: record for record in sorted(records.transactions, key=lambda record: record.date)}
    for each in records.subscriptions:
        replay = replays[each.subscription_id]
        assert (each.order_date, each.end) == (replay.ordered.isoformat(), replay.end.isoformat())
        assert (each.cost, each.items_quantity) == (replay.cost, replay.current.total())
        assert each.last_modified_date == last[each.subscription_id].date < today.isoformat()
    for record in records.transactions:
        assert record.customer_id == records.owners[record.subscription_id]
    return replays


@examples(40)
@given(
    customers=st.integers(1, 40),
    transactions=st.integers(0, 400),
    seed=st.integers(0),
    today=st.dates(date(2000, 1, 1), date(2100, 12, 31)),
)
def test_transactions_explain_everything(customers: int, transactions: int, seed: int, today: date) -> None:
    records = generate(customers, transactions, seed, today)
    check(records, today)
    assert len(records.customers) == customers
    assert len(records.transactions) == transactions


@pytest.mark.parametrize("today", [date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1), date(2027, 1, 1)])
def test_leap_days_and_new_year(today: date) -> None:
    check(generate(60, 1200, today=today), today)


def test_exported_files_are_consistent(app: Flask) -> None:
    fill(100, 2000, 1, TODAY)
    replays = check(exported(), TODAY)
    really_today = datetime.now(UTC).date()
    for row in rows("customer-subscriptions"):
        assert row["status"] == status(replays[row["subscription_id"]], really_today)


def status(replay: Replay, today: date) -> str:
    if replay.cancelled:
        return "Cancelled"
    return "Ended" if replay.end < today else "Active"


def test_last_actor_is_last_modified_by() -> None:
    """An email belongs to one name, and "System" has one of its own."""
    records = generate(400, 10_000)
    last = {record.subscription_id: record.user for record in sorted(records.transactions, key=lambda each: each.date)}
    names: dict[str, str] = {}
    for each in records.subscriptions:
        user = last[each.subscription_id]
        assert names.setdefault(each.last_modified_by, user) == user
        assert (each.last_modified_by == "system@partner.example") == (user == "System")
