"""The document of what was measured: written by two commands, each of which keeps what the other wrote."""

import re
from pathlib import Path

import pytest

from bench import document


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "benchmarks.md"
    monkeypatch.setattr(document, "PATH", path)
    return path


def test_each_command_keeps_what_the_other_wrote(written: Path) -> None:
    document.write_ours("# Benchmarks\n\nours")
    assert written.read_text() == "# Benchmarks\n\nours\n\n## Peers\n\nNot measured yet: `make bench-peers`.\n"
    document.write_peers("theirs")
    document.write_ours("# Benchmarks\n\nours again\n")
    assert written.read_text() == "# Benchmarks\n\nours again\n\n## Peers\n\ntheirs\n"
    document.write_peers("theirs again\n\n")
    assert written.read_text() == "# Benchmarks\n\nours again\n\n## Peers\n\ntheirs again\n"


def test_the_machine_is_told_and_no_place_on_it() -> None:
    text = document.PATH.read_text()
    assert re.search(r"\d+ cores \S+, load [\d.]+ at .+, Python 3[\d.]+, SQLite 3[\d.]+, sqlite3 3[\d.]+", text)
    assert not re.search(r"(?<!\w)/(home|root|tmp|work|Users)/", text)


def test_what_misses_its_bound_is_marked_and_counted() -> None:
    text = document.PATH.read_text()
    missed = len(re.findall(re.escape(document.MISSED) + r" +\|", text))
    assert f"\n{missed or 'No'} figures miss their bound.\n" in text
