"""CPU of the server for the same pages of a small and of large databases: `python -m bench.growth SMALL LARGE …`."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.databases import opened, signed_in
from bench.paper import say
from bench.ratios import compared, summary
from bench.server import ALONE, OURS, Server, serving
from bench.views import Shown, address, everything, places

_ABOUT = "The same pages by the default sort, Customer, Reseller and Cost, of large databases and of the smallest."

BOUND = 1.3
_SORTS = ("customer", "reseller", "cost")

Pages = dict[tuple[str, str, str], str]


def main(small: Path, *large: Path) -> None:
    say("Growth", _ABOUT)
    for path in large:
        with ExitStack() as stack:
            (least, floors), (most, pages) = (_served(stack, each) for each in (small, path))
            measured = [compared(what, (most, page), (least, floors[what]), BOUND) for what, page in pages.items()]
        say("", f"{int(path.stem):,} transactions against {int(small.stem):,}:")
        summary(measured, "small", BOUND)


def _served(stack: ExitStack, path: Path) -> tuple[Server, Pages]:
    """A server on this database, and the addresses of its pages: where a deep one begins is its own."""
    cookie = signed_in(opened(path))
    pages = {what: page for shown in everything() for what, page in _pages(shown)}
    return stack.enter_context(serving(OURS, path, cookie, *ALONE)), pages


def _pages(shown: Shown) -> Iterator[tuple[tuple[str, str, str], str]]:
    for sort in dict.fromkeys((shown.report.default_sort, *_SORTS)):
        if sort.removeprefix("-") in shown.report.columns_by_key:
            for place, view in places(shown.view(sort)):
                yield (str(shown), sort, place), address(view)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
