"""docs/reliability.md: what was tried to break the promises that are made, and what was lost by it."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.document import MISSED
from tests.serving import ROOT

PATH = ROOT / "docs" / "reliability.md"

_HEAD = """# Reliability

What `make trials` tried in one run, against gunicorn with its own settings, real files and commands in processes of
their own; `SEED={seed} make trials` rolls the same dice again.{marks} Trials that hold no bounds of time and take under
20 s with smaller numbers also run in `make test`, with those.

{failed}

Version {version}. The machine: {machine}. Seed {seed}.
"""
_BESIDE = """
Nobody sees another reseller's rows: two resellers have marked names in every column, and every route is asked with
every id of the other. `tests/web/test_scope.py` tries it in `make test` as an admin of one and a viewer of the other;
`tests/trials/test_scope.py` does so with all queries.
"""


@dataclass
class Row:
    """One trial. `seconds` is the wall time of all that it did."""

    promise: str
    told: list[tuple[str, str]] = field(default_factory=list)
    ran: bool = False
    failed: bool = False
    seconds: float = 0


def write(rows: Sequence[Row], seed: int, machine: str) -> None:
    """Put the document in its place, whole."""
    failed = sum(row.failed or not row.told for row in rows)
    head = _HEAD.format(
        seed=seed,
        version=_version(),
        machine=machine,
        failed=f"{failed or 'No'} trial{'s' * (failed > 1)} failed.",
        marks=f" `{MISSED}` marks what failed." if failed else "",
    )
    table = ["| promise | what was tried | what was lost | seconds |", "|---|---|---|--:|"]
    table += [f"| {' | '.join(cells)} |" for row in rows for cells in _cells(row)]
    draft = PATH.with_suffix(".unfinished")
    draft.write_text("\n".join([head, *table, _BESIDE]))
    draft.replace(PATH)


def _cells(row: Row) -> list[tuple[str, ...]]:
    """A line for each thing that a trial told; one that failed, or told nothing, is marked."""
    failed = [("failed", f"see the run{MISSED}")] if row.failed else []
    told = failed or row.told or [("told nothing", MISSED.strip())]
    return [
        (row.promise if not n else "", *each, f"{row.seconds:,.0f}" if not n else "") for n, each in enumerate(told)
    ]


def _version() -> str:
    """What git calls this state of the code."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
