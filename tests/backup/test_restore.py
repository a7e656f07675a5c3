"""A restore brings back what a backup holds."""

import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

import models
from app import create_app
from app.auth import users
from models import (
    Attempt,
    AuditEvent,
    Customer,
    PendingSignIn,
    RememberedBrowser,
    SavedView,
    SecondFactor,
    Session,
    User,
    access_db,
    reports_db,
    timestamp,
)
from tests.databases import stored
from tests.support import BY, load, signed_in, table_rows
from tests.web.parties import USAGE as HEADING

USAGE = "/reports/customer-usage?size=200"


class Terminal(BytesIO):
    def isatty(self) -> bool:
        return True


def restore(runner: FlaskCliRunner, file: Path, *options: str, answer: BytesIO | None = None) -> Result:
    return runner.invoke(args=["restore", str(file), *options], input=answer)


def import_customers(folder: Path, *customers: str) -> None:
    rows = [f"{name},C-9{number},,SSL,DV,1,1" for number, name in enumerate(customers)]
    (folder / "more.csv").write_text("\n".join([HEADING, *rows]), "utf-8")
    load("customer-usage", folder / "more.csv")


def names(client: FlaskClient) -> set[str]:
    return {row[0] for row in table_rows(client.get(USAGE).text)}


def test_everything_comes_back(app: Flask, runner: FlaskCliRunner, backup: Path, tmp_path: Path) -> None:
    before = names(signed_in(app))
    import_customers(tmp_path, "Newcomer")
    users.disable_user(BY, User.get(User.email == "ann@partner.example"))
    users.add_user(BY, "eve@partner.example", "viewer", None)
    SavedView.delete().execute()
    assert names(signed_in(app)) == before | {"Newcomer"}
    result = restore(runner, backup, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Disabled now, and then let in again: ann@partner.example." in result.stdout
    assert [(user.email, user.disabled) for user in User.select()] == [("ann@partner.example", False)]
    assert SavedView.get().name == "Mine"
    assert names(signed_in(app)) == before


def test_sessions_end(client: FlaskClient, runner: FlaskCliRunner, backup: Path) -> None:
    assert client.get(USAGE).status_code == 200
    restore(runner, backup, "--yes")
    assert not Session.select().exists()
    assert client.get(USAGE).status_code == 401
    assert client.get("/healthz").status_code == 200


def test_remembered_browsers_and_attempts_end_but_not_factors(
    runner: FlaskCliRunner, edge_cases: None, tmp_path: Path
) -> None:
    ann = User.create(email="a", email_key="a", password_hash="", role="viewer", created_at=timestamp())
    for table in (PendingSignIn, RememberedBrowser):
        table.create(token_hash="x", user=ann, created_at=timestamp())
    SecondFactor.create(user=ann, seed="x", last_step=1, created_at=timestamp())
    Attempt.create(account="a", address="192.0.2.1", at=timestamp())
    runner.invoke(args=["backup", str(tmp_path / "backup")])
    assert restore(runner, tmp_path / "backup", "--yes").exit_code == 0
    tables = PendingSignIn, RememberedBrowser, Attempt, SecondFactor
    assert [table.select().count() for table in tables] == [0, 0, 0, 1]


def test_cache_keys_differ_after_a_restore(
    app: Flask, runner: FlaskCliRunner, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even when both are of one second."""
    monkeypatch.setattr("app.importing.run.timestamp", lambda: "2026-11-24 13:00:00")
    counts = []
    for customers in (["One"], ["One", "Two", "Three"]):
        import_customers(tmp_path, *customers)
        counts.append(signed_in(app).get("/reports/customer-usage/count").text)
        restore(runner, backup, "--yes")
    assert counts[0] != counts[1]


def test_audit_trail_loses_nothing(runner: FlaskCliRunner, backup: Path, tmp_path: Path) -> None:
    first = [event.about for event in AuditEvent.select().order_by(AuditEvent.id)]
    users.add_user(BY, "eve@partner.example", "viewer", None)
    for _ in range(2):
        restore(runner, backup, "--yes")
    told = [(event.event, event.outcome, event.about) for event in AuditEvent.select().order_by(AuditEvent.id)]
    assert [about for _, _, about in told][: len(first)] == first
    rest = told[len(first) :]
    twice = [("restore", "begun", str(backup)), ("restore", "done", str(backup))] * 2
    assert rest == [("user added", "done", "eve@partner.example"), *twice]


def test_restore_on_a_new_machine(backup: Path) -> None:
    """Onto a machine that is new."""
    models.close_connections()
    for file in (*backup.parent.glob("reports.db*"), *backup.parent.glob("access.db*")):
        file.unlink()
    result = restore(create_app().test_cli_runner(), backup, "--yes")
    assert result.exit_code == 0
    assert "The present data can't be read" in result.stdout
    assert Customer.select().exists()
    assert "user added" in {event.event for event in AuditEvent.select()}
    assert (backup.parent / "access.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("answer", [b"n\n", b""])
def test_terminal_is_asked(runner: FlaskCliRunner, backup: Path, tmp_path: Path, answer: bytes) -> None:
    import_customers(tmp_path, "Newcomer")
    before = stored(reports_db), stored(access_db)
    result = restore(runner, backup, answer=Terminal(answer))
    assert result.exit_code == 1
    customers = Customer.select().count()
    assert f"has {customers - 1} customers" in result.stdout
    assert f"Now there are {customers} customers" in result.stdout
    assert (stored(reports_db), stored(access_db)) == before
    assert restore(runner, backup, answer=Terminal(b"y\n")).exit_code == 0
    assert restore(runner, backup, "--yes", answer=Terminal()).exit_code == 0


def test_script_is_not_asked(runner: FlaskCliRunner, backup: Path, tmp_path: Path) -> None:
    import_customers(tmp_path, "Newcomer")
    result = restore(runner, backup)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Restore it?" not in result.stdout
    assert not Customer.select().where(Customer.name == "Newcomer").exists()


def test_backup_is_a_plain_database(backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert plain.execute("SELECT COUNT(*) FROM customer").fetchone() == (Customer.select().count(),)


def test_backup_is_for_its_owner(backup: Path) -> None:
    files = {file.name: file.stat().st_mode & 0o777 for file in backup.parent.glob("backup*")}
    assert files == {"backup": 0o600, "backup.users": 0o600}


@pytest.mark.parametrize(("reports", "users"), [("0001_initial", "0001_access"), ("0003_who", "0002_views")])
def test_older_backup_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: FlaskCliRunner, reports: str, users: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/old/reports.db")
    old = create_app().test_cli_runner()
    for each in (reports_db, access_db):
        each.create_file()
    models.schema.migration_runner(reports_db.obj, "reports").up(reports)
    models.schema.migration_runner(access_db.obj, "access").up(users)
    reports_db.execute_sql("INSERT INTO product (name, name_key) VALUES ('Old', 'old')")
    assert old.invoke(args=["backup", str(tmp_path / "backup")]).exit_code == 0
    models.apply_migrations()
    result = restore(old, tmp_path / "backup", "--yes")
    assert result.exit_code == 0
    assert "Applied 0" in result.stdout
    models.check_schema()
    assert models.Product.select().where(models.Product.name == "Old").exists()
    assert SavedView.select().count() == 0
