"""The benchmarks' document, and how two measures are compared."""

from pathlib import Path

import pytest

from bench import document
from bench.timing import compare


def test_new_results_keep_the_peers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    monkeypatch.setattr(document, "PATH", path)
    path.write_text("# Benchmarks\n\nold\n\n## Peers\n\ntheirs\n")
    document.write_results("# Benchmarks\n\nnew\n\n")
    assert path.read_text() == "# Benchmarks\n\nnew\n\n## Peers\n\ntheirs\n"


def test_table_aligns_texts_left_and_numbers_right() -> None:
    lines = document.table(("page", "ms"), [("first", "1.5"), ("last", "12.5")]).splitlines()
    assert lines == ["| page  |   ms |", "| ----- | ---: |", "| first |  1.5 |", "| last  | 12.5 |"]


def test_figures_that_miss_their_bound_are_marked() -> None:
    assert [document.mark(2.0, 2.0), document.mark(2.1, 2.0)] == ["2.0", "2.1 !"]
    assert [document.mark(15_000, 15_000, 0, at_least=True), document.mark(0.2, 0.3, 2, at_least=True)] == [
        "15,000",
        "0.20 !",
    ]


def test_comparison_takes_the_least_of_its_rounds() -> None:
    ours, base = iter([5.0, 2.0]), iter([1.0, 3.0])
    assert compare(lambda: next(ours), lambda: next(base), bound=2, rounds=2) == (2.0, 1.0)


def test_comparison_measures_longer_what_misses_its_bound() -> None:
    ours, base = iter([5.0, 4.0, 3.0, 1.5]), iter([1.0, 1.0, 1.0, 1.0])
    assert compare(lambda: next(ours), lambda: next(base), bound=2, rounds=1) == (1.5, 1.0)
