"""How each import file is laid out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.importing.cells import Parse
from app.importing.records import Record
from app.table.report import Report

Values = dict[str, Any]
"""What the cells of one row say, by column key; an absent optional column says ""."""


def _nothing(_: Values) -> Iterable[str]:
    return ()


@dataclass(frozen=True, eq=False)
class Layout:
    """The file of a report, read into `record`, whose fields bear the keys of columns but for those in `renamed`.

    `strict` are the columns that take something else than any value of their kind. `check` says what is wrong with
    a row whose cells are right one by one.
    """

    report: Report
    record: type[Record]
    strict: Mapping[str, Parse]
    renamed: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Values], Iterable[str]] = _nothing
