"""What an export writes can be loaded again, whatever its columns and its format."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importing import FileRejected
from app.reports import REPORTS
from app.table.csv import DIALECTS, csv_chunks
from app.table.scope import WHOLE_PARTNER
from models import Subscription, apply_migrations, close_connections, open_database
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, dump, load, load_bytes, rolled_back, values
from tests.importing.sums import check_sums
from tests.strategies import examples
from tests.support import in_trials, view_of
from tests.workbooks import written

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("edge_cases", "empty")

SLUGS = (SUBSCRIPTIONS, TRANSACTIONS, USAGE)
EVERY = {slug: tuple(REPORTS[slug].columns_by_key) for slug in SLUGS}
NEEDED = {
    SUBSCRIPTIONS: {"customer", "subscription_id"},
    TRANSACTIONS: {"customer", "transaction_id", "action", "date"},
    USAGE: {"customer"},
}


@pytest.fixture(autouse=True)
def empty(edge_cases: None) -> None:
    """The edge cases stays, unlike in other tests of this folder."""


def export(slug: str, kind: str, columns: tuple[str, ...] = ()) -> bytes:
    view = view_of(slug, [("columns", key) for key in columns or EVERY[slug]])
    return written(view) if kind == "xlsx" else b"".join(csv_chunks(view, WHOLE_PARTNER, dialect=DIALECTS[kind]))


@pytest.mark.parametrize("kind", [*DIALECTS, "xlsx"])
@pytest.mark.parametrize("slugs", [SLUGS, [SUBSCRIPTIONS], *in_trials(SLUGS[::-1], [USAGE], [TRANSACTIONS])], ids=len)
def test_all_columns_into_an_empty_database(kind: str, slugs: list[str], tmp_path: Path) -> None:
    files = {slug: export(slug, kind) for slug in slugs}
    texts = {slug: export(slug, "plain") for slug in slugs}
    close_connections()
    (tmp_path / "other").mkdir()
    open_database(f"sqlite:///{tmp_path}/other/reports.db")
    apply_migrations()
    for slug, content in files.items():
        assert load_bytes(slug, content).rows == texts[slug].count(b"\r\n") - 1
    assert {slug: export(slug, "plain") for slug in slugs} == texts
    check_sums()


@examples(20)
@given(st.sampled_from(SLUGS), st.sampled_from([*DIALECTS, "xlsx"]), st.data())
def test_any_columns_load_again(slug: str, kind: str, data: st.DataObject) -> None:
    """Into the database of the export they change nothing. A row of usage is told by its customer's id and reseller."""
    needed = NEEDED[slug]
    if slug == USAGE:
        needed = (
            needed
            | {"customer_id", "reseller"}
            | data.draw(
                st.sampled_from(
                    [{"used", "available"}, {"used", "current_inventory"}, {"current_inventory", "available"}]
                )
            )
        )
    more = data.draw(st.sets(st.sampled_from(EVERY[slug])))
    columns = tuple(key for key in data.draw(st.permutations(EVERY[slug])) if key in needed | more)
    content = export(slug, kind, columns)
    with rolled_back():
        before = dump()
        summary = load_bytes(slug, content)
        assert (summary.added, summary.updated, summary.removed, summary.moved) == (0, 0, 0, 0)
        assert dump() | {"Import": []} == before | {"Import": []}


def test_sums_of_holdings_that_changed_replace_them() -> None:
    content = export(USAGE, "plain", ("customer", "customer_id", "reseller", "current_inventory", "available", "used"))
    changed = content.replace(b"1000002,1000001,1", b"1000003,1000002,1")
    assert changed != content
    summary = load_bytes(USAGE, changed)
    assert (summary.added, summary.removed) == (1, 2)
    check_sums()
    assert (
        export(USAGE, "plain", ("customer", "customer_id", "reseller", "current_inventory", "available", "used"))
        == changed
    )
    again = export(USAGE, "plain")
    assert load_bytes(USAGE, again).added == 0
    assert export(USAGE, "plain") == again


def test_status_alone_survives() -> None:
    load(SUBSCRIPTIONS, {"Customer": "New", "Customer ID": "C-99", "Subscription ID": "S-99", "Status": "Cancelled"})
    content = export(SUBSCRIPTIONS, "excel")
    Subscription.delete().execute()
    load_bytes(SUBSCRIPTIONS, content)
    assert export(SUBSCRIPTIONS, "excel") == content
    assert len([day for day in values(Subscription.cancelled_on) if day < "9999"]) == 3


def test_a_file_without_ids_of_rows_is_refused() -> None:
    with pytest.raises(FileRejected, match="Transaction ID"):
        load_bytes(TRANSACTIONS, export(TRANSACTIONS, "excel", ("customer", "date", "action")))
