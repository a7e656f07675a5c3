"""Migrations bring a database of the first version to today's schema without losing a row, whatever interrupts them."""

from itertools import count, takewhile
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from peewee import DatabaseError

from app.reports import REPORTS
from models import SchemaMismatch, User, apply_migrations, check_schema, close_connections, open_database, reports_db
from models.schema import migration_runner, pending_migrations
from tests.databases import is_server
from tests.support import EDGE_CASES, load, signed_in
from tests.upgrade import first

LATER = [
    "0002_status",
    "0003_who",
    "0004_sums",
    "0005_owners",
    "0006_cancelled_on",
    "0007_history",
    "0008_groups",
    "0009_group_users",
    "0010_look_alikes",
    "0002_views",
    "0003_deleted",
    "0004_attempts",
    "0005_trail",
    "0006_exports",
    "0007_second_factor",
    "0008_provider",
    "0009_import_jobs",
    "0010_costs",
    "0011_tokens",
    "0012_deliveries",
]  # the migrations after the first

LAST_INDEX = "holding_over_inventory_ref_reseller_id"


def has_all_rows() -> bool:
    return all(first.stored_rows(part) == first.original_rows(part) for part in first.PARTS)


def report_texts(app: Flask) -> dict[str, bytes]:
    """Return each report's CSV and sums, with all columns, without what a page says about its visitor."""
    client = signed_in(app)
    every = {slug: "&".join(f"columns={column.key}" for column in report.columns) for slug, report in REPORTS.items()}
    paths = [f"/reports/{slug}{ending}?{every[slug]}" for slug in REPORTS for ending in (".csv", "/summary")]
    texts = {path: client.get(path, headers={"Accept": "text/html"}).data for path in paths}
    return {path: text.rpartition(b"</header>")[2] for path, text in texts.items()}


@pytest.mark.usefixtures("app")
def test_migrate_keeps_all_rows() -> None:
    assert has_all_rows()
    assert apply_migrations() == LATER
    assert has_all_rows()
    check_schema()
    assert apply_migrations() == []


def test_reports_equal_a_fresh_import(app: Flask, tmp_path: Path) -> None:
    apply_migrations()
    for file in sorted(EDGE_CASES.glob("*.csv")):  # which cleans the customers' names, that were taken as they stood
        load(file.stem, file)
    upgraded = {path: text.replace(b"the\nadmin", b"the admin") for path, text in report_texts(app).items()}
    assert [user.email for user in User.select().where(User.disabled)] == ["Zoë@zebra.example"]
    assert load("customer-usage", EDGE_CASES / "customer-usage.csv").unchanged == 10
    close_connections()
    (tmp_path / "fresh").mkdir()
    open_database(f"sqlite:///{tmp_path}/fresh/reports.db")
    apply_migrations()
    for file in sorted(EDGE_CASES.glob("*.csv")):
        load(file.stem, file)
    assert upgraded == report_texts(app)


@pytest.mark.usefixtures("app")
def test_indexes_match_the_models() -> None:
    apply_migrations()
    for table in (level.table for report in REPORTS.values() for level in report.levels):
        there = reports_db.get_indexes(table._meta.table_name, "reports" if is_server(reports_db) else None)
        declared = {tuple(field.column_name for field in index._expressions) for index in table._meta.fields_to_index()}
        assert {tuple(index.columns) for index in there} - {("id",)} == declared


@pytest.mark.usefixtures("app")
def test_each_migration_keeps_all_rows() -> None:
    for part, proxy in first.PARTS.items():
        each = migration_runner(proxy.obj, part)
        for migration in each.migrations()[1:]:
            assert each.up(migration.name) == [migration.name]
            assert has_all_rows()
    check_schema()


@pytest.mark.usefixtures("app")
def test_failed_migration_changes_nothing() -> None:
    reports_db.execute_sql(f"CREATE INDEX {LAST_INDEX} ON holding (used)")
    with pytest.raises(DatabaseError, match="already exists"):
        apply_migrations()
    assert pending_migrations() == LATER
    assert "who" not in [column.name for column in reports_db.get_columns("load")]
    reports_db.execute_sql(f"DROP INDEX {LAST_INDEX}")
    assert apply_migrations() == LATER
    assert has_all_rows()


def fits(more: int) -> bool:
    """Return whether SQLite migrates when its file may grow by so many pages."""
    reports_db.pragma("max_page_count", reports_db.pragma("page_count") + more, permanent=True)
    try:
        return apply_migrations() == LATER
    except DatabaseError:
        assert pending_migrations() == LATER
        return False


@pytest.mark.usefixtures("app")
def test_full_disk_loses_nothing() -> None:
    if is_server(reports_db):
        pytest.skip("only SQLite can be told how large a file may be")
    attempts = takewhile(lambda more: not fits(more), count())
    assert [has_all_rows() for _ in attempts].count(True) > 0
    check_schema()
    assert has_all_rows()


NEWER = "INSERT INTO schema_migration (name, applied) VALUES ('0099_tomorrow', '2030-01-01 00:00:00')"


@pytest.mark.parametrize("part", first.PARTS)
def test_newer_database_is_refused(runner: FlaskCliRunner, part: str) -> None:
    apply_migrations()
    first.PARTS[part].execute_sql(NEWER)
    for command in (["migrate"], ["user", "list"], ["export", "customer-usage"]):
        result = runner.invoke(args=command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "is newer than this version of Partner Reports, which doesn't know 0099_tomorrow" in result.stderr
    with pytest.raises(SchemaMismatch):
        check_schema()
