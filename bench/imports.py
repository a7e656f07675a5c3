"""CPU of an import into an empty database: `python -m bench.imports DATABASE`."""

import os
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory

from bench.databases import opened
from bench.paper import held, say, show
from models import Transaction, reports_db

BOUND = 15_000
"""Rows per CPU second."""


def main(path: Path) -> None:
    file = _exported(path)
    with TemporaryDirectory(dir=path.parent) as folder:
        empty = Path(folder) / "empty.db"
        _flask(empty, "migrate")
        indexes = _indexes(empty)
        seconds = _flask(empty, "import", "customer-transactions", str(file))
        if _indexes(empty) != indexes:
            raise RuntimeError("an index is missing after the import")
        rows = Transaction.select().count()
        reports_db.close()
    say("Import", "All transactions, as they were exported, into an empty database; every index is there at the end.")
    told = ("transactions", f"{rows:,}", f"{seconds:.1f}", held(rows / seconds, BOUND, 0, at_least=True))
    show(("import", "rows", "CPU s", f"rows per CPU s (≥ {BOUND:,})"), [told])


def _exported(path: Path) -> Path:
    """The file of all transactions, which is kept."""
    file = path.with_suffix(".csv")
    if not file.exists():
        unfinished = file.with_suffix(".unfinished")
        with unfinished.open("wb") as output:
            _flask(path, "export", "customer-transactions", output=output.fileno())
        unfinished.rename(file)
    return file


def _flask(path: Path, *arguments: str, output: int = subprocess.DEVNULL) -> float:
    """Run a command of the application on that database, and return its CPU seconds."""
    before = getrusage(RUSAGE_CHILDREN)
    environ = os.environ | {"DATABASE_URL": f"sqlite:///{path}"}
    subprocess.run([sys.executable, "-m", "flask", *arguments], env=environ, stdout=output, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _indexes(path: Path) -> list[tuple[str, ...]]:
    opened(path)
    return list(reports_db.execute_sql("SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1").fetchall())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
