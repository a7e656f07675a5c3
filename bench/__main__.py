"""Measure the application and write docs/benchmarks.md: `make bench`, or `make bench SIZES="10000 1000000 10000000"`.

The second size is measured against the bounds; it and further ones are compared with the first.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from shutil import which

from bench.databases import describe, make_database
from bench.document import MISSED, machine, write_results
from bench.files import measure_exports, measure_imports
from bench.filters import measure_far_end, measure_filters
from bench.groups import measure_groups
from bench.load import measure_beside_exports, measure_throughput
from bench.pages import measure_growth, measure_pages
from bench.postgres import measure_postgres

SIZES = (10_000, 1_000_000)  # transactions

_HEAD = """# Benchmarks

The results of one run of `make bench`, against bounds that were set before; ` !` marks a figure that misses its bound.
Benchmarks are no part of the tests or of CI. Ratios say more than milliseconds, and CPU time says more than wall time:
both sides of a ratio are measured in turns, in the same run, on the same data.

* **The bare route** is Flask, sqlite3 and one Jinja loop: 50 rows of 11 cells by keyset, and nothing else. Our pages
  have a form, column chooser, counts, links and pager, and a visitor who is signed in.
* **CPU of the server** is the CPU time of gunicorn's workers per request. **In the process** there is no server and no
  client.
* **Caches are warm**, unless the text says otherwise. What seems to miss its bound is measured for longer.
"""
_NOT_MEASURED = """## Not measured

* Other machines; PostgreSQL on a machine of its own or behind a network.
* Filters, exports and imports with more than 1,000,000 transactions.
* Networks, TLS and the reverse proxy; the browser.
"""


def main() -> None:
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, help="numbers of transactions")
    parser.add_argument("--quick", action="store_true", help="only check that every part runs; write nothing")
    arguments = parser.parse_args()
    if not which("sqlite3"):
        sys.exit("The benchmarks need sqlite3, the command line tool.")
    parts = [f"The machine: {machine()}.\n"]
    for part in measure(arguments.sizes, 1 if arguments.quick else 10):
        print(f"{part}\n", flush=True)
        parts.append(f"{part}\n")
    misses = sum(part.count(f"{MISSED} |") for part in parts)
    if not arguments.quick:
        write_results("\n".join([_HEAD, f"{misses or 'No'} figures miss their bound.\n", *parts, _NOT_MEASURED]))


def measure(sizes: list[int], rounds: int) -> Iterator[str]:
    """Yield the sections of the document."""
    databases: list[Path] = [make_database(size) for size in sizes]
    path = databases[:2][-1]
    few = max(1, rounds // 4)
    yield f"## {describe(path)}"
    yield measure_pages(path, rounds)
    for large in databases[1:]:
        yield measure_growth(databases[0], large, rounds)
    yield measure_filters(path, few + 1)
    yield measure_far_end(path, few + 1)
    for large in databases[1:] or databases:
        yield measure_groups(large, few)
    yield measure_exports(path, few)
    yield measure_throughput(path, few + 1)
    yield measure_beside_exports(path, rounds)
    yield measure_imports(path)
    yield measure_postgres(path, rounds)


if __name__ == "__main__":
    main()
