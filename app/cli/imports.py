"""The command `flask import`: load files, list the imports, and undo one."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from app.cli import undo
from app.cli.common import CommandError, WaitingNotice, audit_actor, echo, progress_bar, record_event, require_database
from app.importing import (
    DATE_ORDERS,
    DECIMALS,
    ENCODINGS,
    IMPORTABLE,
    FileRejected,
    Options,
    Plan,
    RecognisedFile,
    check_file,
    discard_history,
    load_file,
    numbered_import,
    recognise_file,
    rereadable,
)
from app.importing.layouts import heading_key
from app.web.services import services
from models import DATABASE_ERRORS, describe_error
from models.audit import DONE, FAILED

_MAX_FAULTS = 20  # faults of a file that are printed, and questions


@click.command("import")
@click.argument("files", metavar="[REPORT] FILE...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Check the files and print what they would do; change nothing.")
@click.option(
    "--complete",
    is_flag=True,
    help="The file names everything there is: what it doesn't name ends.",
)
@click.option("--encoding", type=click.Choice(list(ENCODINGS)), help="How the text is encoded: cp1252 is Windows-1252.")
@click.option("--date-order", type=click.Choice(list(DATE_ORDERS)), help="How dates such as 03/04/2026 are meant.")
@click.option(
    "--decimal",
    type=click.Choice(list(DECIMALS)),
    help="What stands before decimals: tells what 1,234 means.",
)
@click.option("--ignore", metavar="HEADING", multiple=True, help="Leave out the column of this heading; repeatable.")
@click.option("--same-names", "names", flag_value="same", help="Names that differ by case or accents only are one.")
@click.option("--new-names", "names", flag_value="new", help="Names that differ by case or accents only are several.")
@click.option("--list", "lists", is_flag=True, help="List the imports, the newest first, instead of loading files.")
@click.option("--undo", "number", type=int, metavar="NUMBER", help="Undo the import of this number instead.")
@click.option("--yes", is_flag=True, help="Undo without asking.")
@with_appcontext
def import_files(files: Sequence[str], dry_run: bool, ignore: Sequence[str], complete: bool, **settings: Any) -> None:
    """Load CSV files or Excel workbooks (- is standard input), each of them whole or not at all.

    REPORT is needed only where the headings don't tell it.
    """
    lists, undoes = settings["lists"], settings["number"] is not None
    if [bool(files), lists, undoes].count(True) != 1:
        raise click.UsageError("Name the files to load, or use either --list or --undo NUMBER.")
    if lists:
        undo.print_imports()
    elif undoes:
        undo.undo(settings["number"], settings["yes"])
    else:
        _import_all(files, dry_run, ignore, complete, settings)


def _import_all(
    files: Sequence[str], dry_run: bool, ignore: Sequence[str], complete: bool, settings: Mapping[str, Any]
) -> None:
    report = files[0] if len(files) > 1 and files[0] in IMPORTABLE else ""
    options = Options(
        report=report,
        mapping={heading_key(heading): "" for heading in ignore},
        complete=complete,
        encoding=settings["encoding"] or "",
        date_order=settings["date_order"] or "",
        decimal=settings["decimal"] or "",
        names=settings["names"] or "",
    )
    paths = files[1:] if report else files
    for path in paths:
        if path != "-" and (not Path(path).exists() or Path(path).is_dir()):
            message = f"{path} is no file, and none of the reports {', '.join(IMPORTABLE)}."
            raise click.BadParameter(message, param_hint="FILE")
    rejected = [path for path in paths if not _import(path, options, dry_run)]
    if rejected:
        sys.exit(1)


def _import(file: str, options: Options, dry_run: bool) -> bool:
    """Import one file and print what that did. Returns whether it was right."""
    about = f"{options.report or '?'} {file}"
    try:
        with require_database(), click.open_file(file, "rb") as stream, rereadable(stream) as data:
            recognised = recognise_file(data, file, options)
            about = f"{recognised.layout.report.slug if recognised.layout else '?'} {file}"
            if dry_run:
                with progress_bar(recognised.size, file) as advance:
                    plan, number = check_file(recognised, options, advance, WaitingNotice()), None
                plan.raise_if_rejected(file)
            else:
                plan, number = _apply(recognised, options)
    except FileRejected as rejected:
        for message in rejected.messages[:_MAX_FAULTS]:
            echo(message, err=True)
        if rejected.total > _MAX_FAULTS:
            echo(f"… and {rejected.total - _MAX_FAULTS:,} more", err=True)
        record_event("import", FAILED, about, faults=rejected.total)
        return False
    except OSError as error:  # of the file, or of temporary ones: a full disk, perhaps
        raise CommandError(f"{file} can't be imported: {error.strerror}. Nothing was changed.") from error
    asked = [f"line {question.line}: {question}" for question in plan.questions]
    if more := len(asked[_MAX_FAULTS:]):
        asked[_MAX_FAULTS:] = [f"… and {more:,} more of these"]
    for line in (*plan.said, *plan.notes, *asked):
        echo(f"{file}: {line}", err=True)
    echo(f"{plan.summary}{' (dry run: nothing was changed)' if dry_run else ''}")
    if dry_run:
        _print_examples(plan)
    else:
        record_event("import", DONE, about, number=number, **asdict(plan.summary))
        _discard_history()
    return True


def _discard_history() -> None:
    """Discard old history. A failure only prints a warning: the import is committed by then."""
    try:
        discard_history(services().settings.history_days)
    except DATABASE_ERRORS as error:
        echo(f"Old history can't be removed: {describe_error(error)}", err=True)


def _apply(file: RecognisedFile, options: Options) -> tuple[Plan, int]:
    """Import a file under a number of its own. Raises FileRejected."""
    who = audit_actor()["who"]
    report = file.layout.report.slug if file.layout else ""
    file.stream.seek(0)
    digest = file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]
    with numbered_import(who, file.name, size=file.size, sha256=digest, report=report) as number:
        with progress_bar(file.size, file.name) as advance:
            plan = load_file(file, options, who=who, number=number, progress=advance, wait=WaitingNotice())
        plan.raise_if_rejected(file.name)
    return plan, number


def _print_examples(plan: Plan) -> None:
    for kind, examples in plan.examples.items():
        for example in examples:
            echo(f"{kind}: {example}")
