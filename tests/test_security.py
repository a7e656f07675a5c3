"""docs/security.md covers ASVS level 1, and its links lead to files that exist."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from models import User

DOCUMENT = Path(__file__).parent.parent / "docs/security.md"
TEXT = DOCUMENT.read_text("utf-8")
LEVEL_1 = [
    "1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5", "1.3.1", "1.3.2", "1.5.1", "2.1.1", "2.2.1", "2.2.2", "2.3.1",
    "3.2.1", "3.2.2", "3.3.1", "3.4.1", "3.4.2", "3.5.1", "3.5.2", "3.5.3", "4.1.1", "4.4.1", "5.2.1", "5.2.2",
    "5.3.1", "5.3.2", "6.1.1", "6.2.1", "6.2.2", "6.2.3", "6.2.4", "6.2.5", "6.2.6", "6.2.7", "6.2.8", "6.3.1",
    "6.3.2", "6.4.1", "6.4.2", "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.4.1", "7.4.2", "8.1.1", "8.2.1", "8.2.2",
    "8.3.1", "9.1.1", "9.1.2", "9.1.3", "9.2.1", "10.4.1", "10.4.2", "10.4.3", "10.4.4", "10.4.5", "11.3.1",
    "11.3.2", "11.4.1", "12.1.1", "12.2.1", "12.2.2", "13.4.1", "14.2.1", "14.3.1", "15.1.1", "15.2.1", "15.3.1",
]  # fmt: skip


def test_level_1_is_complete() -> None:
    rows = [line.split("|")[1] for line in TEXT.splitlines() if re.match(r"\| \d", line)]
    assert [number for row in rows for number in re.findall(r"\d+\.\d+\.\d+", row)] == LEVEL_1


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)[)#]", TEXT))))
def test_links_lead_to_files(link: str) -> None:
    assert (DOCUMENT.parent / link).is_file()


def test_new_installation_has_no_account(runner: FlaskCliRunner, stranger: FlaskClient) -> None:
    assert runner.invoke(args=["user", "list"]).output == ""
    assert stranger.get("/reports").status_code == 401


def test_accounts_have_no_hints_or_secret_questions() -> None:
    assert set(User._meta.fields) == {
        "id", "email", "email_key", "password_hash", "role", "reseller", "disabled", "temporary_until", "created_at",
        "may_use_provider", "may_see_costs",
    }  # fmt: skip
