"""Backups: what is kept comes back, whole, while the application is in use; and what can't be is refused."""

import json
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
from models import AuditEvent, Customer, SavedView, Session, User, access_db, backup, reports_db
from tests.databases import stored
from tests.support import BY, load, signed_in, table_rows
from tests.web.parties import USAGE as HEADING

USAGE = "/reports/customer-usage?size=200"


class Terminal(BytesIO):
    def isatty(self) -> bool:
        return True


def restored(runner: FlaskCliRunner, file: Path, *options: str, says: BytesIO | None = None) -> Result:
    return runner.invoke(args=["restore", str(file), *options], input=says)


def imported(folder: Path, *customers: str) -> None:
    """Each a customer more."""
    rows = [f"{name},C-9{number},,SSL,DV,1,1" for number, name in enumerate(customers)]
    (folder / "more.csv").write_text("\n".join([HEADING, *rows]), "utf-8")
    load("customer-usage", folder / "more.csv")


def names(client: FlaskClient) -> set[str]:
    return {row[0] for row in table_rows(client.get(USAGE).text)}


def test_what_was_kept_comes_back(app: Flask, runner: FlaskCliRunner, kept: Path, tmp_path: Path) -> None:
    before = names(signed_in(app))
    imported(tmp_path, "Newcomer")
    users.disable_user(BY, User.get(User.email == "ann@partner.example"))
    users.add_user(BY, "eve@partner.example", "viewer", None)
    SavedView.delete().execute()
    assert names(signed_in(app)) == before | {"Newcomer"}
    result = restored(runner, kept, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Disabled now, and then let in again: ann@partner.example." in result.stdout
    assert [(user.email, user.disabled) for user in User.select()] == [("ann@partner.example", False)]
    assert SavedView.get().name == "Mine"
    assert names(signed_in(app)) == before


def test_everybody_is_signed_out_and_pages_go_on(client: FlaskClient, runner: FlaskCliRunner, kept: Path) -> None:
    assert client.get(USAGE).status_code == 200
    restored(runner, kept, "--yes")
    assert not Session.select().exists()
    assert client.get(USAGE).status_code == 401
    assert client.get("/healthz").status_code == 200


def test_what_is_remembered_of_an_import_is_not_told_of_another_with_its_number(
    app: Flask, runner: FlaskCliRunner, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even when both are of one second."""
    monkeypatch.setattr("app.importing.loader.timestamp", lambda: "2026-11-24 13:00:00")
    counts = []
    for customers in (["One"], ["One", "Two", "Three"]):
        imported(tmp_path, *customers)
        counts.append(signed_in(app).get("/reports/customer-usage/count").text)
        restored(runner, kept, "--yes")
    assert counts[0] != counts[1]


def test_the_trail_loses_nothing(runner: FlaskCliRunner, kept: Path, tmp_path: Path) -> None:
    first = [event.about for event in AuditEvent.select().order_by(AuditEvent.id)]
    users.add_user(BY, "eve@partner.example", "viewer", None)
    for _ in range(2):
        restored(runner, kept, "--yes")
    told = [(event.event, event.outcome, event.about) for event in AuditEvent.select().order_by(AuditEvent.id)]
    assert [about for _, _, about in told][: len(first)] == first
    rest = told[len(first) :]
    twice = [("restore", "begun", str(kept)), ("restore", "done", str(kept))] * 2
    assert rest == [("user added", "done", "eve@partner.example"), *twice]


def test_a_trail_of_elsewhere_comes_with_its_backup(kept: Path) -> None:
    """Onto a machine that is new."""
    models.close_connections()
    for file in (*kept.parent.glob("reports.db*"), *kept.parent.glob("access.db*")):
        file.unlink()
    result = restored(create_app().test_cli_runner(), kept, "--yes")
    assert result.exit_code == 0
    assert "What is there now can't be read" in result.stdout
    assert Customer.select().exists()
    assert "user added" in {event.event for event in AuditEvent.select()}
    assert (kept.parent / "access.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b""])
def test_in_a_terminal_it_says_what_would_be_lost_and_asks(
    runner: FlaskCliRunner, kept: Path, tmp_path: Path, answer: bytes
) -> None:
    imported(tmp_path, "Newcomer")
    before = stored(reports_db), stored(access_db)
    result = restored(runner, kept, says=Terminal(answer))
    assert result.exit_code == 1
    customers = Customer.select().count()
    assert f"has {customers - 1} customers" in result.stdout
    assert f"Now there are {customers} customers" in result.stdout
    assert (stored(reports_db), stored(access_db)) == before
    assert restored(runner, kept, says=Terminal(b"y\n")).exit_code == 0
    assert restored(runner, kept, "--yes", says=Terminal()).exit_code == 0


def test_where_nobody_can_answer_nothing_is_asked(runner: FlaskCliRunner, kept: Path, tmp_path: Path) -> None:
    imported(tmp_path, "Newcomer")
    result = restored(runner, kept)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Restore it?" not in result.stdout
    assert not Customer.select().where(Customer.name == "Newcomer").exists()


def test_a_backup_is_a_plain_database_for_any_tool(kept: Path) -> None:
    with closing(sqlite3.connect(kept)) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert plain.execute("SELECT COUNT(*) FROM customer").fetchone() == (Customer.select().count(),)


def test_a_backup_is_for_its_owner_alone(kept: Path) -> None:
    files = {file.name: file.stat().st_mode & 0o777 for file in kept.parent.glob("kept*")}
    assert files == dict.fromkeys(("kept", "kept.users", "kept.json"), 0o600)
    told = json.loads(kept.with_name("kept.json").read_text())
    assert told["parts"]["access"]["rows"]["user"] == 1
    assert told["parts"]["reports"]["migrations"][0] == "0001_initial"


def test_a_backup_has_both_databases_as_they_were_when_it_began(app: Flask, tmp_path: Path, nasty: None) -> None:
    before = Customer.select().count()
    with backup._frozen(Path(reports_db.database)) as still:
        imported(tmp_path, "Newcomer")
        assert backup._row_counts(still)["customer"] == before


@pytest.mark.parametrize(("reports", "users"), [("0001_initial", "0001_access"), ("0003_who", "0002_views")])
def test_an_older_backup_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: FlaskCliRunner, reports: str, users: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/old/reports.db")
    old = create_app().test_cli_runner()
    for each in (reports_db, access_db):
        each.make(0o600)
    models.schema.migration_runner(reports_db.obj, "reports").up(reports)
    models.schema.migration_runner(access_db.obj, "access").up(users)
    reports_db.execute_sql("INSERT INTO product (name, name_key) VALUES ('Old', 'old')")
    assert old.invoke(args=["backup", str(tmp_path / "kept")]).exit_code == 0
    models.migrate()
    result = restored(old, tmp_path / "kept", "--yes")
    assert result.exit_code == 0
    assert "Applied 0" in result.stdout
    models.check()
    assert models.Product.select().where(models.Product.name == "Old").exists()
    assert SavedView.select().count() == 0
