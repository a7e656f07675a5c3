"""Loading a file: all of it or nothing."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import IO

from app.importing import sheet
from app.importing.faults import Faults, Refused
from app.importing.files import Progress
from app.importing.records import Record
from app.importing.registry import Registry
from app.importing.subscriptions import Subscriptions
from app.importing.summary import Summary
from app.importing.transactions import Transactions
from app.importing.usage import Usage
from models import Load, database, moment, writing

_LOADERS = {loader.layout.report.slug: loader for loader in (Subscriptions, Transactions, Usage)}


class _DryRun(Exception):
    """Undoes a load that went well."""


def load_file(
    slug: str, stream: IO[bytes], name: str, dry_run: bool = False, progress: Progress | None = None, who: str = ""
) -> Summary:
    """Load one CSV file, called `name` in messages, into the report `slug`, and say what it did, or would have done.

    `who` loads it. `progress` is told every so often how many bytes were read since. Raises Faulty, and then nothing
    has changed.
    """
    faults = Faults(name)
    records = sheet.records(_LOADERS[slug].layout, stream, faults, progress)
    with suppress(_DryRun), writing():
        summary = _load(slug, records, name, faults, who)
        if dry_run:
            raise _DryRun
    return summary


def load_records(slug: str, records: Iterable[tuple[int, Record]], name: str, who: str = "") -> Summary:
    """Load records, each with its line, as if `who` had them read from a file, in the caller's `writing()`.

    It opens none of its own: a savepoint over a million rows costs SQLite more than the rows. Raises Faulty.
    """
    return _load(slug, records, name, Faults(name), who)


def _load(slug: str, records: Iterable[tuple[int, Record]], name: str, faults: Faults, who: str) -> Summary:
    database.loading()
    registry = Registry()
    loader = _LOADERS[slug](registry)
    for line, record in records:
        try:
            loader.add(line, record)
        except Refused as why:
            faults.refuse(line, why)
    for line, text in loader.conclude():
        faults.add(line, text)
    faults.check()
    loader.settle()
    counts = asdict(loader.tally)
    Load.create(report=slug, file=name, loaded_at=moment(), who=who, **counts)
    return Summary(**counts, renamed=len(registry.customers.renamed), moved=len(registry.customers.moved))
