"""A file is loaded whole or not at all."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from peewee import OperationalError

from app.importing import (
    FileRejected,
    SubscriptionRecord,
    TransactionRecord,
    UsageRecord,
    load_records,
    loader,
)
from models import (
    CustomerUsage,
    Holding,
    Import,
    Subscription,
    Transaction,
    TypeUsage,
    apply_migrations,
    reports_db,
)
from tests.databases import is_server, on_both
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, dump, faults, file, load, load_bytes, values
from tests.support import in_trials, load_stream

SUBSCRIPTION = SubscriptionRecord(
    "Acme", "", "North", "S-1", "SSL", "2027-01-01", 100, "2026-01-01", "", "2026-01-01 00:00:00", 1
)
TRANSACTION = TransactionRecord(
    "Acme", "", "North", "S-1", ("A", "B"), "T-1", "Cancel", "2026-01-01 00:00:00", 1, 1, ""
)
HELD = UsageRecord("Acme", "C-1", "North", "SSL", "DV", 5, 3)


@on_both
def test_late_fault_changes_nothing() -> None:
    load(SUBSCRIPTIONS, {})
    rows = [{"Subscription ID": f"S-{number}", "Customer": "Renamed", "Reseller": "New"} for number in range(2500)]
    assert [line for line, _ in faults(SUBSCRIPTIONS, *rows, {"End": "never"})] == [2502]


@on_both
@pytest.mark.parametrize(
    ("slug", "most"),
    [
        (SUBSCRIPTIONS, 1_000_000),
        (TRANSACTIONS, 2500),
        (USAGE, 1_000_000),
        pytest.param(USAGE, 2500, marks=pytest.mark.slow_trial),
        pytest.param(SUBSCRIPTIONS, 2500, marks=pytest.mark.slow_trial),
        pytest.param(TRANSACTIONS, 1_000_000, marks=pytest.mark.slow_trial),
    ],
)
def test_large_file_leaves_all_indexes(monkeypatch: pytest.MonkeyPatch, slug: str, most: int) -> None:
    monkeypatch.setattr(loader, "ROWS_UNTIL_UPDATE", 1000)
    monkeypatch.setattr(loader, "BATCHES_UNTIL_CHECK", 1)
    monkeypatch.setattr(loader, "MAX_SORTED_ROWS", most)
    label = {SUBSCRIPTIONS: "Subscription ID", TRANSACTIONS: "Transaction ID", USAGE: "Customer ID"}[slug]
    before = indexes()
    rows = [{label: f"X-{number}"} for number in range(3000)]
    content = file(slug, *rows)
    load_bytes(slug, content, dry_run=True)
    assert [fault for fault, _ in faults(slug, *rows, {label: ""})] == [3002]
    assert indexes() == before
    assert load_bytes(slug, content).added == 3000
    assert indexes() == before


def indexes() -> list[Any]:
    tables = Subscription, Transaction, Holding, TypeUsage, CustomerUsage
    return [reports_db.get_indexes(table._meta.table_name) for table in tables]


def test_fault_text() -> None:
    with pytest.raises(FileRejected) as raised:
        load(USAGE, {"Used": "-1", "Product": "A; B"})
    lines = ["file.csv:2: Product: “A; B” is not one product's name, which can't contain “;”",
            "file.csv:2: Used: “-1” is not a whole number of 0 or more"]  # fmt: skip
    assert raised.value.messages == lines
    assert str(raised.value) == "\n".join(lines)


def test_faults_are_counted_and_the_first_1000_kept() -> None:
    heading = file(USAGE, {}).splitlines()[0]
    content = b"\r\n".join([heading, *[b"x"] * 20_000, b"\xff"])
    tracemalloc.start()
    with pytest.raises(FileRejected) as raised:
        load_bytes(USAGE, content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert raised.value.total == 20_001
    assert [fault.line for fault in raised.value.faults] == list(range(2, 1002))
    assert most < 4_000_000


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, TRANSACTIONS, USAGE])
def test_dry_run_has_the_same_summary(slug: str) -> None:
    load(slug, {})
    content = file(slug, {"Reseller": "North"})
    before = dump()
    summary = load_bytes(slug, content, dry_run=True)
    assert dump() == before
    assert load_bytes(slug, content) == summary
    assert summary.moved == 1


def test_dry_run_reports_faults() -> None:
    with pytest.raises(FileRejected):
        load_bytes(USAGE, file(USAGE, {"Used": ""}), dry_run=True)


@on_both
def test_every_import_is_recorded() -> None:
    load(USAGE, {}, {"Product": "EV"})
    load(USAGE, {}, {"Product": "OV"})
    load(USAGE, {}, {"Product": "OV"})
    fields = (Import.id, Import.report, Import.file, Import.added, Import.updated, Import.unchanged, Import.removed)
    assert values(*fields) == [
        (1, USAGE, "file.csv", 2, 0, 0, 0), (2, USAGE, "file.csv", 1, 0, 1, 1), (3, USAGE, "file.csv", 0, 0, 2, 0),
    ]  # fmt: skip
    assert Import.select().count() == 3
    moments = {datetime.strptime(at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for at in values(Import.loaded_at)}
    assert all(abs(datetime.now(UTC) - moment) < timedelta(seconds=30) for moment in moments)


def test_import_is_recorded_with_who_made_it() -> None:
    load_stream(USAGE, BytesIO(file(USAGE, {})), who="ann")
    with reports_db.write_transaction():
        load_records(TRANSACTIONS, [(1, TRANSACTION)], "demo", who="demo")
        load_records(SUBSCRIPTIONS, [(1, SUBSCRIPTION)], "demo")
    assert values(Import.id, Import.who) == [(1, "ann"), (2, "demo"), (3, "")]


def test_imports_before_the_who_column_are_by_nobody() -> None:
    load(USAGE, {})
    reports_db.execute_sql("ALTER TABLE load DROP COLUMN who")
    reports_db.execute_sql("DELETE FROM schema_migration WHERE name = '0003_who'")
    assert apply_migrations() == ["0003_who"]
    load_stream(USAGE, BytesIO(file(USAGE, {})), who="ann")
    assert values(Import.id, Import.who) == [(1, ""), (2, "ann")]


@on_both
def test_failing_stream_changes_nothing() -> None:
    class Broken(BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += self.tell() > 100_000
            if self.reads > 3:  # the file has been recognised by then
                raise OSError("the disk is gone")
            return super().read(size)

    rows = file(SUBSCRIPTIONS, *({"Subscription ID": f"S-{number}"} for number in range(3000)))
    before = dump()
    with pytest.raises(OSError, match="the disk is gone"):
        load_stream(SUBSCRIPTIONS, Broken(rows))
    assert dump() == before


def test_records_load_in_the_callers_transaction() -> None:
    with reports_db.write_transaction():
        load_records(TRANSACTIONS, [(1, TRANSACTION)], "demo")
        load_records(SUBSCRIPTIONS, [(1, SUBSCRIPTION)], "demo")
        summary = load_records(USAGE, [(1, HELD), (2, HELD._replace(product="EV"))], "demo")
    assert str(summary) == "2 rows: 2 added, 0 updated, 0 unchanged, 0 removed"
    assert values(Subscription.ref, Subscription.customer_ref, Subscription.cancelled_on) == [
        ("S-1", "C-1", "2026-01-01")
    ]
    assert values(Transaction.ref, Transaction.customer_ref) == [("T-1", "C-1")]
    assert values(Import.id, Import.report, Import.file) == [
        (1, TRANSACTIONS, "demo"), (2, SUBSCRIPTIONS, "demo"), (3, USAGE, "demo"),
    ]  # fmt: skip


def test_faulty_records_roll_back_the_transaction() -> None:
    def write() -> None:
        with reports_db.write_transaction():
            load_records(USAGE, [(1, HELD)], "demo")
            load_records(USAGE, [(1, HELD._replace(used=4)), (2, HELD)], "demo")

    before = dump()
    with pytest.raises(FileRejected) as raised:
        write()
    assert str(raised.value) == "demo:2: Product: line 1 already says what the customer holds of it"
    assert dump() == before


@pytest.mark.parametrize("slug", [SUBSCRIPTIONS, *in_trials(TRANSACTIONS, USAGE)])
def test_cell_of_1_mb(slug: str) -> None:
    rows = file(slug, {"Customer": 1_000_000 * "ü"})
    if is_server(reports_db):  # its indexes hold no text of this length
        before = dump()
        with pytest.raises(OperationalError, match="index row"):
            load_bytes(slug, rows)
        assert dump() == before
    else:
        assert load_bytes(slug, rows).added == 1


@on_both
def test_failing_transaction_rolls_back_the_import() -> None:
    def write() -> None:
        with reports_db.write_transaction():
            load_records(USAGE, [(1, HELD)], "demo")
            raise RuntimeError

    before = dump()
    with pytest.raises(RuntimeError):
        write()
    assert dump() == before
