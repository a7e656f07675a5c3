"""`flask user`: output, exit codes, errors."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from app.auth.users import authenticate
from models import AuditEvent, Reseller, SecondFactor, User
from tests.authenticator import Clock, clock, set_up
from tests.support import EDGE_CASES

__all__ = ["clock"]

ANN, PASSWORD = "ann@partner.example", "correct horse battery"
ADD = ["user", "add", ANN, "--role", "admin"]

pytestmark = pytest.mark.usefixtures("edge_cases")


def test_add_with_chosen_password(runner: FlaskCliRunner) -> None:
    for typed in (f"{PASSWORD}\n", f"{PASSWORD}\r\nanother line\n", PASSWORD):
        User.delete().execute()
        result = runner.invoke(args=[*ADD, "--password-stdin"], input=typed)
        assert (result.exit_code, result.output) == (0, f"{ANN} can sign in.\n")
        assert authenticate(ANN, PASSWORD, "here")
    assert User.get().temporary_until is None


def test_add_prints_temporary_password(runner: FlaskCliRunner) -> None:
    result = runner.invoke(args=["user", "add", "zoe@zebra.example", "--role", "viewer", "--reseller", "Zebra Resale"])
    assert result.exit_code == 0
    assert authenticate("zoe@zebra.example", result.stdout.split()[-1], "here")
    zoe = User.get()
    assert (zoe.role, zoe.reseller, bool(zoe.temporary_until)) == ("viewer", "Zebra Resale", True)


@pytest.mark.parametrize(
    ("arguments", "typed", "message"),
    [
        ([*ADD, "--reseller", "Zebra"], "", "“Zebra” is not the name of a reseller"),
        ([*ADD, "--reseller", ""], "", "name of a reseller"),
        ([*ADD, "--reseller", "zebra resale"], "", "did you mean “Zebra Resale”?"),
        (["user", "add", "ann", "--role", "admin"], "", "“ann” is not an email address"),
        (["user", "add", ANN, "--role", "boss"], "", "'boss' is not one of 'admin', 'viewer'"),
        (["user", "add", ANN], "", "--role"),
        ([*ADD, "--password-stdin"], "short\n", "at least 12"),
        ([*ADD, "--password-stdin"], "", "at least 12"),
        ([*ADD, "--password-stdin"], "passwordpassword\n", "guesser"),
        ([*ADD, "--password-stdin"], b"\xff" * 20, "not UTF-8"),
        (["user", "disable", "who@partner.example"], "", "“who@partner.example” has no account"),
        (["user", "enable", "who@partner.example"], "", "has no account"),
        (["user", "change", "who@partner.example", "--costs"], "", "has no account"),
        (["user", "change", ANN], "", "--costs"),
        (["user", "password", "who@partner.example"], "", "has no account"),
        (["user", "allow-provider", "who@partner.example"], "", "has no account"),
        (["user", "forbid-provider", "who@partner.example"], "", "has no account"),
        (["user", "reset-factor", "who@partner.example"], "", "has no account"),
    ],
)
def test_invalid_arguments_change_nothing(
    runner: FlaskCliRunner, arguments: list[str], typed: str | bytes, message: str
) -> None:
    result = runner.invoke(args=arguments, input=typed)
    assert result.exit_code
    assert result.stdout == ""
    assert message in result.stderr
    assert not User.select().exists()


def test_second_account_for_an_email_is_refused(runner: FlaskCliRunner) -> None:
    assert runner.invoke(args=ADD).exit_code == 0
    result = runner.invoke(args=["user", "add", ANN.upper(), "--role", "viewer"])
    assert result.exit_code == 1
    assert "has an account already" in result.stderr


def test_list_users(runner: FlaskCliRunner) -> None:
    runner.invoke(args=ADD)
    runner.invoke(args=["user", "add", "bob@zebra.example", "--role", "viewer", "--reseller", "Zebra Resale"])
    runner.invoke(args=["user", "disable", "bob@zebra.example"])
    assert runner.invoke(args=["user", "list"]).stdout.splitlines() == [
        f"{ANN}\tadmin\teverything\tenabled\tcosts",
        "bob@zebra.example\tviewer\tcustomers of Zebra Resale\tdisabled\tcosts",
    ]


def test_costs_are_a_right_of_the_account(runner: FlaskCliRunner) -> None:
    runner.invoke(args=[*ADD, "--no-costs"])
    rights = []
    for option in ("--costs", "--no-costs"):
        rights.append((User.get().may_see_costs, runner.invoke(args=["user", "list"]).stdout.split("\t")[-1]))
        assert runner.invoke(args=["user", "change", ANN, option]).exit_code == 0
    assert rights == [(False, "no costs\n"), (True, "costs\n")]
    assert (User.get().role, User.get().may_see_costs) == ("admin", False)
    events = AuditEvent.select().where(AuditEvent.event.in_(["user added", "user changed"])).order_by(AuditEvent.id)
    assert [json.loads(event.details)["may_see_costs"] for event in events] == [False, True, False]


def test_last_partner_admin_cannot_be_disabled(runner: FlaskCliRunner) -> None:
    runner.invoke(args=ADD)
    result = runner.invoke(args=["user", "disable", ANN])
    assert result.exit_code == 1
    assert "last enabled admin" in result.stderr
    assert not User.get().disabled


def test_replace_password(runner: FlaskCliRunner) -> None:
    runner.invoke(args=ADD)
    result = runner.invoke(args=["user", "password", ANN, "--password-stdin"], input=f"{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert authenticate(ANN, PASSWORD, "here")
    made = runner.invoke(args=["user", "password", ANN]).stdout.split()[-1]
    assert authenticate(ANN, made, "here")


def test_allow_and_forbid_the_provider(runner: FlaskCliRunner) -> None:
    runner.invoke(args=[*ADD, "--password-stdin"], input=PASSWORD)
    for command, is_allowed in (("allow-provider", True), ("forbid-provider", False)):
        result = runner.invoke(args=["user", command, ANN])
        assert result.exit_code == 0
        assert result.output.startswith(f"{ANN} can")
        assert User.get().may_use_provider is is_allowed
    events = [event.event for event in AuditEvent.select().where(AuditEvent.about == ANN).order_by(AuditEvent.id)]
    assert events[-2:] == ["provider allowed", "provider forbidden"]


def test_reset_factor(runner: FlaskCliRunner, app: Flask, clock: Clock) -> None:
    runner.invoke(args=[*ADD, "--password-stdin"], input=PASSWORD)
    set_up(app, User.get(), clock)
    results = [runner.invoke(args=["user", "reset-factor", ANN]) for _ in range(2)]
    assert [result.exit_code for result in results] == [0, 1]
    assert f"{ANN} has no second factor" in results[1].stderr
    assert not SecondFactor.select().exists()
    events = AuditEvent.select().where(AuditEvent.event == "second factor reset")
    assert [event.about for event in events] == [ANN]


def test_commands_are_audited(runner: FlaskCliRunner) -> None:
    file = str(EDGE_CASES / "customer-subscriptions.csv")
    runner.invoke(args=ADD)
    runner.invoke(args=["user", "password", ANN])
    runner.invoke(args=["import", "customer-subscriptions", file, "--dry-run"])
    runner.invoke(args=["import", "customer-subscriptions", file])
    runner.invoke(args=["import", "customer-usage", file])
    runner.invoke(args=["export", "customer-usage", "sort=-used"])
    events = list(AuditEvent.select().order_by(AuditEvent.id))
    assert [(event.event, event.outcome, event.about) for event in events] == [
        ("user added", "done", ANN),
        ("password replaced", "done", ANN),
        ("import", "done", f"customer-subscriptions {file}"),
        ("import", "failed", f"customer-usage {file}"),
        ("export", "begun", "/reports/customer-usage.csv?sort=-used"),
        ("export", "done", "/reports/customer-usage.csv?sort=-used"),
    ]
    assert all(event.who.endswith("(command line)") for event in events)
    assert json.loads(events[2].details)["unchanged"] == 8


def test_names_do_not_control_the_terminal(runner: FlaskCliRunner) -> None:
    Reseller.update(name="\x1b]0;owned\x07\x9b31m\n\t\u202eevil").where(Reseller.name == "Zebra Resale").execute()
    name = Reseller.get(Reseller.name.contains("owned")).name
    assert runner.invoke(args=["user", "add", ANN, "--role", "viewer", "--reseller", name]).exit_code == 0
    listed = runner.invoke(args=["user", "list"]).stdout
    assert listed == f"{ANN}\tviewer\tcustomers of \\x1b]0;owned\\x07\\x9b31m\\n\\t\\u202eevil\tenabled\tcosts\n"
    for arguments in (["disable", "\x1b[2J"], ["add", "\x1b[2J", "--role", "viewer"]):
        refused = runner.invoke(args=["user", *arguments])
        assert refused.exit_code == 1
        assert "\\x1b[2J" in refused.stderr
        assert "\x1b" not in refused.output
