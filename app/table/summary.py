"""What rows add up to, declared once, as data: for the sums under a table, and for the pictures above it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, eq=False)
class By:
    """What rows are grouped by: the text `value(table, today)` of a table that has rows of `level`, or finer ones.

    `filters` are the report's filters, with their values, that choose exactly the rows of a group. `values` are those
    that there can be, in their order, if they are always the same.
    """

    label: str
    value: Callable[[Any, date], Any]
    filters: Callable[[str], Mapping[str, str]]
    values: Sequence[str] = ()
    level: int = 0


@dataclass(frozen=True, eq=False)
class Summary:
    """The sums of some columns, and the number of rows, in each group; of all rows when they are grouped by nothing.

    `measures` are the keys of the columns; `whole` those of them that mean something added up over all groups.
    """

    by: tuple[By, ...] = ()
    measures: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        """The first level whose rows can be told apart like that."""
        return max((by.level for by in self.by), default=0)


@dataclass(frozen=True, eq=False)
class Picture:
    """A summary as bars, of which each stands for a group by the first thing, largest first.

    Grouped by a second thing, a bar is made of parts, and each measure has bars of its own, or the number of rows if
    there is none; else each measure has its own bar beside the others. Where the first thing is a stretch of days,
    `along` tells which stand along the bars on a day, in their order: today, or the last day that the column `newest`
    has in the view.
    """

    title: str
    summary: Summary
    along: Callable[[date], Sequence[str]] | None = None
    newest: str = ""
