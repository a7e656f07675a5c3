"""CPU of the server for a page in every order, against the bare route: `python -m bench.pages DATABASE REPORT …`."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.bare import floor
from bench.databases import opened, signed_in
from bench.paper import held, say, show
from bench.ratios import ASKED, WARMED, Ratio, compared, summary
from bench.server import ALONE, OURS, Server, serving
from bench.views import DIRECTIONS, Shown, address, everything, places

_ABOUT = """Every report by every column, in both directions, asked by an admin of the whole partner. The bare route
shows 50 rows of 11 cells; usage shows 6 to 9, the others 10 or 11. The last page is the
last full one."""

BOUND, SUMS_BOUND = 2.5, 50
"""Times the bare route, and milliseconds for a page of certificate types."""

_SUMS = 1
"""The level of certificate types, which has a bound of its own."""


def main(path: Path, *slugs: str) -> None:
    """Measure all reports, or those that are named."""
    pages = [shown for shown in everything() if not slugs or shown.report.slug in slugs]
    cookie = signed_in(opened(path))
    with ExitStack() as stack:
        ours = stack.enter_context(serving(OURS, path, cookie, *ALONE))
        least = stack.enter_context(serving(f"bench.bare:bare('{path}')", path, "", *ALONE))
        say("Pages", _ABOUT)
        summary((ratio for shown in pages if shown.level != _SUMS for ratio in _ratios(shown, ours, least)),
                "bare", BOUND)  # fmt: skip
        _sums(ours, [shown for shown in pages if shown.level == _SUMS])


def _ratios(shown: Shown, ours: Server, least: Server) -> Iterator[Ratio]:
    for sort, place, page in _pages(shown):
        yield compared((str(shown), sort, place), (ours, page), (least, floor(shown.report)), BOUND)


def _pages(shown: Shown) -> Iterator[tuple[str, str, str]]:
    for column in shown.columns():
        for sort in (sign + column.key for sign in DIRECTIONS):
            for place, view in places(shown.view(sort)):
                yield sort, place, address(view)


def _sums(ours: Server, pages: list[Shown]) -> None:
    """Pages of certificate types have a bound in milliseconds."""
    costs = {}
    for shown in pages:
        for sort, place, page in _pages(shown):
            ours.cost(page, WARMED)
            costs[f"{shown}, {place}, {sort}"] = ours.cost(page, ASKED)
    worst, best = max(costs, key=lambda page: costs[page]), min(costs, key=lambda page: costs[page])
    rows = [
        (f"{which}: {page}", held(costs[page], SUMS_BOUND, 2)) for which, page in (("worst", worst), ("best", best))
    ]
    show((f"page of 50, CPU of the server, of {len(costs)}", f"ms (≤ {SUMS_BOUND})"), rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
