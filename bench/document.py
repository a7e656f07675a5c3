"""Format the results and write docs/benchmarks.md."""

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from cysqlite import sqlite_version

PATH = Path(__file__).parents[1] / "docs" / "benchmarks.md"
MISSED = " !"  # stands behind a figure that misses its bound
_PEERS = "\n## Peers\n"  # the last section, which is written by hand


def write_results(text: str) -> None:
    """Replace everything before the peers' section."""
    _, heading, peers = PATH.read_text().partition(_PEERS)
    PATH.write_text(f"{text.rstrip()}\n{heading}{peers}")


def section(heading: str, *parts: str) -> str:
    """A heading, with paragraphs and tables below it."""
    lines = (part if part.startswith("|") else fill(part, 120, break_on_hyphens=False) for part in parts)
    return "\n\n".join([f"### {heading}", *lines])


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1) -> str:
    """A Markdown table. The first `text_columns` are aligned to the left, the others, which are numbers, to the right.

    >>> print(table(("page", "ms"), [("first", "1.5")]))
    | page  |  ms |
    | ----- | --: |
    | first | 1.5 |
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    rule = ["-" * width if index < text_columns else f"{'-' * (width - 1)}:" for index, width in enumerate(widths)]
    aligned = [f"{{:{'<' if index < text_columns else '>'}{width}}}" for index, width in enumerate(widths)]
    line = f"| {' | '.join(aligned)} |"
    return "\n".join(line.format(*row) for row in (headings, rule, *rows))


def mark(value: float, bound: float, digits: int = 1, at_least: bool = False) -> str:
    """A figure, marked when it misses its bound: `bound` is the most, or with `at_least` the least."""
    missed = value < bound if at_least else value > bound
    return f"{value:,.{digits}f}{MISSED if missed else ''}"


def machine() -> str:
    """What the figures depend on, without names: cores, load and versions."""
    cli = subprocess.run(["sqlite3", "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    cores = f"{os.cpu_count()} cores {platform.machine()}, load {os.getloadavg()[0]:.1f} at the beginning"
    return f"{cores}, Python {platform.python_version()}, SQLite {sqlite_version}, sqlite3 {cli}"
