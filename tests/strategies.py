"""Random views of a report, with values that its rows have and some that they don't, and the ways to read them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from app.reports import REPORTS
from app.reports.periods import PERIODS
from app.table import counts
from app.table.view import PAGE_SIZES
from models import sqlite
from tests.support import view_of

_NAMES = ["Zebra Resale", "North, Ltd", "@home", "-", "nobody"]
_VALUES = {
    "q": [
        "a",
        "twin",
        "ÅNGSTROM",
        "lodz",
        "北京",
        "s-",
        "S-1",
        "c-",
        "t-1",
        "%",
        "_",
        "'",
        '"',
        "\\",
        "resale",
        " ",
        "\u0301",
    ],
    "customer": ["C-1", "c-1", "C-5", "none"],
    "name": ["Twin", "twin", "Łódź Trust"],
    "subscription": ["S-1", "s-1", "S-unknown", "x"],
    "reseller": _NAMES,
    "from": ["1900-01-01", "2020-01-01", "2025-05-05", "2025-05-06", "2999-01-01"],
    "to": ["9999-12-31", "2999-01-01"],
    "period": list(PERIODS),
    "status": ["Active", "Ended", "Cancelled"],
    "usage": ["over", "near"],
    "action": ["Renewal Inventory", "Inventory", "Renew", "Cancel"],
    "product": ["DV Single", "dv single", "EV Wildcard", "Code 日本", "-EV", "none"],
    "subscription_name": ["DV Single", "none"],
    "user": ["System", "Ann", "-", "--", "none"],
    "products": ["DV Single", "-", "none"],
    "inventory": ["any"],
    "certificate_type": ["-", "SSL", "client", "ssl", "=Type, odd", "none"],
}

# Days on which a view may be asked for, many of them near those of the edge cases.
days = st.dates(date(2019, 1, 1), date(2027, 12, 31)) | st.sampled_from(
    [date(2024, 2, 29), date(2024, 3, 31), date(2025, 5, 5), date(2025, 6, 1), date(2026, 3, 1), date(2999, 1, 1)]
)
TRIALS = "trials"  # the profile of Hypothesis for make trials

SORT, SCAN, SCAN_OVER_BUDGET = "sort the matches", "scan", "scan over budget"
engine_strategies = st.sampled_from([SORT, SCAN, SCAN_OVER_BUDGET])


@contextmanager
def forced(strategy: str) -> Iterator[None]:
    """Make the engine read filtered rows by this strategy."""
    with pytest.MonkeyPatch.context() as patch:
        if strategy != SORT:
            patch.setattr(counts, "SORT_LIMIT", -1)
        if strategy == SCAN_OVER_BUDGET:
            patch.setattr(sqlite, "_INSTRUCTIONS_PER_CHECK", 1)
        yield


def are_trials() -> bool:
    """Return whether `make trials` runs."""
    return settings.get_current_profile_name() == TRIALS


def examples(number: int) -> settings:
    """So many examples, always the same; `make trials` rolls twenty times as many, each time others.

    All are in the database that the test's fixtures have filled.
    """
    return settings(max_examples=number * (20 if are_trials() else 1))


Query = list[tuple[str, str]]


@st.composite
def queries(draw: st.DrawFn, slug: str) -> Query:
    """A valid query string of a report, with any of its keys."""
    report = REPORTS[slug]
    columns = draw(st.lists(st.sampled_from(list(report.columns_by_key)), unique=True))
    view = view_of(slug, [("columns", key) for key in columns])
    query = [("columns", key) for key in columns]
    if draw(st.booleans()):
        query.append(("sort", draw(st.sampled_from(["", "-"])) + draw(st.sampled_from(view.columns)).key))
    if draw(st.booleans()):
        query.append(("size", str(draw(st.sampled_from(PAGE_SIZES)))))
    known = [key for key in report.filters_by_key if key in _VALUES]
    keys = draw(st.lists(st.sampled_from(known), unique=True, max_size=3)) if known else []
    if "period" in keys:
        keys = [key for key in keys if key not in ("from", "to")]
    return query + [(key, draw(st.sampled_from(_VALUES[key]))) for key in keys]
