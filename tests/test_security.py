"""docs/security.md tells the truth: every requirement of ASVS level 1 is there, and the tests that it names exist."""

import ast
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from app.auth import throttle
from app.auth.users import TEMPORARY_DAYS
from app.settings import Settings
from models import User

ROOT = Path(__file__).parent.parent
SECURITY = (ROOT / "docs/security.md").read_text("utf-8")
LEVEL_1 = [
    "1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5", "1.3.1", "1.3.2", "1.5.1", "2.1.1", "2.2.1", "2.2.2", "2.3.1",
    "3.2.1", "3.2.2", "3.3.1", "3.4.1", "3.4.2", "3.5.1", "3.5.2", "3.5.3", "4.1.1", "4.4.1", "5.2.1", "5.2.2",
    "5.3.1", "5.3.2", "6.1.1", "6.2.1", "6.2.2", "6.2.3", "6.2.4", "6.2.5", "6.2.6", "6.2.7", "6.2.8", "6.3.1",
    "6.3.2", "6.4.1", "6.4.2", "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.4.1", "7.4.2", "8.1.1", "8.2.1", "8.2.2",
    "8.3.1", "9.1.1", "9.1.2", "9.1.3", "9.2.1", "10.4.1", "10.4.2", "10.4.3", "10.4.4", "10.4.5", "11.3.1",
    "11.3.2", "11.4.1", "12.1.1", "12.2.1", "12.2.2", "13.4.1", "14.2.1", "14.3.1", "15.1.1", "15.2.1", "15.3.1",
]  # fmt: skip


def rows() -> list[list[str]]:
    """Requirement and proof, of each row of the table of level 1."""
    table = SECURITY.partition("## Level 1")[2].partition("## What is missing")[0]
    return [re.split(r" \| ", line.strip("| ")) for line in table.splitlines() if re.match(r"\| \d", line)]


def test_every_requirement_of_level_1_is_listed_once() -> None:
    listed = [number for requirement, _ in rows() for number in re.findall(r"\d+\.\d+\.\d+", requirement)]
    assert listed == LEVEL_1
    assert len(LEVEL_1) == 70


def test_every_requirement_names_tests_or_says_why_there_is_none() -> None:
    for requirement, proof in rows():
        reasons = ("does not apply", "do not apply", "the same", "by hand")
        assert "::" in proof or proof.startswith(reasons), requirement


@pytest.mark.parametrize("test", sorted(set(re.findall(r"`([\w/]+\.py::\w+)`", SECURITY))))
def test_a_test_that_is_named_exists(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_limits_on_guessing_are_the_documented_ones() -> None:
    for text in (
        f"the {throttle.MAX_PER_ACCOUNT + 1}th attempt at an account",
        f"the {throttle.MAX_PER_ADDRESS + 1}th from one address",
        f"within {throttle.WINDOW // 60} minutes",
        f"works for {TEMPORARY_DAYS} days",
        "no one can lock somebody else out",
    ):
        assert text in " ".join(SECURITY.split())


def test_the_lifetimes_of_sessions_are_the_documented_ones() -> None:
    settings = Settings.read({"SECRET_KEY": "k" * 32})
    for name, hours in (("SESSION_IDLE_HOURS", settings.session_idle_hours), ("SESSION_HOURS", settings.session_hours)):
        assert f"`{name}` ({hours})" in " ".join(SECURITY.split())
        assert f"`{name}` | `{hours}`" in (ROOT / "README.md").read_text("utf-8")


def test_what_input_may_be_is_documented() -> None:
    reference = (ROOT / "docs/reference.md").read_text("utf-8")
    assert all(part in reference for part in ("## The query string", "## Import files", "## Accounts"))


def test_time_frames_for_updates_are_documented() -> None:
    updates = " ".join(SECURITY.partition("**Updates**")[2].split())
    assert re.search(r"within \d+ days, others within \d+", updates)


def test_a_new_installation_has_no_account(runner: FlaskCliRunner, stranger: FlaskClient) -> None:
    assert runner.invoke(args=["user", "list"]).output == ""
    assert stranger.get("/reports").status_code == 401


def test_nothing_but_a_password_is_kept_to_know_somebody_by() -> None:
    kept = set(User._meta.fields)
    assert kept == {
        "id", "email", "email_key", "password_hash", "role", "reseller", "disabled", "temporary_until", "created_at",
    }  # fmt: skip
