"""Randomly damaged files are loaded whole or not at all. `tests.trials.test_damaged_files` tries many more."""

from hypothesis import given
from hypothesis import strategies as st

from app.importing import FileRejected, ImportSummary
from models import reports_db
from tests.databases import sqlite_file as database_url
from tests.importing.files import NOTHING, SUBSCRIPTIONS, TRANSACTIONS, USAGE, dump, file, load_bytes, rolled_back
from tests.importing.sums import check_sums
from tests.strategies import examples

__all__ = ["database_url"]

OTHER, UNKNOWN = {"Customer": "Other", "Customer ID": "C-2", "Reseller": "North"}, {"Customer ID": ""}
GOOD = {
    SUBSCRIPTIONS: file(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"} | OTHER, {"Subscription ID": "S-3"} | UNKNOWN),
    TRANSACTIONS: file(
        TRANSACTIONS, {}, {"Transaction ID": "T-2", "Action": "Cancel"}, {"Transaction ID": "T-3", "Product": "A; B"}
    ),
    USAGE: file(USAGE, {}, {"Product": "EV"}, NOTHING | OTHER, {"Product": "Ä"} | UNKNOWN),
}
STRANGE = ["\0", '"', '""', ",", "\n", "\r\n", "\r", "'", "; ", "-", "C-1", "C-2", "Acme", "Other", "\ufeff", "0", ""]
PIECE = st.binary(max_size=3) | st.sampled_from(STRANGE).map(str.encode)
DAMAGE = st.tuples(st.integers(0, 600), st.integers(0, 12), PIECE)


@examples(30)
@given(st.sampled_from(list(GOOD)), st.lists(st.integers(0, 3), max_size=5), st.lists(DAMAGE, max_size=3))
def test_damaged_file_is_loaded_whole_or_not_at_all(
    slug: str, lines: list[int], damages: list[tuple[int, int, bytes]]
) -> None:
    content = _damaged(GOOD[slug], lines, damages)
    with rolled_back():
        for other, good in GOOD.items():
            load_bytes(other, good, names="new")
        before = dump()
        try:
            _check_loaded(slug, content, load_bytes(slug, content, names="new"))
        except FileRejected as rejected:
            _check_rejected(content, rejected, before)


def _damaged(content: bytes, lines: list[int], damages: list[tuple[int, int, bytes]]) -> bytes:
    heading, *rows = content.splitlines(keepends=True)
    content = heading + b"".join(rows[number] for number in lines if number < len(rows))
    for start, length, piece in damages:
        content = content[:start] + piece + content[start + length :]
    return content


def _check_loaded(slug: str, content: bytes, summary: ImportSummary) -> None:
    again = load_bytes(slug, content, dry_run=True, names="new")
    assert (again.rows, again.added, again.removed) == (summary.rows, 0, 0)
    assert not list(reports_db.execute_sql("PRAGMA foreign_key_check"))
    check_sums()


def _check_rejected(content: bytes, rejected: FileRejected, before: object) -> None:
    assert rejected.faults
    assert all(1 <= fault.line <= content.count(b"\n") + content.count(b"\r") + 1 for fault in rejected.faults)
    assert dump() == before
