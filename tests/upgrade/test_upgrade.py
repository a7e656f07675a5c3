"""A database of the first version becomes one of today's, with all that it held, whatever interrupts that."""

from itertools import count, takewhile
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from peewee import DatabaseError

from app.reports import REPORTS
from models import SchemaMismatch, User, check, close_connections, migrate, open_database, reports_db
from models.schema import migration_runner, pending_migrations
from tests.databases import is_server
from tests.support import NASTY, load, signed_in
from tests.upgrade import first

LATER = ["0002_status", "0003_who", "0004_sums", "0005_owners", "0002_views"]
"""The migrations that came after the first."""

LAST_INDEX = "holding_over_inventory_ref_reseller_id"


def is_whole() -> bool:
    return all(first.held(part) == first.made(part) for part in first.PARTS)


def shown(app: Flask) -> dict[str, bytes]:
    """What reports and sums show of all columns."""
    client = signed_in(app)
    every = {slug: "&".join(f"columns={column.key}" for column in report.columns) for slug, report in REPORTS.items()}
    paths = [f"/reports/{slug}{ending}?{every[slug]}" for slug in REPORTS for ending in (".csv", "/summary")]
    return {path: client.get(path, headers={"Accept": "text/html"}).data for path in paths}


@pytest.mark.usefixtures("app")
def test_nothing_that_it_held_is_lost() -> None:
    assert is_whole()
    assert migrate() == LATER
    assert is_whole()
    check()
    assert migrate() == []


def test_reports_and_sums_are_those_of_the_same_rows_imported_today(app: Flask, tmp_path: Path) -> None:
    migrate()
    upgraded = shown(app)
    assert [user.email for user in User.select().where(User.disabled)] == ["Zoë@zebra.example"]
    assert load("customer-usage", NASTY / "customer-usage.csv").unchanged == 10
    close_connections()
    (tmp_path / "fresh").mkdir()
    open_database(f"sqlite:///{tmp_path}/fresh/reports.db")
    migrate()
    for file in sorted(NASTY.glob("*.csv")):
        load(file.stem, file)
    assert upgraded == shown(app)


@pytest.mark.usefixtures("app")
def test_the_indexes_are_those_that_the_tables_declare() -> None:
    migrate()
    for table in (level.table for report in REPORTS.values() for level in report.levels):
        there = reports_db.get_indexes(table._meta.table_name, "reports" if is_server(reports_db) else None)
        declared = {tuple(field.column_name for field in index._expressions) for index in table._meta.fields_to_index()}
        assert {tuple(index.columns) for index in there} - {("id",)} == declared


@pytest.mark.usefixtures("app")
def test_each_migration_loses_nothing_and_the_next_goes_on_from_there() -> None:
    for part, proxy in first.PARTS.items():
        each = migration_runner(proxy.obj, part)
        for migration in each.migrations()[1:]:
            assert each.up(migration.name) == [migration.name]
            assert is_whole()
    check()


@pytest.mark.usefixtures("app")
def test_a_migration_that_fails_in_the_middle_has_changed_nothing_and_can_be_run_again() -> None:
    reports_db.execute_sql(f"CREATE INDEX {LAST_INDEX} ON holding (used)")
    with pytest.raises(DatabaseError, match="already exists"):
        migrate()
    assert pending_migrations() == LATER
    assert "who" not in [column.name for column in reports_db.get_columns("load")]
    reports_db.execute_sql(f"DROP INDEX {LAST_INDEX}")
    assert migrate() == LATER
    assert is_whole()


def fits(more: int) -> bool:
    """Whether a database of SQLite is migrated when its file may grow by so many pages."""
    reports_db.pragma("max_page_count", reports_db.pragma("page_count") + more, permanent=True)
    try:
        return migrate() == LATER
    except DatabaseError:
        assert pending_migrations() == LATER
        return False


@pytest.mark.usefixtures("app")
def test_a_disk_that_is_full_in_the_middle_loses_nothing() -> None:
    if is_server(reports_db):
        pytest.skip("only SQLite can be told how large a file may be")
    attempts = takewhile(lambda more: not fits(more), count())
    assert [is_whole() for _ in attempts].count(True) > 0
    check()
    assert is_whole()


NEWER = "INSERT INTO schema_migration (name, applied) VALUES ('0099_tomorrow', '2030-01-01 00:00:00')"


@pytest.mark.parametrize("part", first.PARTS)
def test_a_newer_database_is_refused_by_every_command(runner: FlaskCliRunner, part: str) -> None:
    migrate()
    first.PARTS[part].execute_sql(NEWER)
    for asked in (["migrate"], ["user", "list"], ["export", "customer-usage"]):
        result = runner.invoke(args=asked)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "is newer than this version of Partner Reports, which doesn't know 0099_tomorrow" in result.stderr
    with pytest.raises(SchemaMismatch):
        check()
