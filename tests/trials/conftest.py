"""Trials: tests that try to break the application as its users run it. `make trials` runs them with the full numbers.

A trial's docstring begins with the promise that it tries to break. It asks the fixture `trial` how often to try, and
tells it what was tried and what was lost; docs/reliability.md is made of that.
"""

from collections.abc import Generator
from random import Random, SystemRandom
from typing import Any

import pytest

from bench.document import machine
from tests.trials import document
from tests.trials.document import Row

_ROWS = pytest.StashKey[dict[str, Row]]()
_SEED = pytest.StashKey[int]()
_MACHINE = pytest.StashKey[str]()
_LEFT_OUT = pytest.StashKey[bool]()


class Trial:
    """`dice` rolls the same for the same `seed`."""

    def __init__(self, full: bool, seed: int, row: Row) -> None:
        self.seed, self.dice = seed, Random(seed)
        self._full, self._row = full, row

    def rounds(self, full: int, brief: int) -> int:
        """How often to try: `full` under `make trials`, `brief` in `make test`."""
        return full if self._full else brief

    def tell(self, tried: str, lost: str) -> None:
        """What was tried and how often, and what was lost by it."""
        self._row.told.append((tried, lost))


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Trial:
    config = request.config
    return Trial(_full(config), config.stash[_SEED], config.stash[_ROWS][request.node.nodeid])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Roll dice: for `make test` always the same, for `make trials` others each time."""
    seed = config.getoption("seed")
    config.stash[_SEED] = (SystemRandom().randrange(2**32) if _full(config) else 1) if seed is None else seed
    if _full(config):
        config.stash[_MACHINE] = machine()
    config.stash[_ROWS] = {item.nodeid: Row(_promise(item)) for item in items if _is_trial(item)}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _is_trial(item):
        row = item.config.stash[_ROWS][item.nodeid]
        row.seconds += report.duration
        row.ran = True
        if report.skipped:
            assert isinstance(report.longrepr, tuple)
            row.told = [("not tried here", str(report.longrepr[-1]).removeprefix("Skipped: "))]
        elif report.failed:
            row.failed = True
            report.sections.append(("seed", f"repeat with --seed {item.config.stash[_SEED]}"))
    return report


def pytest_deselected(items: list[pytest.Item]) -> None:
    for item in items:
        item.config.stash[_LEFT_OUT] = True


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the document when every trial ran."""
    config, rows = session.config, list(session.config.stash.get(_ROWS, {}).values())
    left_out = config.stash.get(_LEFT_OUT, False) or config.args != ["tests/trials"]
    if _full(config) and rows and not left_out and all(row.ran for row in rows):
        document.write(rows, config.stash[_SEED], config.stash[_MACHINE])


def _full(config: pytest.Config) -> bool:
    return bool(config.getoption("trials"))


def _is_trial(item: pytest.Item) -> bool:
    return "trial" in getattr(item, "fixturenames", ())


def _promise(item: Any) -> str:
    """The first line of the trial's docstring, and its parameters."""
    promise = item.function.__doc__.partition("\n")[0].rstrip(".")
    return f"{promise} ({item.callspec.id})" if hasattr(item, "callspec") else promise
