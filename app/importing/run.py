"""Import a file: all of it or nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from app.importing.examples import RowDescriber
from app.importing.history import data_version
from app.importing.kept_rows import HistoryWriter
from app.importing.layouts import Layout, Record
from app.importing.loader import LOADERS, Loader
from app.importing.names import CachedCustomer, CustomerChange, Indexes
from app.importing.options import Options
from app.importing.reader import Progress, Reader
from app.importing.recognise import RecognisedFile, recognise_file, rereadable
from app.importing.results import CHANGES, ChangeLog, Faults, ImportSummary, Plan, Question, RowRejected, quote
from models import NONE_ID, Import, reports_db, timestamp

_EMPTY = ImportSummary(0, 0, 0, 0, 0, 0)


def load_file(  # noqa: PLR0913, PLR0917
    slug: str,
    stream: IO[bytes],
    name: str,
    dry_run: bool = False,
    progress: Progress | None = None,
    who: str = "",
    number: int | None = None,
) -> ImportSummary:
    """Load one file into the report `slug`, one of IMPORTABLE, and return what that did, or would do in a dry run.

    Messages call the file `name`; `who` is recorded with the import. `progress` is called with the number of bytes
    read. `number` is that of an ImportJob, with which the import can be undone. Raises FileRejected, and then nothing
    has changed.
    """
    options = Options(report=slug)
    with rereadable(stream) as data:
        plan = import_file(recognise_file(data, name, options), options, dry_run, progress, who, number=number)
    plan.raise_if_rejected(name)
    return plan.summary


def import_file(  # noqa: PLR0913, PLR0917
    file: RecognisedFile,
    options: Options,
    dry_run: bool = False,
    progress: Progress | None = None,
    who: str = "",
    changes: ChangeLog | None = None,
    number: int | None = None,
    faults: Faults | None = None,
    accept: Callable[[Plan], bool] | None = None,
    wait: Callable[[], object] | None = None,
) -> Plan:
    """Load a recognised file, and return what that did; or what it would do, in a dry run or if something is wrong.

    Nothing has changed where the plan has faults or open questions. `changes` sees every row that changes, and `faults`
    gets those of the rows. With a `number`, that of an ImportJob, the import keeps each row as it was, so that it can
    be undone. `accept` is asked about the plan, within the transaction: nothing has changed where it returns False.

    One import waits for another. With `wait`, which is called meanwhile and may raise, it does as long as that takes,
    else for some seconds, and then raises OperationalError.
    """
    plan = Plan(_EMPTY, said=list(file.sentences()), data_version=data_version())
    plan.faults.extend(file.faults)
    if plan.faults or file.layout is None:
        return plan
    if options.complete and file.layout.report.slug not in _COMPLETABLE:
        plan.faults.add(1, f"a file of the {file.layout.report.title} can't be complete: no transaction ever ends")
        return plan
    reader = Reader(file, options, progress, faults)
    with reports_db.patient_write_transaction(wait) if wait else reports_db.write_transaction() as transaction:
        kept_as = None if dry_run else number
        run = _Run(file.layout, options, file.known_columns, changes or ChangeLog(), reader.faults, kept_as)
        run.load(reader.records())
        plan = run.plan([*plan.said, *_what_is_missing(file), *_what_was_passed_over(reader)], reader)
        if dry_run or plan.faults or plan.open_questions or not (accept is None or accept(plan)):
            transaction.rollback()
        else:
            run.record(file.name, who)
    return plan


def load_records(slug: str, records: Iterable[tuple[int, Record]], name: str, who: str = "") -> ImportSummary:
    """Load records, each with a line number, as if they came from a file, in the caller's write transaction.

    It opens none of its own: a savepoint over a million rows costs SQLite more than the rows. Names are taken as they
    are. Raises FileRejected.
    """
    layout = LOADERS[slug].layout
    run = _Run(layout, Options(names="new"), set(layout.columns), ChangeLog(), Faults())
    run.load(records)
    plan = run.plan([])
    plan.raise_if_rejected(name)
    run.record(name, who)
    return plan.summary


_COMPLETABLE = ("customer-subscriptions", "customer-usage")


class _Run:
    """One import on its way. With a `number` it keeps its history."""

    def __init__(
        self,
        layout: Layout,
        options: Options,
        given: set[str],
        changes: ChangeLog,
        faults: Faults,
        number: int | None = None,
    ) -> None:
        reports_db.prepare_bulk_load()
        self._data_version = data_version()
        self._layout, self._options, self._changes, self._faults = layout, options, changes, faults
        self._indexes = Indexes(options)
        self._history = HistoryWriter(number, self._indexes) if number else None
        if self._history:
            changes.keep = self._history.keep
        self._loader: Loader = LOADERS[layout.report.slug](self._indexes, changes, faults, given, options.complete)

    def load(self, records: Iterable[tuple[int, Record]]) -> None:
        """Store the records. What is wrong is added to the faults, and then nothing may be committed."""
        loader = self._loader
        with loader.resources:
            for line, record in records:
                try:
                    loader.add(line, record)
                except RowRejected as rejection:
                    self._faults.extend(rejection.faults(line))
            loader.finish()
        if not self._faults:
            loader.update_derived()
            if self._history:
                self._history.finish()
            for customer, before in self._indexes.customers.moved:
                self._indexes.notes.add("moves", before.line, self._describe_move(customer, before))

    def plan(self, said: list[str], reader: Reader | None = None) -> Plan:
        customers, counts = self._indexes.customers, self._changes.counts
        summary = ImportSummary(
            added=counts["added"], updated=counts["updated"], unchanged=counts["unchanged"], removed=counts["removed"],
            renamed=len(customers.renamed), moved=len(customers.moved), cancelled=counts["cancelled"],
        )  # fmt: skip
        questions = [*(reader.questions.values() if reader else ()), *self._indexes.look_alikes.questions()]
        if self._options.complete and summary.ends_many and self._options.confirmed not in (None, summary.ending):
            questions.append(_ask_for_confirmation(summary))
        describer = RowDescriber(self._layout, self._indexes)
        examples = {kind: list(map(describer.describe, changes)) for kind, changes in self._changes.examples.items()}
        notes = list(self._indexes.notes.lines())
        has_changes = bool(customers.before) or any(counts[kind] for kind in CHANGES if kind != "unchanged")
        kinds = self._changes.kinds
        return Plan(summary, said, notes, questions, self._faults, examples, has_changes, self._data_version, kinds)

    def record(self, name: str, who: str) -> None:
        """Record the import, which makes it the version of all data, once all indexes are there."""
        self._loader.create_indexes()
        fields = {"report": self._layout.report.slug, "file": name, "who": who, **self._changes.counts}
        if self._history:
            fields |= {"number": self._history.number, "changed_rows": self._history.rows}
        Import.create(loaded_at=timestamp(), **fields)

    def _describe_move(self, customer: CachedCustomer, before: CustomerChange) -> str:
        old, new = (self._reseller(id_) for id_ in (before.reseller, customer.reseller))
        return f"Customer {quote(customer.name)} moves from {old} to {new}"

    def _reseller(self, id_: int) -> str:
        return "no reseller" if id_ == NONE_ID else quote(self._indexes.resellers.names[id_])


def _ask_for_confirmation(summary: ImportSummary) -> Question:
    ends = f"{summary.ending:,} {'row, which ends' if summary.ending == 1 else 'rows, which end'}"
    text = f"The file doesn't name {ends}: more than a tenth of the known ones"
    return Question(1, text, "confirmed", {str(summary.ending): "this is meant"}, "")


def _what_is_missing(file: RecognisedFile) -> Iterator[str]:
    """Say what becomes of the columns that the file lacks."""
    labels: defaultdict[str, list[str]] = defaultdict(list)
    for key, column in file.layout.columns.items() if file.layout else ():
        if file.layout and column.default_text and key not in file.known_columns:
            labels[column.default_text].append(file.layout.label(key))
    for text, names in labels.items():
        yield f"The file has no {', '.join(names)}: known rows keep theirs, in new rows it is {text}."


def _what_was_passed_over(reader: Reader) -> Iterator[str]:
    for what, count in reader.passed_over.items():
        if count:
            yield f"Passed over, {what}: {count:,}."
