"""Imports and undos in any order."""

import pytest
from hypothesis import HealthCheck, given, settings

from models import close_connections, open_database
from tests.databases import each_database as database_url
from tests.importing.test_undo import PHASES, STEPS, check_steps
from tests.trials.conftest import Trial

__all__ = ["database_url"]


@pytest.mark.slow_trial
def test_imports_and_undos(trial: Trial, database_url: str) -> None:
    """Undoing an import gives back what every row was."""
    open_database(database_url)
    checks = settings(deadline=None, max_examples=300, phases=PHASES, suppress_health_check=list(HealthCheck))
    checks(given(STEPS)(check_steps))()
    close_connections()
    trial.tell(
        "300 sequences of up to 12 imports and undos of small files that share customers, names and IDs",
        "0 differences of exports, of sums and of what the history says; in the end all was undone",
    )
