"""Undoing imports: every row gets back what it was, whatever came in between."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from peewee import OperationalError, fn

from app.importing import (
    CannotUndo,
    FileRejected,
    UndoSummary,
    changed_rows,
    newest_imports,
    undo_import,
    undo_preview,
)
from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.scope import WHOLE_PARTNER
from models import (
    Actor,
    Bundle,
    BundleProduct,
    CertificateType,
    ChangedRow,
    Customer,
    CustomerUsage,
    Holding,
    Import,
    Product,
    Reseller,
    Subscription,
    Transaction,
    TypeUsage,
    reports_db,
)
from tests.databases import locked, on_both
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, dump, file, import_numbered, values
from tests.importing.sums import check_sums
from tests.strategies import examples
from tests.support import csv_rows, load_stream, view_of

SLUGS = (SUBSCRIPTIONS, TRANSACTIONS, USAGE)


def exports() -> dict[str, bytes]:
    """The CSV of all columns of each report."""
    views = {slug: view_of(slug, [("columns", key) for key in REPORTS[slug].columns_by_key]) for slug in SLUGS}
    return {slug: b"".join(csv_chunks(view, WHOLE_PARTNER)) for slug, view in views.items()}


def state() -> dict[str, Any]:
    """The exports, what they don't show of the rows, and all names."""
    customers = values(Customer.id, Customer.name, Customer.name_key, Customer.ref, Customer.ref_key, Reseller.name)
    return {
        **exports(),
        "customers": customers,
        "subscriptions": values(
            *(Subscription.ref, Subscription.ref_key, Subscription.name_key, Subscription.cancelled_on),
            *(Subscription.file_cancelled_at, Subscription.customer_ref, Customer.id, Reseller.name, Actor.name),
        ),
        "transactions": values(
            Transaction.ref, Transaction.subscription_key, Transaction.customer_ref, Customer.id, Reseller.name
        ),
        "holdings": values(Holding.ref, Holding.customer_ref, Customer.id, Reseller.name),
        "sums": values(TypeUsage.ref, Reseller.name) + values(CustomerUsage.ref, Reseller.name),
        "names": [values(table.name) for table in (Reseller, Actor, Product, CertificateType, Bundle)],
        "bundles": values(BundleProduct.position, Bundle.name, Product.name),
    }


# Few values of each kind, so that rows, customers and names meet again and again.
_OWNERS = st.sampled_from(
    [
        {"Customer": "Acme", "Customer ID": "C-1", "Reseller": "North"},
        {"Customer": "Acme", "Customer ID": "C-1", "Reseller": ""},
        {"Customer": "Acme Ltd", "Customer ID": "C-1", "Reseller": "North"},
        {"Customer": "Beta", "Customer ID": "", "Reseller": "North"},
        {"Customer": "Beta", "Customer ID": "C-2", "Reseller": "North"},
        {"Customer": "BETA", "Customer ID": "", "Reseller": "north"},
        {"Customer": "Gamma", "Customer ID": "", "Reseller": "South"},
    ]
)


def _rows(**cells: list[str]) -> Any:
    return st.builds(
        lambda owner, row: owner | {key.replace("_", " "): value for key, value in row.items()},
        _OWNERS,
        st.fixed_dictionaries({key: st.sampled_from(values) for key, values in cells.items()}),
    )


_ROWS = {
    SUBSCRIPTIONS: _rows(
        Subscription_ID=["S-1", "S-2", "S-3", "S-4", "S-5"],
        Subscription=["SSL", "ssl", "Ärger"],
        Status=["", "Cancelled", "Active"],
        End=["2026-02-01", "2027-02-01"],
        Last_modified_by=["", "ann@a.example", "bob@b.example"],
    ),
    TRANSACTIONS: _rows(
        Subscription_ID=["S-1", "S-2", "s-1", ""],
        Transaction_ID=["T-1", "T-2", "T-3", "T-4", "T-5"],
        Product=["", "DV", "DV; EV", "OV"],
        Action=["Cancel", "Renew", "Inventory"],
        Date=["2026-03-01 10:00:00", "2026-04-01 10:00:00"],
        User=["", "Ann", "Bob"],
        Cost=["1.00", "2.00"],
    ),
    USAGE: st.one_of(
        _rows(
            Certificate_Type=["SSL", "Code"], Product=["DV", "EV", "ev"], Current_Inventory=["0", "5"], Used=["0", "7"]
        ),
        _rows(Certificate_Type=[""], Product=[""], Current_Inventory=["0", "2"], Used=["0"]),
    ),
}
_IDS = {
    SUBSCRIPTIONS: lambda row: row["Subscription ID"],
    TRANSACTIONS: lambda row: row["Transaction ID"],
    USAGE: lambda row: (row["Customer"], row["Product"]),
}
_IMPORTS = st.sampled_from(SLUGS).flatmap(
    lambda slug: st.tuples(
        *(st.just(slug), st.lists(_ROWS[slug], min_size=1, max_size=4, unique_by=_IDS[slug])),
        *(st.booleans() if slug != TRANSACTIONS else st.just(False), st.sampled_from(["same", "new"])),
    )
)


