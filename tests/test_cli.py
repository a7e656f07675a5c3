"""The command line: what it prints, what it returns, and that it changes nothing when something is wrong."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from app import create_app
from app.reports import REPORTS
from models import Import, Subscription
from tests.support import CCADB, CCADB_FILES, NASTY

SUBSCRIPTIONS = NASTY / "customer-subscriptions.csv"


def test_migrating_again_changes_nothing(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["migrate"])
    assert (result.exit_code, result.output) == (0, "The schema is up to date.\n")


def test_importing_says_what_it_did_in_one_line(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["import", "customer-subscriptions", str(SUBSCRIPTIONS)])
    assert (result.exit_code, result.stdout) == (0, "8 rows: 8 added, 0 updated, 0 unchanged, 0 removed\n")
    result = runner.invoke(args=["import", "customer-subscriptions", "-"], input=SUBSCRIPTIONS.read_bytes())
    assert (result.exit_code, result.stdout) == (0, "8 rows: 0 added, 0 updated, 8 unchanged, 0 removed\n")


def test_an_import_is_recorded_with_the_operator(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "olga")
    runner.invoke(args=["import", "customer-subscriptions", str(SUBSCRIPTIONS)])
    runner.invoke(args=["import", "customer-subscriptions", "-"], input=SUBSCRIPTIONS.read_bytes())
    loads = [(load.report, load.file, load.who) for load in Import.select()]
    assert loads == [("customer-subscriptions", file, "olga (command line)") for file in (str(SUBSCRIPTIONS), "-")]


def test_a_dry_run_changes_nothing(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["import", "customer-subscriptions", str(SUBSCRIPTIONS), "--dry-run"])
    assert result.exit_code == 0
    assert result.stdout.startswith("8 rows: 8 added, 0 updated, 0 unchanged, 0 removed")
    assert Subscription.select().count() == Import.select().count() == 0


def test_a_faulty_file_is_told_line_by_line_and_changes_nothing(runner: FlaskCliRunner, tmp_path: Path) -> None:
    lines = SUBSCRIPTIONS.read_text("utf-8").splitlines()
    faulty = tmp_path / "faulty.csv"
    faulty.write_text(
        "\n".join([*lines, *(f"S-{n},,,,x,2026-01-01,2026-01-01,1,1.00,a,2026-01-01" for n in range(50, 75))])
    )
    result = runner.invoke(args=["import", "customer-subscriptions", str(faulty)])
    told = result.stderr.splitlines()
    assert result.exit_code == 1
    assert result.stdout == ""
    assert told[0].startswith(f"{faulty}:{len(lines) + 1}: ")
    assert len(told) == 21
    assert told[-1] == "… and 5 more"
    assert Subscription.select().count() == 0


def test_a_file_that_is_not_there_is_named(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["import", "customer-usage", "nowhere.csv"])
    assert result.exit_code
    assert "nowhere.csv" in result.stderr


def test_an_unknown_report_names_those_there_are(runner: FlaskCliRunner) -> None:
    for command in (["import", "sales", "x.csv"], ["export", "sales"]):
        result = runner.invoke(args=command)
        assert result.exit_code
        assert all(slug in result.stderr for slug in REPORTS)


@pytest.mark.usefixtures("nasty")
def test_exporting_writes_what_the_page_exports(runner: FlaskCliRunner, client: FlaskClient) -> None:
    query = "columns=customer&columns=total&sort=-total&q=twin"
    result = runner.invoke(args=["export", "customer-transactions", query])
    assert result.exit_code == 0
    assert result.stdout_bytes == client.get(f"/reports/customer-transactions.csv?{query}").data


@pytest.mark.usefixtures("nasty")
def test_exporting_a_view_that_cannot_be_is_refused(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["export", "customer-usage", "columns=price&q=\udcff"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "price" in result.stderr


def test_a_database_without_its_schema_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: FlaskCliRunner
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    bare = create_app().test_cli_runner()
    for command in (["demo"], ["export", "customer-usage"], ["import", "customer-usage", str(SUBSCRIPTIONS)]):
        result = bare.invoke(args=command)
        assert result.exit_code == 1
        assert "flask migrate" in result.stderr


@pytest.mark.parametrize("day", ["0001-01-02", "9999-12-31", "yesterday"])
def test_a_day_on_which_no_demo_can_play_is_refused(runner: FlaskCliRunner, day: str) -> None:
    result = runner.invoke(args=["demo", "--today", day])
    assert result.exit_code == 2
    assert day in result.stderr


def test_a_second_demo_is_refused(runner: FlaskCliRunner) -> None:
    sizes = ["--customers", "12", "--transactions", "60", "--today", "2026-11-22"]
    assert runner.invoke(args=["demo", *sizes]).exit_code == 0
    result = runner.invoke(args=["demo", *sizes])
    assert result.exit_code == 1
    assert "customers" in result.stderr


@pytest.mark.skipif(not CCADB.exists(), reason=f"needs the real files in {CCADB}")
def test_the_real_files_go_round_byte_for_byte(
    app: Flask, runner: FlaskCliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {}
    for slug, file in CCADB_FILES.items():
        assert runner.invoke(args=["import", slug, str(CCADB / file)]).exit_code == 0
    for slug in CCADB_FILES:
        first[slug] = runner.invoke(args=["export", slug, every_column(slug)]).stdout_bytes
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/second.db")
    second = create_app().test_cli_runner()
    second.invoke(args=["migrate"])
    for slug, content in first.items():
        assert second.invoke(args=["import", slug, "-"], input=content).exit_code == 0
    for slug, content in first.items():
        assert second.invoke(args=["export", slug, every_column(slug)]).stdout_bytes == content


def every_column(slug: str) -> str:
    return "&".join(f"columns={column.key}" for column in REPORTS[slug].columns)
