"""A PostgreSQL that restarts, stops, refuses or hangs up under a running server."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.serving import command, server
from tests.support import EDGE_CASES
from tests.trials.conftest import Trial
from tests.trials.server_faults import FAULTS, Postgres
from tests.trials.visitors import Visitors, install

pytestmark = pytest.mark.slow_trial


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A PostgreSQL of its own, with rows."""
    with TemporaryDirectory(prefix="pg") as folder:
        postgres = Postgres(Path(folder))
        install(DATABASE_URL=postgres.address)
        yield postgres
        postgres.close()


def test_postgresql_faults(trial: Trial, own: Postgres, tmp_path: Path) -> None:
    """A PostgreSQL that doesn't answer is a 503, never a wrong answer, and is found again without a restart."""
    faults = FAULTS * trial.rounds(2, 1)
    with (tmp_path / "log").open("wb") as log, server(log, DATABASE_URL=own.address) as address:
        visitors = Visitors(address)
        for fault in faults:
            with visitors.meeting(fault(own), fault.__name__) as answers:
                pass
            assert not all(each.is_well for each in answers), fault.__name__
    text = (tmp_path / "log").read_text(errors="replace")
    assert "Unexpected at" not in text
    trial.tell(*visitors.told(f"{len(faults)} faults of PostgreSQL"))


def test_start_without_postgresql(trial: Trial, own: Postgres, tmp_path: Path) -> None:
    """Without its database nothing starts, and everything says why."""
    own.stop("fast")
    for arguments in (
        ["user", "list"],
        ["migrate"],
        ["import", "customer-usage", str(EDGE_CASES / "customer-usage.csv")],
    ):
        with command(*arguments, DATABASE_URL=own.address) as process:
            _, error = process.communicate(timeout=60)
        assert process.returncode == 1
        assert error.startswith("Error: The database can't be used: connection ")
        assert error.count("\n") == 1
    started = pytest.raises(AssertionError, match="didn't start")
    with (tmp_path / "log").open("wb") as log, started, server(log, DATABASE_URL=own.address):
        pass
    assert (tmp_path / "log").read_text().startswith("Error: The database can't be used: connection ")
    own.start()
    trial.tell("the server and 3 commands while PostgreSQL is down", "each says why in one line, exit 1")
