"""What a report is: declared once, as data, and read by the page, the chooser, the CSV and the tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from app.table.kind import Kind
from app.table.scope import Scope, owner
from app.table.summary import Picture, Summary

Table = Any
"""A Peewee model class."""

Note = Callable[[str, date], str]
"""What to say of a value on a day."""


class Link(NamedTuple):
    """Leads to the rows of a report that its filter `key` finds for a value; where none is named, to a customer's page.

    `named` is the key that finds a customer by name, who has no id.
    """

    key: str
    report: str = ""
    named: str = ""


@dataclass(frozen=True, eq=False)
class Column:
    """One heading and the value under it: a field of the row's table or of one it refers to, or an expression of a day.

    `level` is the first level whose rows have this value; seeing the column makes rows of that level.
    A `fixed` column is always visible and first. `excess` is how much of the value is too much. `link` is where a value
    leads, by `ref` where the value is a name and that its id, and `note` what is said beside it on a day; `whole` is
    the key of the column with the number of which it is a part. All are for people, and in no file.
    `ranks` are all values of a column whose order no index can have; the filter with its key chooses the rows of one.
    """

    key: str
    label: str
    value: Any
    kind: Kind
    shown: bool = True
    level: int = 0
    fixed: bool = False
    excess: Any = None
    link: Link | None = None
    note: Note | None = None
    ref: Any = None
    whole: str = ""
    ranks: tuple[str, ...] = ()

    @property
    def beside(self) -> Any:
        """What is read beside each value, None where nothing is."""
        return self.ref if self.excess is None else self.excess


@dataclass(frozen=True, eq=False)
class Filter:
    """One way to choose rows: `where(table, value)` is the condition on a table that has rows of this report.

    What a value stands for may change from day to day: `means` tells what it is on one, and `where` is given that.
    `words` are the value as people say it, on a day.
    `parse` gives a value its canonical form or raises ValueError with words that follow the value.
    `options` lists what occurs in a table within a scope, as values and labels for a menu; without it the filter is
    typed. `control` is the kind of HTML input.
    `level` is the level of the rows that it chooses, before anything is summed. A `summed` one chooses a view's rows by
    the numbers that they show, and nothing inside them.
    """

    key: str
    label: str
    where: Callable[[Table, Any], Any]
    control: str = "text"
    parse: Callable[[str], str] = str
    options: Callable[[Table, Scope], Sequence[tuple[str, str]]] | None = None
    level: int = 0
    hint: str = ""
    means: Callable[[str, date], Any] | None = None
    words: Callable[[str, date], str] = lambda value, today: value
    summed: bool = False


@dataclass(frozen=True, eq=False)
class Level:
    """One depth of rows: their table, what they add to the path that names them, and the text that breaks ties.

    The table of a coarser level holds the sums of the finer ones under the same field names, and its tie is how
    theirs begin.
    """

    table: Table
    by: str = ""
    expand: str = ""
    tie: str = "ref"


@dataclass(frozen=True, eq=False)
class Report:
    """A report type. Raises TypeError when its rows belong to no reseller: it could not be scoped.

    `finest` is the table whose rows are never sums: that of the last level, if nothing else is said. `sums` stand under
    the table.
    """

    slug: str
    title: str
    description: str
    levels: tuple[Level, ...]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    default_sort: str
    finest: Table = None
    sums: Summary = field(default_factory=Summary)
    pictures: tuple[Picture, ...] = ()

    def __post_init__(self) -> None:
        if self.finest is None:
            object.__setattr__(self, "finest", self.levels[-1].table)
        for level in self.levels:
            owner(level.table)

    @cached_property
    def by_key(self) -> dict[str, Column]:
        return {column.key: column for column in self.columns}

    @cached_property
    def filter_by_key(self) -> dict[str, Filter]:
        return {each.key: each for each in self.filters}

    @cached_property
    def default_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.shown)

    @cached_property
    def outside(self) -> "Report":
        """This report for those who may not look inside its rows: what is declared of its first level."""
        columns = tuple(column for column in self.columns if not column.level)
        filters = tuple(each for each in self.filters if not each.level)
        pictures = tuple(each for each in self.pictures if not each.summary.level)
        return replace(self, levels=self.levels[:1], columns=columns, filters=filters, pictures=pictures)

    def name_of(self, level: int) -> Column:
        """The column that names rows of an expanded level."""
        return next(column for column in self.columns if column.level == level)
