"""Undoing imports: every row gets back what it was, whatever came in between."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from app.importing import (
    CannotUndo,
    FileRejected,
    Options,
    import_file,
    recognise_file,
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
    Customer,
    CustomerUsage,
    Holding,
    Import,
    Product,
    Reseller,
    Subscription,
    Transaction,
    TypeUsage,
)
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, file, rolled_back, values
from tests.importing.sums import check_sums
from tests.support import view_of

SLUGS = (SUBSCRIPTIONS, TRANSACTIONS, USAGE)


def imported(number: int, slug: str, *changes: dict[str, str], **options: Any) -> None:
    chosen = Options(report=slug, **options)
    plan = import_file(recognise_file(BytesIO(file(slug, *changes)), "f.csv", chosen), chosen, number=number, who="ann")
    plan.raise_if_rejected("f.csv")


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


@settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(_IMPORTS, st.integers(0, 5)), min_size=4, max_size=12))
def test_undo_restores_everything(steps: list[Any]) -> None:
    """Imports, and undos of any that can be undone; then undos of all the others, the newest first."""
    with rolled_back():
        states: list[dict[str, Any] | None] = [state()]
        effective, number = list[int](), 0
        for step in steps:
            number += 1
            if isinstance(step, int):
                if effective:
                    undo(effective, step % len(effective), number, states)
                continue
            slug, rows, complete, names = step
            try:
                imported(number, slug, *rows, complete=complete, names=names)
            except FileRejected:
                event("rejected")
                continue
            if Import.get(Import.number == number).changed_rows:
                effective.append(number)
                states.append(state())
            check_sums()
        while effective:
            number += 1
            undo(effective, len(effective) - 1, number, states)
        assert state() == states[0]


def undo(effective: list[int], at: int, number: int, states: list[dict[str, Any] | None]) -> None:
    """Undo the import at a place. The last one can always be undone, and gives the state before it."""
    before = state()
    try:
        preview = undo_preview(effective[at])
    except CannotUndo:
        assert at < len(effective) - 1
        event("refused")
        with pytest.raises(CannotUndo):
            undo_import(effective[at], number, "ann")
        assert state() == before
        return
    assert undo_import(effective[at], number, "ann") == preview
    check_sums()
    expected = states[at] if at == len(effective) - 1 else None
    assert expected in (None, state())
    event(f"undone {'the last' if expected else 'another'}")
    del effective[at]
    states[at + 1 :] = [None] * (len(effective) - at)
