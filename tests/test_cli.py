"""The command line: output, exit codes, and that nothing changes when something is wrong."""

import json
import logging
import os
import re
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from runpy import run_path

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from app import create_app
from app.auth.users import authenticate
from app.cli import imports
from app.cli.data import export
from app.importing import IMPORTABLE
from app.reports import REPORTS
from app.web.services import services
from models import AuditEvent, Customer, Import, ImportJob, Subscription, User, audit, reports_db
from tests import serving
from tests.databases import importing
from tests.support import CCADB, CCADB_FILES, EDGE_CASES, replace_services

SUBSCRIPTIONS = EDGE_CASES / "customer-subscriptions.csv"


def test_migrate_twice(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["migrate"])
    assert (result.exit_code, result.output) == (0, "The schema is up to date.\n")


def test_import_prints_row_counts(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["import", "customer-subscriptions", str(SUBSCRIPTIONS)])
    assert (result.exit_code, result.stdout) == (0, "8 rows: 8 added, 0 updated, 0 unchanged, 0 removed\n")
    result = runner.invoke(args=["import", "customer-subscriptions", "-"], input=SUBSCRIPTIONS.read_bytes())
    assert (result.exit_code, result.stdout) == (0, "8 rows: 0 added, 0 updated, 8 unchanged, 0 removed\n")


def test_import_waits_for_another_and_says_so(app: Flask, database_url: str) -> None:
    with importing(reports_db):
        process = serving.command("import", str(SUBSCRIPTIONS), DATABASE_URL=database_url)
        assert process.stderr
        assert process.stderr.readline() == "Waiting for another import…\n"
    output, _ = process.communicate()
    assert (process.returncode, output.partition(":")[0]) == (0, "8 rows")


def test_import_records_the_operator(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "olga")
    runner.invoke(args=["import", "customer-subscriptions", str(SUBSCRIPTIONS)])
    runner.invoke(args=["import", "customer-subscriptions", "-"], input=SUBSCRIPTIONS.read_bytes())
    loads = [(load.report, load.file, load.who) for load in Import.select()]
    assert loads == [("customer-subscriptions", file, "olga (command line)") for file in (str(SUBSCRIPTIONS), "-")]


def test_dry_run_changes_nothing(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["import", "customer-subscriptions", str(SUBSCRIPTIONS), "--dry-run"])
    assert result.exit_code == 0
    assert result.stdout.startswith("8 rows: 8 added, 0 updated, 0 unchanged, 0 removed")
    assert Subscription.select().count() == Import.select().count() == 0


def test_faults_are_listed_by_line(runner: FlaskCliRunner, tmp_path: Path) -> None:
    lines = SUBSCRIPTIONS.read_text("utf-8").splitlines()
    faulty = tmp_path / "faulty.csv"
    faulty.write_text(
        "\n".join([*lines, *(f"S-{n},,,,x,2026-01-01,2026-01-01,1,1.00,a,2026-01-01" for n in range(50, 75))])
    )
    result = runner.invoke(args=["import", "customer-subscriptions", str(faulty)])
    lines_printed = result.stderr.splitlines()
    assert result.exit_code == 1
    assert result.stdout == ""
    assert lines_printed[0].startswith(f"{faulty}:{len(lines) + 1}: ")
    assert len(lines_printed) == 21
    assert lines_printed[-1] == "… and 5 more"
    assert Subscription.select().count() == 0


def test_import_recognises_reports_and_loads_several_files(runner: FlaskCliRunner) -> None:
    paths = [str(path) for path in sorted(EDGE_CASES.glob("*.csv"))]
    result = runner.invoke(args=["import", *paths])
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 3)
    assert [load.report for load in Import.select()] == sorted(IMPORTABLE)
    assert "The headings are those of the Customer Usage Report." in result.stderr


