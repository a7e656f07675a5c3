"""A backup of the edge cases."""

from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from app.auth import users
from app.auth.users import find_user
from app.auth.visitor import Visitor
from app.saved_views import save_view
from tests.support import BY


@pytest.fixture
def backup(edge_cases: None, runner: FlaskCliRunner, tmp_path: Path) -> Path:
    """A backup of the edge cases and of one user, an admin with a saved view."""
    users.add_user(BY, "ann@partner.example", "admin", None)
    ann = find_user("ann@partner.example")
    assert ann
    save_view(Visitor(ann.id, ann.email, "admin", None, False, ""), "customer-usage", "Mine", "sort=-used")
    file = tmp_path / "backup"
    result = runner.invoke(args=["backup", str(file)])
    assert (result.exit_code, result.stderr) == (0, "")
    return file
