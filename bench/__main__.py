"""Measures what docs/benchmarks.md tells, and writes it: `make bench`, or `make bench SIZES="10000 1000000 10000000"`.

Databases are made once and kept in .cache/bench. A database that is there already is measured without being named.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from shutil import which

from bench.databases import described, kept, made
from bench.document import MISSED, machine, write_ours

SIZES = (10_000, 1_000_000)
MILLION = 1_000_000
PARTS = ("pages", "inside", "filters", "far", "access", "exports", "crowd", "slow", "imports", "postgres")

_HEAD = """# Benchmarks

What `make bench` measured in one run, against bounds that were set before; ` !` marks what misses its bound. It isn't
part of the tests or of CI. Ratios are trusted before milliseconds, and CPU time before wall time: everything is
compared with something measured in the same run, in turns, on the same data.

* **The bare route** is Flask, sqlite3's own rows and one Jinja loop: 50 rows of 11 cells by keyset, and nothing else.
  Against it stand whole pages with form, chooser, counts, links and pager, of somebody who is signed in.
* **CPU of the server** is what gunicorn's processes used for a request. Where it says **in the process alone**, there
  is neither gunicorn nor a client.
* **Cold** is not measured: each page is asked for a few times first, unless it says that nothing is remembered.
* What **seems to miss** its bound against another server is asked for longer, and so is that: a busy moment looks like
  a slow page.
"""
_UNMEASURED = """## What wasn't measured

* Any other machine; PostgreSQL on one of its own, behind a network, or at 10,000,000 transactions.
* Filters, exports and imports at 10,000,000 transactions; other sorts there than those named.
* The very shape of usage that its bound names, 200,000 customers with 1,000,000 holdings: the demo's is told above.
* Networks, TLS and the proxy in front; what the browser does with a page.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", help="how many transactions the databases have")
    if not which("sqlite3"):
        sys.exit("The bench needs sqlite3, the command line tool: exports are compared with its own.")
    sizes = sorted(parser.parse_args().sizes or {*SIZES, *kept()})
    text = "\n".join([_HEAD, *_measured(sizes), _UNMEASURED])
    missed = text.count(f"{MISSED} |")
    write_ours(text.replace(_HEAD, f"{_HEAD}\n{missed or 'No'} figures miss their bound.\n", 1))


def _measured(sizes: list[int]) -> Iterator[str]:
    """Everything on the largest database up to a million, to which the bounds apply, and pages on all of them."""
    databases = {size: made(size) for size in sizes}
    yield f"The machine: {machine()}.\n"
    chief = max((size for size in sizes if size <= MILLION), default=sizes[0])
    yield f"## {described(databases[chief])}\n"
    for part in PARTS:
        yield _printed(part, databases[chief])
    if len(sizes) > 1:
        yield _printed("growth", *databases.values())
    for size in sizes:
        if size > MILLION:
            yield f"## {described(databases[size])}\n"
            yield _printed("pages", databases[size], "customer-usage")


def _printed(part: str, *arguments: object) -> str:
    """What a part prints, which runs in a process of its own; it is seen at once."""
    command = [sys.executable, "-m", f"bench.{part}", *map(str, arguments)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    print(printed, flush=True)
    return f"{printed.rstrip()}\n"


if __name__ == "__main__":
    main()
