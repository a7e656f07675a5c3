"""`flask migrate`, `demo`, `import` and `export`: what reports show."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qsl

import click

import models
from app.cli.common import audit_actor, database_errors_explained, database_ready, record_event
from app.demo import fill
from app.importing import FileRejected, load_file
from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.params import parse_export
from app.table.scope import WHOLE_PARTNER
from app.web.reports.formats import FORMATS, file_url
from models import BadDatabaseURL, DatabaseCopy, DatabaseNotEmpty
from models.audit import DONE, FAILED

FAULTS_SHOWN = 20
_YEARS = range(1900, 2900)
"""When the demo can play: it looks years back and ahead."""


@click.command()
def migrate() -> None:
    """Create or upgrade the schema; safe to repeat."""
    with database_errors_explained():
        applied = models.migrate()
    click.echo(f"Applied {', '.join(applied)}." if applied else "The schema is up to date.")


@click.command()
@click.option("--customers", type=click.IntRange(min=1), default=400, show_default=True)
@click.option("--transactions", type=click.IntRange(min=0), default=10_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it plays (UTC); today by default.")
def demo(customers: int, transactions: int, seed: int, today: datetime | None) -> None:
    """Fill an empty database with a believable partner."""
    day = today.date() if today else models.today()
    if day.year not in _YEARS:
        raise click.BadParameter(f"{day} is not a day of the years {_YEARS[0]} to {_YEARS[-1]}.", param_hint="--today")
    try:
        with database_ready(), _progress_bar(transactions, "Demo") as advance:
            fill(customers, transactions, seed, day, advance)
    except DatabaseNotEmpty as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{customers:,} customers with {transactions:,} transactions are there.")


@click.command("copy")
@click.argument("source")
def copy_from(source: str) -> None:
    """Fill a new database with all that another holds, users and audit trail too. SOURCE looks like DATABASE_URL."""
    try:
        with database_ready(), closing(DatabaseCopy(source)) as copy:
            rows = copy.size()
            with _progress_bar(rows, "Copy") as advance:
                copy.run(advance)
    except (BadDatabaseURL, DatabaseNotEmpty) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{rows:,} rows are there.")
    record_event("copy", DONE, "all data", rows=rows)


@click.command("import")
@click.argument("report", type=click.Choice(list(REPORTS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Check the file and say what it would do; change nothing.")
def import_file(report: str, file: str, dry_run: bool) -> None:
    """Load one CSV file (- is standard input), all of it or nothing."""
    try:
        size = Path(file).stat().st_size if Path(file).is_file() else 0
        with database_ready(), click.open_file(file, "rb") as stream, _progress_bar(size, file) as advance:
            summary = load_file(report, stream, file, dry_run, advance, **audit_actor())
    except FileRejected as faulty:
        _print_faults(faulty)
        record_event("import", FAILED, f"{report} {file}", faults=len(faulty.faults))
        sys.exit(1)
    click.echo(f"{summary}{' (dry run: nothing was changed)' if dry_run else ''}")
    if not dry_run:
        record_event("import", DONE, f"{report} {file}", **asdict(summary))


@click.command()
@click.argument("report", type=click.Choice(list(REPORTS)))
@click.argument("query", default="")
def export(report: str, query: str) -> None:
    """Write the CSV of /reports/REPORT.csv?QUERY to standard output."""
    pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True)
    view, dialect, complaints = parse_export(REPORTS[report], pairs)
    if complaints:
        raise click.ClickException("\n".join(map(str, complaints)))
    with database_ready():
        for piece in csv_chunks(view, WHOLE_PARTNER, dialect=dialect):
            sys.stdout.buffer.write(piece)
    record_event("export", DONE, file_url(view, FORMATS[dialect.name]))


def _print_faults(faulty: FileRejected) -> None:
    for fault in faulty.faults[:FAULTS_SHOWN]:
        click.echo(str(fault), err=True)
    more = len(faulty.faults) - FAULTS_SHOWN
    if more > 0:
        click.echo(f"… and {more:,} more", err=True)


@contextmanager
def _progress_bar(length: int, label: str) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on a terminal, when it is known how far there is to go."""
    if not (length and sys.stderr.isatty()):
        yield None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update
