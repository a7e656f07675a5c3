"""CPU time for the first page of groups, cold and warm, and memory for many groups."""

from functools import partial
from pathlib import Path
from time import process_time
from urllib.parse import parse_qsl

from app.reports import REPORTS
from app.table import cache
from app.table.groups import MAX_ROWS_AT_ONCE, groups_cache
from app.table.paging import read_page
from app.table.params import parse_view
from app.table.scope import WHOLE_PARTNER
from bench.databases import open_app, sign_in
from bench.document import mark, section, table
from bench.server import OURS, serve
from bench.timing import seconds
from models import Transaction

ONE_BOUND, MANY_BOUND, LARGE_BOUND, WARM_BOUND = 300, 2000, 5000, 50  # ms
MEMORY_BOUND = 100  # MB

_ABOUT = f"""The first page of groups, in the process: when nothing is in memory, and when the groups are. With more
than {MAX_ROWS_AT_ONCE:,} transactions the page comes first, and asks for its groups."""
_SEVERAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("customer-transactions", ("month", "action")),
    ("customer-transactions", ("month", "reseller", "action")),
    ("customer-transactions", ("month", "reseller", "product")),
    ("customer-transactions", ("month", "user", "action")),
    ("customer-transactions", ("reseller", "product", "action")),
    ("customer-subscriptions", ("month", "reseller", "status")),
    ("customer-usage", ("reseller", "certificate_type", "product")),
)
_MANY = "/reports/customer-transactions?group=month&group=user&group=action"


def measure_groups(path: Path, rounds: int) -> str:
    app = open_app(path)
    is_large = Transaction.select().count() > MAX_ROWS_AT_ONCE
    one, many = (LARGE_BOUND, LARGE_BOUND) if is_large else (ONE_BOUND, MANY_BOUND)
    ones = [(report.slug, (key,)) for report in REPORTS.values() for key in report.dimensions_by_key]
    rows = [_measure(slug, keys, one, rounds) for slug, keys in ones]
    rows += [_measure(slug, keys, many, rounds) for slug, keys in _SEVERAL]
    with serve(OURS, path, sign_in(app), workers=1) as server:
        server.get("/reports/customer-transactions")
        before = server.memory("VmRSS")
        server.get(f"{_MANY}&wait=1")
        growth = server.memory("VmHWM") - before
    headings = ("groups", "number", "cold, ms", "bound", f"warm, ms (≤ {WARM_BOUND})")
    about = (
        f"Such a page adds {mark(growth, MEMORY_BOUND)} MB to the peak of a new worker (≤ {MEMORY_BOUND} MB): {_MANY}"
    )
    return section(f"Groups of {int(path.stem):,} transactions", _ABOUT, table(headings, rows), about)


def _measure(slug: str, keys: tuple[str, ...], bound: int, rounds: int) -> tuple[str, ...]:
    view = parse_view(REPORTS[slug], parse_qsl("&".join(f"group={key}" for key in keys)))[0]
    read, cold, warm = partial(read_page, view, WHOLE_PARTNER), [], []
    for _ in range(rounds):
        for each in (cache.results_cache, groups_cache):
            each.clear()
        cold.append(seconds(read, process_time) * 1000)
        warm.append(seconds(read, process_time) * 1000)
    name = f"{slug.removeprefix('customer-')} by {', '.join(keys)}"
    number, limit = f"{read().total:,}", f"≤ {bound:,}"
    return name, number, mark(min(cold), bound, 0), limit, mark(min(warm), WARM_BOUND)
