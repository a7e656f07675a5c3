"""Count rows, and choose how to find them.

`choose_strategy` counts a filtered view's matches, but no further than COUNT_LIMIT + 1:

* up to SORT_LIMIT matches: find them through the filter's index and sort them;
* more: scan the sort index and skip what doesn't match. Among many matches the scan soon fills a page. Where they lie
  far apart it exceeds its budget (SQLite's progress handler, PostgreSQL's statement_timeout), and `app.table.rows`
  sorts the matches after all.

Counts are cached until the next import. A page shows "more than 25,000" instead of waiting for an exact count, which
the browser fetches afterwards.
"""

from dataclasses import replace

from app.table.cache import cached, cached_until_import
from app.table.query import RowQuery
from models import reports_db

COUNT_LIMIT = 25_000  # rows that a page counts before it is shown
SORT_LIMIT = 5_000  # matches up to which sorting them is faster than scanning an index of a million rows
_LONG_SCAN = 4  # times the default scan budget, for more than COUNT_LIMIT matches: sorting those takes longer, too


def choose_strategy(query: RowQuery) -> RowQuery:
    """The same rows with `sort_matches` and `scan_budget` set for the fewest reads."""
    if query.is_unfiltered:
        return query
    matches = _cached_count(query, COUNT_LIMIT + 1)
    return replace(query, sort_matches=matches <= SORT_LIMIT, scan_budget=_LONG_SCAN if matches > COUNT_LIMIT else 1)


def count_if_quick(query: RowQuery) -> int | None:
    """The exact count if it is cached or at most COUNT_LIMIT; else None."""
    exact: int | None = cached((query.cache_key, None))
    if exact is not None:
        return exact
    count = _cached_count(query, COUNT_LIMIT + 1)
    return count if count <= COUNT_LIMIT else None


def count_rows(query: RowQuery) -> int:
    """The exact count, however long it takes."""
    return _cached_count(query, None)


def _cached_count(query: RowQuery, at_most: int | None) -> int:
    key = (query.cache_key, at_most)
    count: int = cached_until_import(key, lambda: reports_db.execute(query.count(at_most)).fetchone()[0])
    return count
