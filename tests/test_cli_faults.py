"""Every command ends with a one-line error on a database that is missing, damaged, locked or read-only."""

import tempfile
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

import models
from app.cli import common
from app.importing import sorted_rows
from tests.databases import refuse_rows
from tests.file_faults import FAULTS, LOST, UNWRITABLE, Fault, locked
from tests.support import EDGE_CASES

IMPORT = ["import", "customer-usage", str(EDGE_CASES / "customer-usage.csv")]
ADD = ["user", "add", "bob@partner.example", "--role", "viewer"]
COMMANDS = (
    IMPORT,
    ["export", "customer-usage"],
    ["sql", "/reports/customer-usage"],
    ["demo", "--customers", "5", "--transactions", "60"],
    ["copy", "sqlite:///{folder}/source/reports.db"],
    *(
        ["user", name, "ann@partner.example"]
        for name in ("disable", "enable", "password", "reset-factor", "allow-provider", "forbid-provider")
    ),
    ["user", "change", "ann@partner.example", "--no-costs"],
    ["user", "list"],
    ADD,
    ["audit", "archive", "{folder}/archive.jsonl"],
    ["check"],
    ["migrate"],
    ["setup", "--no-demo"],
)
MIGRATING = (["migrate"], ["setup", "--no-demo"])
BUILT_IN = {"run", "shell", "routes"}
TESTED_ELSEWHERE = {"backup", "restore", "jobs", "mail"}


def test_every_command_is_listed(app: Flask) -> None:
    assert {command[0] for command in COMMANDS} == set(app.cli.commands) - BUILT_IN - TESTED_ELSEWHERE
    assert {command[1] for command in COMMANDS if command[0] == "user"} == set(app.cli.commands["user"].commands)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["reports.db", "access.db"])
def test_no_command_ends_in_a_traceback(
    runner: FlaskCliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fault: Fault
) -> None:
    monkeypatch.setattr(common, "MAX_WAIT", 0)
    for database in (models.reports_db, models.access_db):
        database.pragma("busy_timeout", 0, permanent=True)
    with fault(tmp_path / name):
        for command in COMMANDS:
            models.close_connections()
            result = runner.invoke(args=[part.format(folder=tmp_path) for part in command])
            assert result.exception is None or isinstance(result.exception, SystemExit), command
            assert (result.exit_code == 1) == ("Error: " in result.stderr), command
            assert "SELECT" not in result.stderr, command
            if fault in LOST and command not in MIGRATING:
                assert (result.exit_code, "flask migrate" in result.stderr) == (1, True), command
            if fault in UNWRITABLE:
                assert result.exit_code == 1 or command != (IMPORT if name == "reports.db" else ADD)


def test_an_import_survives_an_unwritable_audit_trail(runner: FlaskCliRunner) -> None:
    refuse_rows(models.AuditEvent)
    result = runner.invoke(args=IMPORT)
    assert result.exit_code == 0
    assert "The audit trail can't be written" in result.stderr
    assert models.Import.select().count() == 1


def test_an_import_without_a_number_changes_nothing(runner: FlaskCliRunner, tmp_path: Path) -> None:
    models.access_db.pragma("busy_timeout", 0, permanent=True)
    with locked(tmp_path / "access.db"):
        result = runner.invoke(args=IMPORT)
    assert result.exit_code == 1
    assert "Nothing was changed." in result.stderr
    assert not models.Import.select().exists()


def test_a_full_disk_is_named(runner: FlaskCliRunner) -> None:
    models.reports_db.pragma("max_page_count", models.reports_db.pragma("page_count"), permanent=True)
    result = runner.invoke(args=["demo", "--customers", "50", "--transactions", "600"])
    assert result.exit_code == 1
    assert "disk is full (code=13, ext=13): make room on the disk. Nothing was changed." in result.stderr


def test_a_lack_of_temporary_files_is_named(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_rows, "_RUN_ROWS", 2)
    monkeypatch.setattr(tempfile, "tempdir", "missing")
    result = runner.invoke(args=IMPORT)
    assert result.exit_code == 1
    assert "customer-usage.csv can't be imported: No such file or directory. Nothing was changed." in result.stderr
    assert not models.Import.select().exists()
