"""Measures pages and exports on small and large databases, and prints what it saw.

Everything is CPU time of the process that serves, and is compared with something measured in the same run, so that
another machine, or a busy one, hardly changes the ratios. Databases are made once and kept in .cache/bench.
"""

import argparse
import os
import platform
import subprocess
import sys

from cysqlite import sqlite_version  # type: ignore[attr-defined]

from bench.databases import made

SIZES = (10_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--transactions", type=int, nargs="+", default=SIZES, help="the sizes of the databases")
    sizes = parser.parse_args().transactions
    print(_machine())
    for transactions in sizes:
        path = made(transactions)
        print(f"\n## {transactions:,} transactions, {path.stat().st_size / 1e6:,.0f} MB")
        for part in ("pages", "filters", "access", "exports"):
            subprocess.run([sys.executable, "-m", f"bench.{part}", str(path)], check=True)


def _machine() -> str:
    cli = subprocess.run(["sqlite3", "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    machine = f"{os.cpu_count()} cores {platform.machine()}, load {os.getloadavg()[0]:.1f}"
    return f"{machine}, Python {platform.python_version()}, SQLite {sqlite_version}, sqlite3 {cli}"


if __name__ == "__main__":
    main()
