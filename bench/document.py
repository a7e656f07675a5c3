"""docs/benchmarks.md: what `make bench` measured, and behind it what `make bench-peers` did. Each keeps the other's."""

import os
import platform
import subprocess
from pathlib import Path

from cysqlite import sqlite_version  # type: ignore[attr-defined]

PATH = Path(__file__).parents[1] / "docs" / "benchmarks.md"
MISSED = " !"
_PEERS = "\n## Peers\n"
_NO_PEERS = "\nNot measured yet: `make bench-peers`.\n"


def write_ours(text: str) -> None:
    PATH.write_text(f"{text.rstrip()}\n{_PEERS}{_parts()[1]}")


def write_peers(text: str) -> None:
    PATH.write_text(f"{_parts()[0]}{_PEERS}\n{text.rstrip()}\n")


def _parts() -> tuple[str, str]:
    ours, _, peers = PATH.read_text().partition(_PEERS) if PATH.exists() else ("", "", "")
    return ours, peers or _NO_PEERS


def machine() -> str:
    """What the figures depend on, and nothing that names whose machine it is."""
    cli = subprocess.run(["sqlite3", "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    cores = f"{os.cpu_count()} cores {platform.machine()}, load {os.getloadavg()[0]:.1f} at the beginning"
    return f"{cores}, Python {platform.python_version()}, SQLite {sqlite_version}, sqlite3 {cli}"
