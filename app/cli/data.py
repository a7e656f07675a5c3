"""Commands for the data of reports: `flask setup`, `migrate`, `demo`, `copy`, `export` and `sql`."""

import logging
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from logging.handlers import BufferingHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import click

import models
from app.auth.passwords import generate_password
from app.auth.users import add_user
from app.cli.common import CommandError, audit_actor, echo, explain_errors, progress_bar, record_event, require_database
from app.demo import fill
from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.paging import read_page
from app.table.params import parse_export, parse_view
from app.table.scope import WHOLE_PARTNER
from app.table.spellings import match_spellings
from app.web.reports.formats import FORMATS, file_url
from models import Customer, DatabaseCopy, User, audit, printable, reports_db
from models.audit import BEGUN, DONE, FAILED
from models.sqlite import Sqlite

_FIRST_YEAR, _LAST_YEAR = 1900, 2899  # of a demo, which needs some years before and after its day


@click.command()
@click.option("--admin", metavar="EMAIL", default="admin@partner.example", show_default=True)
@click.option("--no-demo", is_flag=True, help="Don't fill an empty database with demo data.")
@click.pass_context
def setup(context: click.Context, admin: str, no_demo: bool) -> None:
    """Migrate, add demo data if there is no customer and an administrator if there is no user; safe to repeat."""
    context.invoke(migrate)
    with require_database():
        needs_demo = not no_demo and not Customer.select().exists()
        needs_admin = not User.select().exists()
    if needs_demo:
        context.invoke(demo)
    if needs_admin:
        password = generate_password()
        with require_database():
            add_user(audit_actor(), admin, "admin", None, password)
        echo(f"Sign in as {admin} with the password {password} (it is shown only now).")


@click.command()
def check() -> None:
    """Check that the server can start: print nothing, or one line that says why it can't."""
    with explain_errors():
        models.check_schema()


@click.command()
def migrate() -> None:
    """Create or upgrade the schema; safe to repeat."""
    with explain_errors():
        applied = models.apply_migrations()
    echo(f"Applied {', '.join(applied)}." if applied else "The schema is up to date.")


@click.command()
@click.option("--customers", type=click.IntRange(min=1), default=400, show_default=True)
@click.option("--transactions", type=click.IntRange(min=0), default=10_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The demo's current day (UTC); today by default.")
def demo(customers: int, transactions: int, seed: int, today: datetime | None) -> None:
    """Fill an empty database with a believable partner."""
    day = today.date() if today else models.today()
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise click.BadParameter(f"{day} is not a day of {_FIRST_YEAR} to {_LAST_YEAR}.", param_hint="--today")
    with require_database(), progress_bar(transactions, "Demo") as advance:
        fill(customers, transactions, seed, day, advance)
    echo(f"Added {customers:,} customers with {transactions:,} transactions.")


@click.command("copy")
@click.argument("source")
def copy_from(source: str) -> None:
    """Fill a new database with everything in another, users and audit trail included. SOURCE is like DATABASE_URL."""
    with require_database(), closing(DatabaseCopy(source)) as copy:
        rows = copy.size()
        with progress_bar(rows, "Copy") as advance:
            copy.run(advance)
    echo(f"Copied {rows:,} rows.")
    record_event("copy", DONE, "all data", rows=rows)


@click.command()
@click.argument("report", type=click.Choice(list(REPORTS)))
@click.argument("query", default="")
def export(report: str, query: str) -> None:
    """Write the CSV of /reports/REPORT.csv?QUERY to standard output.

    The audit trail gets its begin before the first byte, so that nobody reads data unseen by ending the output early.
    """
    view, dialect, errors = parse_export(REPORTS[report], parse_qsl(query.removeprefix("?"), keep_blank_values=True))
    if errors:
        raise CommandError("\n".join(map(str, errors)))
    with require_database():
        view = match_spellings(view, WHOLE_PARTNER)
        about, rows, outcome = file_url(view, FORMATS[dialect.name]), list[int](), FAILED
        audit.record("export", BEGUN, about=about, **audit_actor())
        try:
            for chunk in csv_chunks(view, WHOLE_PARTNER, rows.append, dialect):
                sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            outcome = DONE
        finally:
            record_event("export", outcome, about, rows=sum(rows))


@click.command()
@click.argument("address")
def sql(address: str) -> None:
    """Print the SQL of the first page at ADDRESS, such as '/reports/customer-usage?sort=-used', for the whole partner.

    Each query is followed by its parameters and, on SQLite, by its EXPLAIN QUERY PLAN.
    """
    url = urlsplit(address)
    report = REPORTS.get(url.path.removeprefix("/reports/"))
    if report is None:
        raise click.BadParameter(
            f"{printable(address)} is not /reports/ and one of {', '.join(REPORTS)}.", param_hint="ADDRESS"
        )
    view, errors = parse_view(report, parse_qsl(url.query, keep_blank_values=True))
    if errors:
        raise CommandError("\n".join(map(str, errors)))
    with require_database():
        view = match_spellings(view, WHOLE_PARTNER).closed_first_page
        for statement, parameters in _logged_queries(lambda: read_page(view, WHOLE_PARTNER)):
            echo(f"{statement}\n-- parameters: {parameters}")
            if isinstance(reports_db.obj, Sqlite):
                for *_, step in reports_db.execute_sql(f"EXPLAIN QUERY PLAN {statement}", parameters):
                    echo(f"-- plan: {step}")
            echo()


def _logged_queries(read: Callable[[], object]) -> list[Any]:
    """Call `read`, and return the SQL and parameters of each query that Peewee logs meanwhile."""
    logger, handler = logging.getLogger("peewee"), BufferingHandler(capacity=10_000)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        read()
    finally:
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(handler)
    return [record.msg for record in handler.buffer if record.msg[0].startswith(("SELECT", "WITH"))]
