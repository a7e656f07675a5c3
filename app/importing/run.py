"""Import a file: all of it or nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from app.importing.examples import RowDescriber
from app.importing.history import data_version
from app.importing.kept_rows import HistoryWriter
from app.importing.layouts import Layout, Record
from app.importing.loader import LOADERS, Loader
from app.importing.names import CachedCustomer, CustomerChange, Indexes
from app.importing.options import Options
from app.importing.reader import Progress, Reader
from app.importing.recognise import RecognisedFile
from app.importing.results import CHANGES, ChangeLog, Faults, ImportSummary, Plan, Question, RowRejected, quote
from models import NONE_ID, Import, reports_db, timestamp

_EMPTY = ImportSummary(0, 0, 0, 0, 0, 0)


def check_file(
    file: RecognisedFile,
    options: Options,
    progress: Progress | None = None,
    wait: Callable[[], object] = lambda: None,
    faults: Faults | None = None,
) -> Plan:
    """Return what loading a recognised file would do, or what is wrong with it. Nothing changes.

    `progress` is called with the number of bytes read. `faults` gets what is wrong with the rows. One import waits for
    another, as long as that takes; `wait` is called meanwhile, and may raise.
    """
    if refusal := _refusal(file, options):
        return refusal
    reader = Reader(file, options, progress, faults)
    with reports_db.patient_write_transaction(wait) as transaction:
        plan = _Run(reader.layout, options, file.known_columns, reader.faults).load_rows(file, reader)
        transaction.rollback()
    return plan


def load_file(  # noqa: PLR0913
    file: RecognisedFile,
    options: Options,
    *,
    who: str,
    number: int | None,
    progress: Progress | None = None,
    wait: Callable[[], object] = lambda: None,
    accept: Callable[[Plan], bool] = lambda plan: True,
) -> Plan:
    """Load a recognised file for `who`, and return what that did; or what it would do, if something is wrong.

    Nothing has changed where the plan has faults or open questions, or where `accept`, which is asked about the plan
    within the transaction, returns False. With a `number`, that of an ImportJob, the import keeps each row as it was,
    so that it can be undone. `progress` and `wait` are called as by `check_file`.
    """
    if refusal := _refusal(file, options):
        return refusal
    reader = Reader(file, options, progress)
    with reports_db.patient_write_transaction(wait) as transaction:
        run = _Run(reader.layout, options, file.known_columns, reader.faults, number)
        plan = run.load_rows(file, reader)
        if plan.can_be_applied and accept(plan):
            run.record(file.name, who)
        else:
            transaction.rollback()
    return plan


def _refusal(file: RecognisedFile, options: Options) -> Plan | None:
    """Return the plan of a file whose rows can't be read, None for any other."""
    plan = Plan(_EMPTY, list(file.sentences()), list(file.warnings()), data_version=data_version())
    plan.faults.extend(file.faults)
    if plan.faults or file.layout is None:
        return plan
    if options.complete and not file.layout.can_be_complete:
        plan.faults.add(1, f"a file of the {file.layout.report.title} can't be complete: no transaction ever ends")
        return plan
    return None


def load_records(slug: str, records: Iterable[tuple[int, Record]], name: str, who: str = "") -> ImportSummary:
    """Load records, each with a line number, as if they came from a file, in the caller's write transaction.

    It opens none of its own: a savepoint over a million rows costs SQLite more than the rows. Names are taken as they
    are. Raises FileRejected.
    """
    layout = LOADERS[slug].layout
    run = _Run(layout, Options(names="new"), set(layout.columns), Faults())
    run.load(records)
    plan = run.plan([])
    plan.raise_if_rejected(name)
    run.record(name, who)
    return plan.summary


class _Run:
    """One import on its way. With a `number` it keeps its history."""

    def __init__(
        self, layout: Layout, options: Options, given: set[str], faults: Faults, number: int | None = None
    ) -> None:
        reports_db.prepare_bulk_load()
        self._data_version = data_version()
        self._layout, self._options, self._changes, self._faults = layout, options, ChangeLog(), faults
        self._indexes = Indexes(options)
        self._history = HistoryWriter(number, self._indexes) if number else None
        if self._history:
            self._changes.keep = self._history.keep
        loader = LOADERS[layout.report.slug]
        self._loader: Loader = loader(self._indexes, self._changes, faults, given, options.complete)

    def load_rows(self, file: RecognisedFile, reader: Reader) -> Plan:
        """Store the records of a file, and return what that does."""
        self.load(reader.records())
        said = [*file.sentences(), *_what_is_missing(file, reader.layout), *_what_was_passed_over(reader)]
        return self.plan(said, reader.questions.values(), file.warnings())

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

    def plan(self, said: list[str], asked: Iterable[Question] = (), warnings: Iterable[str] = ()) -> Plan:
        customers, counts = self._indexes.customers, self._changes.counts
        summary = ImportSummary(
            added=counts["added"], updated=counts["updated"], unchanged=counts["unchanged"], removed=counts["removed"],
            renamed=len(customers.renamed), moved=len(customers.moved), cancelled=counts["cancelled"],
        )  # fmt: skip
        questions = [*asked, *self._indexes.look_alikes.questions()]
        if self._options.complete and summary.ends_many and self._options.confirmed not in (None, summary.ending):
            questions.append(_ask_for_confirmation(summary))
        describer = RowDescriber(self._layout, self._indexes)
        examples = {kind: list(map(describer.describe, changes)) for kind, changes in self._changes.examples.items()}
        notes = [*warnings, *self._indexes.notes.lines()]
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
    rows = f"{summary.ending:,} {'row' if summary.ending == 1 else 'rows'}"
    text = f"The file doesn't name {rows}, more than a tenth of the known ones: {summary.fate}"
    return Question(1, text, "confirmed", {str(summary.ending): "this is meant"}, "")


def _what_is_missing(file: RecognisedFile, layout: Layout) -> Iterator[str]:
    """Say what becomes of the columns that the file lacks."""
    labels: defaultdict[str, list[str]] = defaultdict(list)
    for key, column in layout.columns.items():
        if column.default_text and key not in file.known_columns:
            labels[column.default_text].append(layout.label(key))
    for text, names in labels.items():
        yield f"The file has no {', '.join(names)}: known rows keep theirs, in new rows it is {text}."


def _what_was_passed_over(reader: Reader) -> Iterator[str]:
    for what, count in reader.passed_over.items():
        if count:
            yield f"Passed over, {what}: {count:,}."