def test_one_wrong_file_leaves_the_others(runner: FlaskCliRunner, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("Customer,Transaction ID,Action,Date\nAcme,T-1,Sell,2026-01-01\n")
    result = runner.invoke(args=["import", str(wrong), str(SUBSCRIPTIONS)])
    assert (result.exit_code, result.stdout) == (1, "8 rows: 8 added, 0 updated, 0 unchanged, 0 removed\n")
    assert result.stderr.startswith(f"{wrong}:2: Action: “Sell” is not one of ")


def test_import_options(runner: FlaskCliRunner, tmp_path: Path) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_text(
        "Customer;Subscription ID;End;Cost;Notes\nŁódź;S-1;03/04/2026;1.234;x\nŁÓDŹ;S-2;05/06/2026;2.345;y\n", "cp1250"
    )
    assert "--ignore" in runner.invoke(args=["import", str(odd)]).stderr
    asked = runner.invoke(args=["import", str(odd), "--ignore", "notes"])
    assert asked.exit_code == 1
    assert "--date-order" in asked.stderr
    assert "--decimal" in asked.stderr
    options = [
        "--ignore",
        "notes",
        "--encoding",
        "cp1250",
        "--date-order",
        "dmy",
        "--decimal",
        "comma",
        "--same-names",
        "--complete",
    ]
    result = runner.invoke(args=["import", str(odd), *options])
    assert (result.exit_code, result.stdout) == (0, "2 rows: 2 added, 0 updated, 0 unchanged, 0 removed\n")
    assert [(each.ends_on.isoformat(), each.cost) for each in Subscription.select()] == [
        ("2026-04-03", 123_400), ("2026-06-05", 234_500),
    ]  # fmt: skip
    assert [customer.name for customer in Customer.select()] == ["Łódź"]


def test_dry_run_names_changes(runner: FlaskCliRunner, tmp_path: Path) -> None:
    runner.invoke(args=["import", str(SUBSCRIPTIONS)])
    changed = tmp_path / "changed.csv"
    changed.write_text(
        SUBSCRIPTIONS.read_text("utf-8")
        .replace("1234567.80", "5.00")
        .replace('Łódź Trust,C-6,"North, Ltd"', "Łódź Trust,C-6,")
    )
    result = runner.invoke(args=["import", str(changed), "--dry-run"])
    assert "updated: S-2, ångstrom & son, a/s: Cost 1,234,567.80 → 5.00" in result.stdout
    assert "Customer “Łódź Trust” moves from “North, Ltd” to no reseller" in result.stderr


def test_many_questions_are_counted(runner: FlaskCliRunner, tmp_path: Path) -> None:
    twins = "".join(f"Twin {number},A-{number}\nTWIN {number},B-{number}\n" for number in range(30))
    (tmp_path / "twins.csv").write_text(f"Customer,Subscription ID\n{twins}")
    result = runner.invoke(args=["import", str(tmp_path / "twins.csv")])
    assert (result.exit_code, result.stderr.count("did you mean")) == (0, 20)
    assert "… and 10 more of these" in result.stderr


def test_list_and_undo(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "olga")
    assert runner.invoke(args=["import", str(SUBSCRIPTIONS)]).exit_code == 0
    asked = runner.invoke(args=["import", "--undo", "1"], input="n\n")
    assert asked.exit_code == 1
    assert "8 rows are removed; 8 customers are removed" in asked.output
    assert Subscription.select().count() == 8
    result = runner.invoke(args=["import", "--undo", "1", "--yes"])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "Import 1 is undone, by import 2.")
    assert Subscription.select().count() == Customer.select().count() == 0
    lines = runner.invoke(args=["import", "--list"]).stdout.splitlines()
    assert [re.split("  +", line.strip())[0] for line in lines] == ["Number", "2", "1"]
    assert [line.rpartition("  ")[2] for line in lines] == ["State", "undoes 1", "undone by 2"]
    event = audit.AuditEvent.select().order_by(audit.AuditEvent.id.desc()).get()
    assert (event.event, event.about) == ("import undone", f"customer-subscriptions {SUBSCRIPTIONS}")


def test_undo_says_why_not(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["import", "--undo", "7", "--yes"])
    assert (result.exit_code, result.stderr) == (1, "Error: There is no import 7.\n")
    for args in ([], ["--list", str(SUBSCRIPTIONS)], ["--list", "--undo", "1"]):
        assert "--undo NUMBER" in runner.invoke(args=["import", *args]).stderr


