"""Copying an installation from one database to another keeps everything."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.scope import WHOLE_PARTNER
from models import (
    DatabaseCopy,
    DatabaseNotEmpty,
    Import,
    SavedView,
    SecondFactor,
    User,
    access_db,
    audit,
    close_connections,
    open_database,
    reports_db,
)
from tests.databases import Server, stored
from tests.support import EDGE_CASES, load, load_stream, view_of

KINDS = ("SQLite", "PostgreSQL")


@pytest.fixture
def addresses(sqlite_file: str, postgres: Server) -> Iterator[dict[str, str]]:
    with postgres.copied() as on_server:
        yield dict(zip(KINDS, (sqlite_file, on_server), strict=True))
        close_connections()


def fill() -> None:
    for file in sorted(EDGE_CASES.glob("*.csv")):
        with file.open("rb") as stream:
            load_stream(file.stem, stream, file.name, who="ann")
    values = {"email": "ann@partner.example", "email_key": "ann@partner.example", "password_hash": "x"}
    ann = User.create(**values, role="admin", disabled=True, created_at="2026-11-22 13:05:00")
    SavedView.create(user=ann, report="customer-usage", name="Mine", query="sort=-used", shared=True)
    SecondFactor.create(user=ann, seed="x", last_step=1, created_at="2026-11-22 13:05:00")
    audit.record("user added", who="the tests", about="ann@partner.example")


def files() -> list[bytes]:
    return [b"".join(csv_chunks(view_of(slug, []), WHOLE_PARTNER)) for slug in REPORTS]


@pytest.mark.parametrize("kind", KINDS)
def test_copy_has_all_rows(addresses: dict[str, str], kind: str) -> None:
    source, target = addresses.pop(kind), *addresses.values()
    open_database(source)
    fill()
    expected, user, view = files(), User.get().__data__, SavedView.get().__data__
    loads = list(Import.select().tuples())
    close_connections()
    open_database(target)
    progress: list[int] = []
    with closing(DatabaseCopy(source)) as copy:
        copy.run(progress.append)
        assert sum(progress) == copy.size()
    assert files() == expected
    assert list(Import.select().tuples()) == loads
    assert {load.who for load in Import.select()} == {"ann"}
    assert User.get().__data__ == user
    assert SavedView.get().__data__ == view
    assert SecondFactor.get().seed == "x"
    assert b"user added" in stored(access_db)
    check_new_rows_get_new_ids()


def check_new_rows_get_new_ids() -> None:
    audit.record("later")
    User.create(email="eve", email_key="eve", password_hash="x", role="viewer", created_at="2026-11-22 13:05:00")
    assert load("customer-usage", EDGE_CASES / "customer-usage.csv").added == 0


def test_copy_refuses_a_database_with_rows(addresses: dict[str, str]) -> None:
    open_database(addresses["SQLite"])
    fill()
    before = stored(reports_db)
    with (
        closing(DatabaseCopy(addresses["PostgreSQL"])) as copy,
        pytest.raises(DatabaseNotEmpty, match="already holds something"),
    ):
        copy.run()
    assert stored(reports_db) == before
