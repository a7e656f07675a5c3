"""What a report is, declared once as data: Report, Level, Column, Filter, Summary, Chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from app.table.kinds import Kind
from app.table.scope import Scope, reseller_field


@dataclass(frozen=True, eq=False)
class GroupBy:
    """What rows are grouped by: the text `value(table, today)` of a table that has rows of `level`, or finer ones.

    `filters` are the report's filters, with their values, that choose exactly the rows of a group. `values` are those
    that there can be, in their order, if they are always the same.
    """

    label: str
    value: Callable[[Any, date], Any]
    filters: Callable[[str], Mapping[str, str]]
    ordered_values: Sequence[str] = ()
    level: int = 0


@dataclass(frozen=True, eq=False)
class Summary:
    """The sums of some columns, and the number of rows, in each group; of all rows when they are grouped by nothing.

    `measures` are the keys of the columns; `whole` those of them that mean something added up over all groups.
    """

    group_by: tuple[GroupBy, ...] = ()
    measures: tuple[str, ...] = ()
    grand_totals: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        """The first level whose rows can be told apart like that."""
        return max((by.level for by in self.group_by), default=0)


@dataclass(frozen=True, eq=False)
class Chart:
    """A summary as bars, of which each stands for a group by the first thing, largest first.

    Grouped by a second thing, a bar is made of parts, and each measure has bars of its own, or the number of rows if
    there is none; else each measure has its own bar beside the others. Where the first thing is a stretch of days,
    `along` tells which stand along the bars on a day, in their order: today, or the last day that the column `newest`
    has in the view.
    """

    title: str
    summary: Summary
    axis_values: Callable[[date], Sequence[str]] | None = None
    latest_column: str = ""


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
    name_key: str = ""


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
    visible: bool = True
    level: int = 0
    fixed: bool = False
    overage: Any = None
    link: Link | None = None
    note: Note | None = None
    link_id: Any = None
    share_of: str = ""
    ordered_values: tuple[str, ...] = ()

    @property
    def companion(self) -> Any:
        """What is read beside each value, None where nothing is."""
        return self.link_id if self.overage is None else self.overage


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
    input_type: str = "text"
    parse: Callable[[str], str] = str
    options: Callable[[Table, Scope], Sequence[tuple[str, str]]] | None = None
    level: int = 0
    hint: str = ""
    resolve: Callable[[str, date], Any] | None = None
    describe: Callable[[str, date], str] = lambda value, today: value
    having: bool = False


@dataclass(frozen=True, eq=False)
class Level:
    """One depth of rows: their table, what they add to the path that names them, and the text that breaks ties.

    The table of a coarser level holds the sums of the finer ones under the same field names, and its tie is how
    theirs begin.
    """

    table: Table
    path_field: str = ""
    expand_label: str = ""
    tiebreaker: str = "ref"


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
    base_table: Table = None
    summary: Summary = field(default_factory=Summary)
    charts: tuple[Chart, ...] = ()

    def __post_init__(self) -> None:
        if self.base_table is None:
            object.__setattr__(self, "base_table", self.levels[-1].table)
        for level in self.levels:
            reseller_field(level.table)

    @cached_property
    def columns_by_key(self) -> dict[str, Column]:
        return {column.key: column for column in self.columns}

    @cached_property
    def filters_by_key(self) -> dict[str, Filter]:
        return {each.key: each for each in self.filters}

    @cached_property
    def default_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.visible)

    @cached_property
    def summary_only(self) -> "Report":
        """This report for those who may not look inside its rows: what is declared of its first level."""
        columns = tuple(column for column in self.columns if not column.level)
        filters = tuple(each for each in self.filters if not each.level)
        charts = tuple(each for each in self.charts if not each.summary.level)
        return replace(self, levels=self.levels[:1], columns=columns, filters=filters, charts=charts)

    def level_column(self, level: int) -> Column:
        """The column that names rows of an expanded level."""
        return next(column for column in self.columns if column.level == level)