def test_imports_have_the_number_of_their_job(runner: FlaskCliRunner, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("Customer,Subscription ID,Cost\nAcme,S-1,x\n")
    runner.invoke(args=["import", str(SUBSCRIPTIONS), "--dry-run"])
    runner.invoke(args=["import", str(wrong), str(SUBSCRIPTIONS)])
    jobs = [(job.file, job.state, job.size, job.sha256) for job in ImportJob.select()]
    content = SUBSCRIPTIONS.read_bytes()
    assert jobs == [
        (str(wrong), "failed", wrong.stat().st_size, sha256(wrong.read_bytes()).hexdigest()),
        (str(SUBSCRIPTIONS), "applied", len(content), sha256(content).hexdigest()),
    ]
    assert [each.number for each in Import.select()] == [2]


def test_import_discards_old_history(runner: FlaskCliRunner) -> None:
    runner.invoke(args=["import", str(SUBSCRIPTIONS)])
    Import.update(loaded_at="2020-01-01 00:00:00").execute()
    runner.invoke(args=["import", str(SUBSCRIPTIONS)])
    assert [each.discarded for each in Import.select()] == [True, False]


def test_missing_file_is_named(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["import", "customer-usage", "nowhere.csv"])
    assert result.exit_code
    assert "nowhere.csv" in result.stderr


def test_unknown_report_lists_the_known_ones(runner: FlaskCliRunner) -> None:
    for command, known in ((["import", "sales", "x.csv"], IMPORTABLE), (["export", "sales"], REPORTS)):
        result = runner.invoke(args=command)
        assert result.exit_code
        assert all(slug in result.stderr for slug in known)


def test_a_report_without_a_loader_cannot_be_imported(
    client: FlaskClient, runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REPORTS, "fourth", replace(REPORTS["customer-usage"], slug="fourth"))
    import_files = run_path(str(imports.__file__))["import_files"]
    result = runner.invoke(import_files, ["fourth", str(SUBSCRIPTIONS)])
    assert result.exit_code == 2
    assert "customer-usage" in result.stderr
    assert "There is no data yet" in client.get("/reports/fourth").text
    assert "flask import" not in client.get("/reports/fourth").text
    assert "flask import customer-usage FILE" in client.get("/reports/customer-usage").text


@pytest.mark.usefixtures("edge_cases")
def test_export_equals_the_page_export(runner: FlaskCliRunner, client: FlaskClient) -> None:
    query = "columns=customer&columns=total&sort=-total&q=twin"
    result = runner.invoke(args=["export", "customer-transactions", query])
    assert result.exit_code == 0
    assert result.stdout_bytes == client.get(f"/reports/customer-transactions.csv?{query}").data
    *_, event = AuditEvent.select().where(AuditEvent.who.endswith("(command line)"), AuditEvent.event == "export")
    assert json.loads(event.details)["rows"] == result.stdout_bytes.count(b"\r\n") - 1


@pytest.mark.usefixtures("edge_cases")
def test_export_into_a_closed_pipe_is_recorded() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with suppress(BrokenPipeError), os.fdopen(writer, "w") as output, redirect_stdout(output):
        export.main(["customer-usage"], standalone_mode=False)
    events = AuditEvent.select().where(AuditEvent.event == "export").order_by(AuditEvent.id)
    assert [event.outcome for event in events] == ["begun", "failed"]


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize(
    ("address", "table"),
    [
        ("/reports/customer-subscriptions?status=Active", "subscription"),
        ("/reports/customer-transactions?sort=-cost&size=25", "transaction"),
        ("http://127.0.0.1:8000/reports/customer-usage?columns=product&columns=used&sort=-used", "holding"),
    ],
)
def test_sql_prints_queries_with_parameters_and_plan(runner: FlaskCliRunner, address: str, table: str) -> None:
    result = runner.invoke(args=["sql", address])
    assert result.exit_code == 0
    *_, last = result.stdout.strip().split("\n\n")
    query, parameters, *plan = last.splitlines()
    assert query.startswith("SELECT")
    assert f'"{table}"' in query
    assert parameters.startswith("-- parameters: [")
    assert plan
    assert all(line.startswith("-- plan: ") for line in plan)
    assert not logging.getLogger("peewee").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize("address", ["/reports/sales", "/reports", "/reports/customer-usage?sort=price"])
def test_sql_of_an_invalid_address_fails(runner: FlaskCliRunner, address: str) -> None:
    result = runner.invoke(args=["sql", address])
    assert (result.exit_code != 0, result.stdout) == (True, "")
    assert "customer-usage" in result.stderr or "price" in result.stderr


@pytest.mark.usefixtures("edge_cases")
def test_export_of_an_invalid_view_fails(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["export", "customer-usage", "columns=price&q=\udcff"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "price" in result.stderr


def test_missing_schema_names_flask_migrate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: FlaskCliRunner
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    bare = create_app().test_cli_runner()
    for command in (["demo"], ["export", "customer-usage"], ["import", "customer-usage", str(SUBSCRIPTIONS)]):
        result = bare.invoke(args=command)
        assert result.exit_code == 1
        assert "flask migrate" in result.stderr


def test_setup_prepares_an_installation_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: FlaskCliRunner
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    new = create_app().test_cli_runner()
    first = new.invoke(args=["setup"])
    assert first.exit_code == 0
    printed = re.search(r"^Sign in as (\S+) with the password (\S+) \(it is shown only now\)\.$", first.stdout, re.M)
    assert printed
    assert printed[1] == "admin@partner.example"
    assert authenticate(printed[1], printed[2], "here")
    assert Customer.select().count() == 400
    assert new.invoke(args=["setup"]).output == "The schema is up to date.\n"


def test_setup_without_demo(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["setup", "--no-demo", "--admin", "olga@partner.example"])
    assert (result.exit_code, Customer.select().count()) == (0, 0)
    assert [(user.email, user.role, user.reseller) for user in User.select()] == [
        ("olga@partner.example", "admin", None)
    ]
    assert "olga@partner.example" in result.stdout


def test_setup_refuses_an_invalid_email(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["setup", "--no-demo", "--admin", "olga"])
    assert (result.exit_code, "Error: " in result.stderr) == (1, True)
    assert User.select().count() == 0


@pytest.mark.parametrize("day", ["0001-01-02", "9999-12-31", "yesterday"])
def test_demo_refuses_a_day_out_of_range(runner: FlaskCliRunner, day: str) -> None:
    result = runner.invoke(args=["demo", "--today", day])
    assert result.exit_code == 2
    assert day in result.stderr


def test_demo_needs_an_empty_database(runner: FlaskCliRunner) -> None:
    sizes = ["--customers", "12", "--transactions", "60", "--today", "2026-11-22"]
    assert runner.invoke(args=["demo", *sizes]).exit_code == 0
    result = runner.invoke(args=["demo", *sizes])
    assert result.exit_code == 1
    assert "customers" in result.stderr


@pytest.mark.skipif(not CCADB.exists(), reason=f"needs the real files in {CCADB}")
def test_real_files_survive_a_round_trip(
    app: Flask, runner: FlaskCliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {}
    for slug, file in CCADB_FILES.items():
        assert runner.invoke(args=["import", slug, str(CCADB / file)]).exit_code == 0
    for slug in CCADB_FILES:
        first[slug] = runner.invoke(args=["export", slug, all_columns(slug)]).stdout_bytes
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/second.db")
    second = create_app().test_cli_runner()
    second.invoke(args=["migrate"])
    for slug, content in first.items():
        assert second.invoke(args=["import", slug, "-"], input=content).exit_code == 0
    for slug, content in first.items():
        assert second.invoke(args=["export", slug, all_columns(slug)]).stdout_bytes == content


def all_columns(slug: str) -> str:
    return "&".join(f"columns={column.key}" for column in REPORTS[slug].columns)


def test_old_events_are_archived(runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "old.jsonl"
    result = runner.invoke(args=["audit", "archive", str(file)])
    assert (result.exit_code, result.stdout) == (0, "No event is older than 400 days.\n")
    monkeypatch.setattr(audit, "timestamp", lambda: "2020-02-02 02:02:02")
    audit.record("import")
    monkeypatch.undo()
    result = runner.invoke(args=["audit", "archive", str(file)])
    assert result.exit_code == 0
    assert result.stdout.startswith("Moved 1 event from before ")
    assert len(file.read_text().splitlines()) == 1
    assert runner.invoke(args=["audit", "archive", str(file)]).exit_code == 0
    audit.record("sign-in")
    replace_services(runner.app, settings=replace(services(runner.app).settings, audit_days=-1))
    result = runner.invoke(args=["audit", "archive", str(file)])
    assert result.exit_code == 1
    assert "can't be made: File exists. Nothing was archived." in result.stderr
