"""What these tests share: a backup of the nasty set."""

from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from app.access import accounts
from app.access.faults import find
from app.access.views import save
from app.access.visitor import Visitor
from tests.support import BY


@pytest.fixture
def kept(nasty: None, runner: FlaskCliRunner, tmp_path: Path) -> Path:
    """A backup of the nasty set, with an admin who has a view."""
    accounts.add(BY, "ann@partner.example", "admin", None)
    ann = find("ann@partner.example")
    assert ann
    save(Visitor(ann.id, ann.email, "admin", None, False, ""), "customer-usage", "Mine", "sort=-used")
    file = tmp_path / "kept"
    result = runner.invoke(args=["backup", str(file)])
    assert (result.exit_code, result.stderr) == (0, "")
    return file