def cells() -> dict[tuple[str, str], str]:
    """The cells of subscriptions and transactions, but for those of customers: by ID of the row and heading."""
    found: dict[tuple[str, str], str] = {}
    files = exports()
    for slug, key in ((SUBSCRIPTIONS, "Subscription ID"), (TRANSACTIONS, "Transaction ID")):
        headings, *rows = csv_rows(files[slug])
        for row in rows:
            texts = dict(zip(headings, row, strict=True))
            found |= {(texts[key], heading): text for heading, text in texts.items() if heading not in _NOT_OWN | {key}}
    return found


def changed_cells(number: int) -> set[tuple[str, ...]]:
    """The cells that an import has changed, as its history says: row, heading, before, after."""
    found = [change[1:] for change in changed_rows(number)]
    assert len(set(found)) == len(found)
    return {each for each in found if each[0][:2] in ("S-", "T-") and each[1] not in ("Customer", "Status")}


_TABLES = (
    *(ChangedRow, Subscription, Transaction, CustomerUsage, TypeUsage, Holding, BundleProduct, Customer),
    *(Bundle, CertificateType, Product, Actor, Reseller),
)
_NOT_OWN = {"Customer", "Customer ID", "Reseller", "Status"}


class Run:
    """A sequence of imports and undos, each with the state after it. `effective` are the imports that aren't undone."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any] | None] = [state()]  # before the first, and after each effective import
        self.effective: list[int] = []
        self.changed: dict[int, set[tuple[str, ...]]] = {}
        self.cells = cells()
        self.number = Import.select(fn.MAX(Import.number)).scalar() or 0

    def load(self, slug: str, rows: list[dict[str, str]], complete: bool, names: str) -> None:
        self.number += 1
        try:
            import_numbered(self.number, slug, *rows, complete=complete, names=names)
        except FileRejected:
            event("rejected")
            return
        self.note_changes()
        if Import.get(Import.number == self.number).changed_rows:
            self.effective.append(self.number)
            self.states.append(state())

    def undo(self, at: int) -> None:
        """Undo the import at a place. The last one can always be undone, and gives the state before it."""
        self.number += 1
        number, is_last = self.effective[at], at == len(self.effective) - 1
        try:
            preview = undo_preview(number)
        except CannotUndo:
            event("refused")
            assert not is_last
            return
        assert undo_import(number, self.number, "ann") == preview
        self.note_changes()
        expected = self.states[at] if is_last else None
        assert expected in (None, state())
        event(f"undone {'the last' if expected else 'another'}")
        del self.effective[at]
        self.states[at + 1 :] = [None] * (len(self.effective) - at)

    def note_changes(self) -> None:
        check_sums()
        before, after = self.cells, cells()
        differences = {key for key in before.keys() | after.keys() if before.get(key, "") != after.get(key, "")}
        self.changed[self.number] = {(*key, before.get(key, ""), after.get(key, "")) for key in differences}
        self.cells = after


def check_steps(steps: list[Any]) -> None:
    """Imports, and undos of any that can be undone; then undos of all the others, the newest first."""
    run = Run()
    try:
        for step in steps:
            if not isinstance(step, int):
                run.load(*step)
            elif run.effective:
                run.undo(step % len(run.effective))
        while run.effective:
            run.undo(len(run.effective) - 1)
        assert state() == run.states[0]
        assert {number: changed_cells(number) for number in run.changed} == run.changed
    finally:
        empty_reports()


def empty_reports() -> None:
    """Remove all rows, but not the imports: an export sees only what is committed, and caches know the last import."""
    with reports_db.write_transaction():
        for table in _TABLES:
            table.delete().where(table.bundle > 0 if table is BundleProduct else table.id > 0).execute()


PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # to find a shorter sequence takes very long
STEPS = st.lists(st.one_of(_IMPORTS, st.integers(0, 5)), min_size=4, max_size=12)


@settings(examples(6), phases=PHASES)
@given(STEPS)
def test_undo_gives_back_what_was(steps: list[Any]) -> None:
    check_steps(steps)


def test_only_what_nothing_newer_has_changed_can_be_undone() -> None:
    import_numbered(1, SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"})
    import_numbered(2, SUBSCRIPTIONS, {"Subscription ID": "S-2", "Cost": "5.00"})
    import_numbered(3, SUBSCRIPTIONS, {"Subscription ID": "S-2", "Cost": "6.00"})
    import_numbered(4, SUBSCRIPTIONS, {"Subscription ID": "S-3"})
    assert refusal(1) == "Newer imports changed the same rows; undo these first, in this order: 3, 2."
    assert refusal(2) == "Import 3, which is newer, changed the same rows; undo that first."
    undo_import(3, 5, "ann")
    undo_import(2, 6, "ann")
    undo_import(1, 7, "ann")
    assert values(Subscription.ref) == ["S-3"]


def test_refusals_say_why() -> None:
    import_numbered(1, USAGE, {})
    import_numbered(2, USAGE, {})
    load_stream(USAGE, BytesIO(file(USAGE, {"Customer": "Beta", "Customer ID": "C-2"})), "demo.csv")
    assert refusal(9) == "There is no import 9."
    assert refusal(2) == "Import 2 changed nothing, so that there is nothing to undo."
    assert "was made without history, so that import 1 can't be undone." in refusal(1)
    import_numbered(3, USAGE, {"Used": "4"})
    undo_import(3, 4, "ann")
    assert refusal(3) == "Import 3 is undone already, by import 4."
    assert refusal(4) == "Import 4 undid import 3; import the file of that one again instead."


@on_both
def test_a_subscription_stays_with_its_newer_transactions() -> None:
    """Back with its former customer, it would belong to another one than a transaction that names it."""
    import_numbered(1, SUBSCRIPTIONS, {})
    import_numbered(2, SUBSCRIPTIONS, {"Customer": "Beta", "Customer ID": "C-2"})
    import_numbered(3, TRANSACTIONS, {"Customer": "Beta", "Customer ID": "C-2"})
    assert refusal(2) == "Import 3, which is newer, changed the same rows; undo that first."
    undo_import(3, 4, "ann")
    undo_import(2, 5, "ann")
    assert values(Customer.name, Subscription.ref) == [("Acme", "S-1")]


@on_both
def test_what_newer_rows_use_stays_and_is_named() -> None:
    import_numbered(
        1, TRANSACTIONS, {"Reseller": "North"}, {"Customer": "Beta", "Customer ID": "", "Transaction ID": "T-2"}
    )
    import_numbered(2, TRANSACTIONS, {"Reseller": "North", "Transaction ID": "T-3"})
    named = "Customer “Acme”", "Products “DV Single”", "Product “DV Single”", "User “Ann”", "Reseller “North”"
    kept = [f"{each} stays, because something newer uses it." for each in named]
    preview = undo_preview(1)
    assert (preview.remaining, preview.summary.customers_removed) == (kept, 1)
    assert undo_import(1, 3, "ann").remaining == kept
    assert str(undo_preview(2).summary) == "1 row is removed"
    assert [values(Customer.name), values(Transaction.ref)] == [["Acme"], ["T-3"]]
    undo_import(2, 4, "ann")
    assert [values(table.name) for table in (Customer, Reseller, Actor, Product, Bundle)] == [
        [],
        [""],
        [""],
        [""],
        [""],
    ]


@on_both
def test_an_undo_is_an_import() -> None:
    import_numbered(1, USAGE, {}, {"Product": "EV"})
    import_numbered(2, USAGE, {"Used": "4"})
    version = Import.version()
    undo_import(2, 3, "bob")
    assert Import.version() != version
    undo = Import.get(Import.number == 3)
    assert (undo.report, undo.file, undo.who, undo.undoes) == (USAGE, "Undo of import 2: file.csv", "bob", 2)
    assert (undo.added, undo.updated, undo.removed, undo.unchanged) == (1, 1, 0, 0)
    assert [(each.number, state) for each, state in newest_imports(9)] == [
        (3, "undoes 2"), (2, "undone by 3"), (1, "can be undone"),
    ]  # fmt: skip


@pytest.mark.parametrize("database_url", ["PostgreSQL"], indirect=True)
def test_nothing_changes_while_another_holds_a_table(database_url: str) -> None:
    import_numbered(1, USAGE, {})
    with locked(reports_db, "holding"), reports_db.fail_if_locked(), pytest.raises(OperationalError):
        undo_import(1, 2, "ann")
    undo_import(1, 2, "ann")


def refusal(number: int) -> str:
    """Why an import can't be undone; trying to do it changes nothing."""
    before = dump()
    with pytest.raises(CannotUndo) as raised:
        undo_preview(number)
    with pytest.raises(CannotUndo):
        undo_import(number, 99, "ann")
    assert dump() == before
    return str(raised.value)


def test_summary_says_what_is_not_zero() -> None:
    removed, restored = UndoSummary(1, 0, 1, 0, 2), UndoSummary(0, 1200, 3, 1, 0)
    assert str(removed) == "1 row is removed, 1 gets its old values; 2 customers get their old values"
    assert str(restored) == "1,200 rows are restored, 3 get their old values; 1 customer is removed"
    assert str(UndoSummary(0, 0, 0, 0, 0)) == "no row changes"
