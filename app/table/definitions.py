"""Declare reports as data: `Report`, made of `Level`, `Column`, `Filter`, `Dimension`, `Summary` and `Chart`.

Everything else follows from a declaration: page, column chooser, filters, files, sums. See `app/reports/` for examples.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property, lru_cache, partial
from typing import Any, NamedTuple

from app.auth.permissions import REPORT_PERMISSIONS, Permission
from app.table.kinds import INTEGER, PERIOD, TEXT, Kind
from app.table.scope import Scope, reseller_field
from models import clean_text

Table = Any  # a Peewee model class, or an alias of one
Note = Callable[[str, date], str]  # (value, today) → the remark after the value, "" for none


class Link(NamedTuple):
    """Where the values of a column lead: to a report, or to the page of a customer.

    key:      the filter of the target that gets the value: Link("subscription", "customer-transactions") leads to
              /reports/customer-transactions?subscription=VALUE.
    report:   the slug of the target; "" is the page of a customer.
    name_key: the filter that gets the customer's name where the id in `Column.link_id` is empty.
    """

    key: str
    report: str = ""
    name_key: str = ""


@dataclass(frozen=True, eq=False)
class Column:
    """A heading and the values under it.

    key:      its name in the query string: `columns=end`, `sort=-end`.
    label:    the heading, on the page and in files.
    value:    a field of the base table or of a table that it refers to, an SQL expression, or a function
              today → expression: `lambda today: Case(...)`. The field is read from the table of the row's level.
    kind:     how values are formatted and parsed (`app.table.kinds`).
    visible:  whether the column is one of the default columns.
    level:    the first level whose rows have the value. A visible column of level 1 makes the view's rows level 1 rows.
    fixed:    always visible, in front of the others.
    permission: without which an account has the report without this column. The column of the default sort can't
              need one.
    ordered_values: all values in their order, for an expression that no index can sort by, such as a status that
              depends on the day. Needs a filter with the same key, which selects the rows of one value.

    The other options affect pages only, never files:

    width:    the CSS class of its width: "ch-12" is as wide as 12 digits, "text-1" to "text-5" are shares of what the
              other columns leave. By default that of its kind.
    filter:   the key of a filter that finds the rows with a value; values lead to it.
    colored_values: values in the order of the palette, whose colours they have in cells and charts; "" skips a colour.
    link:     where values lead.
    link_id:  a field with the id that the link uses where the value is a name. "" means: link by name; NULL: no link.
    note:     a remark after each value, such as "in 3 days".
    overage:  a field that says by how much the value is too high; 0 shows nothing.
    share_of: the key of the column of which the value is a part; the page shows a meter.
    """

    key: str
    label: str
    value: Any
    kind: Kind
    visible: bool = True
    level: int = 0
    fixed: bool = False
    overage: Any = None
    width: str = ""
    filter: str = ""
    colored_values: tuple[str, ...] = ()
    link: Link | None = None
    note: Note | None = None
    link_id: Any = None
    share_of: str = ""
    ordered_values: tuple[str, ...] = ()
    permission: Permission | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """The permissions that whoever sees the column must have."""
        own = {self.permission} if self.permission else set()
        return frozenset(own | {Permission.VIEW_DETAILS} if self.level else own)

    @property
    def width_class(self) -> str:
        return self.width or self.kind.width

    @property
    def companion(self) -> Any:
        """The term that is selected together with the value: its overage or link id, None for neither."""
        return self.link_id if self.overage is None else self.overage


def empty_if_blank(value: str) -> str:
    """Return the value, or "" where it has nothing to see."""
    return value if clean_text(value) else ""


@dataclass(frozen=True, eq=False)
class Filter:
    """A key of the query string that selects rows.

    key:      its name in the query string: `reseller=North`.
    label:    the label of its form field.
    where:    (table, value) → a Peewee condition. `table` is the table of a level, or an alias of it.
              Example: Filter("order", "Order ID", lambda table, value: table.ref == value)
    input_type: the type of its HTML input: text, search, date, hidden, or select.
    parse:    returns the canonical form of a value, "" for none, or raises ValueError with words that follow the value
              in the error message: "is not a date such as 2026-11-22". It knows no data.
    options:  (table, scope) → the (value, label) pairs of a select.
    values:   all values that it takes, where these are always the same.
    spellings: (scope, value) → the stored texts that match the value but for blanks and case, usually one. `where`
              gets several as a tuple.
    level:    the level of the rows that it selects. Below the level of the view's rows their sums are rebuilt.
    hint:     the placeholder of its input.
    resolve:  (value, today) → what the value stands for today, which `where` gets instead:
              "last-month" → ("2026-10-01", "2026-10-31"). The address keeps the value itself.
    describe: (value, today) → the value for people, on chips and in files.
    having:   select the view's own rows by the numbers that they show, like SQL's HAVING. Rows inside them stay.
    """

    key: str
    label: str
    where: Callable[[Table, Any], Any]
    input_type: str = "text"
    parse: Callable[[str], str] = empty_if_blank
    options: Callable[[Table, Scope], Sequence[tuple[str, str]]] | None = None
    values: Sequence[str] = ()
    spellings: Callable[[Scope, str], Sequence[str]] | None = None
    level: int = 0
    hint: str = ""
    resolve: Callable[[str, date], Any] | None = None
    describe: Callable[[str, date], str] = lambda value, today: value
    having: bool = False


@dataclass(frozen=True, eq=False)
class Level:
    """One depth of a report's rows. A row of one level expands into rows of the next.

    table:        its table. Under the same field names, a level's table holds the sums of the next level's rows.
    path_field:   the field whose id this level adds to the `RowPath` of a row; "" on reports of one level.
    expand_label: the tooltip of the button that expands a row.
    tiebreaker:   a unique text field that ends every sort order. A row's text is a prefix of those of the rows in it.
    is_part:      (table) → the condition that a row isn't a placeholder, such as that of a customer without holdings.
    """

    table: Table
    path_field: str = ""
    expand_label: str = ""
    tiebreaker: str = "ref"
    is_part: Callable[[Table], Any] | None = None


class Periods(NamedTuple):
    """Months, quarters or years, by which a `Dimension` of time groups. Their texts are in the order of time.

    months:  the length of one.
    field:   the field with the date, on the table of rows.
    of_day:  a day → the text of its period: "2026-11-23" → "2026-11".
    days:    a period → its first and last day: "2026-11" → ("2026-11-01", "2026-11-30").
    between: two periods → all periods from the one to the other.
    within:  a dimension of a field with few `ordered_values`, if an index begins with this field and the date, and
             holds the fields of all dimensions, numbers and most filters.
    """

    months: int
    field: str
    of_day: Callable[[str], str]
    days: Callable[[str], tuple[str, str]]
    between: Callable[[str, str], Sequence[str]]
    within: "Dimension | None" = None


# What a dimension makes of a row: a text, or a tuple of texts, the first of which is shown. None where a row stands for
# a period without rows, and the dimension isn't the time.
GroupValue = str | tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Dimension:
    """What rows are grouped by, in grouped views, under the table and in charts.

    key:      its name in the query string: `group=action`.
    label:    its heading.
    value:    (table, today) → an SQL expression of text, or with `names` a foreign key, on a table of `level` or a
              deeper one.
    filters:  a value → the filters that select exactly its rows: {"from": "2026-11-01", "to": "2026-11-30"}.
    names:    the fields that make up the value of an id: (Reseller.name,). The first's table refers to the others'.
    column:   the key of the column with these texts. Grouped views have its width and link, and charts its colours.
    ordered_values: all texts in their order, where they are always the same.
    level:    the first level whose rows have the value.
    describe: a text → the text for people.
    periods:  set for a dimension of time, in which no period is left out between the first and the last.
    """

    key: str
    label: str
    value: Callable[[Any, date], Any]
    filters: Callable[[Any], Mapping[str, str]]
    names: tuple[Any, ...] = ()
    column: str = ""
    ordered_values: Sequence[str] = ()
    level: int = 0
    describe: Callable[[str], str] = str
    periods: Periods | None = None

    def text(self, value: GroupValue) -> str:
        """The text of a value, as files have it."""
        return (value[0] if isinstance(value, tuple) else value) or ""

    def row_name(self, value: GroupValue) -> str:
        """A text for each value that no other value has, to name rows in addresses: "-" for an empty one."""
        text = "~".join(map(_escape_tilde, value)) if isinstance(value, tuple) else value or ""
        return text if text.strip("-") else f"{text}-"

    def show(self, text: str | None) -> str:
        """The text of a value on a page. It is empty, not "No reseller", in a row of a period without rows."""
        return "" if text is None else self.describe(text)


def _escape_tilde(text: str) -> str:
    return text.replace("%", "%25").replace("~", "%7E")


@dataclass(frozen=True, eq=False)
class Summary:
    """Row counts and sums by group.

    group_by:     what rows are grouped by; () sums all rows of a view.
    measures:     the keys of the columns that are added up.
    grand_totals: the measures that are also added up over all groups.
    """

    group_by: tuple[Dimension, ...] = ()
    measures: tuple[str, ...] = ()
    grand_totals: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        """The first level whose rows can be grouped."""
        return max((by.level for by in self.group_by), default=0)

    def limited_to(self, columns: Collection[str]) -> "Summary":
        """This summary with the measures that are among the keys of `columns`."""
        measures = tuple(key for key in self.measures if key in columns)
        grand_totals = tuple(key for key in self.grand_totals if key in columns)
        return self if measures == self.measures else replace(self, measures=measures, grand_totals=grand_totals)


@dataclass(frozen=True, eq=False)
class Chart:
    """The largest numbers of a summary, or its numbers by month, as bars.

    title:    what the numbers are: "Cost". The page adds what they are grouped by: "Cost by month".
    measure:  the key of the column that is drawn, one of the summary's measures; "" is the number of rows. A column
              with `share_of` is drawn inside a bar of the whole, which is a measure too.
    summary:  two dimensions are a month and a column with `colored_values`, the parts of its bar. With one, bars are
              the groups with the largest numbers. Without any they are the largest of the report's first-level rows.
    months:   today → the months of the axis, in their order: `months_around(-11, 0)`.
    latest_column: the key of a column of dates. The axis is counted from its latest date in the view instead of today.
    """

    title: str
    measure: str = ""
    summary: Summary = field(default_factory=Summary)
    months: Callable[[date], Sequence[str]] | None = None
    latest_column: str = ""

    @property
    def needed_columns(self) -> set[str]:
        """The keys of the columns without which it can't be drawn."""
        return {self.measure, self.latest_column, *(by.column for by in self.summary.group_by)} - {""}


@dataclass(frozen=True, eq=False)
class Report:
    """A report. Raises TypeError when a level's table has no reseller, because then no scope could restrict it.

    slug:         its name in addresses and commands: /reports/customer-usage.
    title, description: its name, and a sentence about it, for people.
    description_without_costs: the sentence for accounts that don't see costs, where it is another one.
    levels:       one Level, or several for rows that expand.
    columns:      in their default order.
    filters:      in the order of their form fields.
    default_sort: a column's key, "-" in front for descending.
    base_table:   the table whose fields the columns name; the last level's table by default.
    summary:      the sums under the table.
    charts:       the charts above the table.
    dimensions:   what its rows can be grouped by.
    group_filters: filters that hold in each grouped view that doesn't set them, such as to leave out rows of zeros.
    group, source: set by `grouped_by` only: the dimensions of a grouped report, and the report whose rows it groups.
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
    description_without_costs: str = ""
    dimensions: tuple[Dimension, ...] = ()
    group_filters: Mapping[str, str] = field(default_factory=dict)
    group: tuple[Dimension, ...] = ()
    source: "Report | None" = None

    def __post_init__(self) -> None:
        if self.base_table is None:
            object.__setattr__(self, "base_table", self.levels[-1].table)
        for level in self.levels:
            reseller_field(level.table)

    @property
    def short_title(self) -> str:
        """The title where there is little room: "Usage" for "Customer Usage Report"."""
        return self.title.removeprefix("Customer ").removesuffix(" Report")

    @cached_property
    def columns_by_key(self) -> dict[str, Column]:
        return {column.key: column for column in self.columns}

    @cached_property
    def filters_by_key(self) -> dict[str, Filter]:
        return {filter_.key: filter_ for filter_ in self.filters}

    @cached_property
    def dimensions_by_key(self) -> dict[str, Dimension]:
        return {dimension.key: dimension for dimension in self.dimensions}

    @property
    def group_label(self) -> str:
        """What a grouped report is grouped by, for people: "Month, Action"."""
        return ", ".join(dimension.label for dimension in self.group)

    @property
    def longest_periods(self) -> Periods | None:
        """The longest periods by which its rows can be grouped, None where no dimension is of time."""
        every = [dimension.periods for dimension in self.dimensions if dimension.periods]
        return max(every, key=lambda periods: periods.months, default=None)

    @cached_property
    def measures(self) -> tuple[Column, ...]:
        """The columns of numbers, which grouped views add up."""
        return tuple(column for column in self.columns if column.kind.numeric and column.key != ROWS)

    @cached_property
    def default_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.visible)

    def grouped_by(self, group: tuple[Dimension, ...]) -> "Report":
        """The report whose rows are the sums of this one's deepest rows by these dimensions; this one for none."""
        return _grouped_report(self.source or self, group) if group else self.source or self

    def level_column(self, level: int) -> Column:
        """The column that names the rows of an expanded level."""
        return next(column for column in self.columns if column.level == level)


ROWS = "rows"
ROWS_COLUMN = Column(ROWS, "Rows", None, INTEGER)  # how many rows are in a group


@lru_cache(maxsize=500)  # the same object each time: caches of groups have the report in their keys
def _grouped_report(report: Report, group: tuple[Dimension, ...]) -> Report:
    """Return the report's rows grouped. Its filters select among the deepest rows, before these are added up."""
    measures = tuple(replace(column, visible=True, level=0, fixed=False) for column in report.measures)
    return replace(
        report,
        levels=(replace(report.levels[-1], path_field="", expand_label="Show rows"),),
        columns=(*(_dimension_column(report, dimension) for dimension in group), ROWS_COLUMN, *measures),
        filters=tuple(replace(filter_, level=0) for filter_ in report.filters),
        default_sort=group[0].key,
        summary=Summary(measures=report.summary.measures, grand_totals=report.summary.measures),
        group=group,
        source=report,
    )


def _dimension_column(report: Report, dimension: Dimension) -> Column:
    like = report.columns_by_key.get(dimension.column)
    if dimension.periods:
        note = partial(_note_of_period, dimension.periods)
        return Column(dimension.key, dimension.label, None, PERIOD, fixed=True, width="ch-18", note=note)
    column = Column(dimension.key, dimension.label, None, replace(TEXT, show=dimension.show), fixed=True)
    if like is None:
        return column
    return replace(
        column, width=like.width_class, colored_values=like.colored_values, link=like.link, link_id=like.link_id
    )


def _note_of_period(periods: Periods, period: str, today: date) -> str:
    return "so far" if periods.of_day(str(today)) == period else ""


def permitted_report(report: Report, permissions: frozenset[Permission]) -> Report:
    """Return the report as accounts with these permissions have it: without the parts that need another one.

    So page, files, sums and messages need no special case. Without VIEW_DETAILS there is only the first level.
    """
    return _permitted_report(report, permissions & REPORT_PERMISSIONS)


@cache  # caches of rows and sums have the report in their keys
def _permitted_report(report: Report, permissions: frozenset[Permission]) -> Report:
    columns = tuple(column for column in report.columns if column.permissions <= permissions)
    depth = len(report.levels) if Permission.VIEW_DETAILS in permissions else 1
    if columns == report.columns and depth == len(report.levels):
        return report
    keys = {column.key for column in columns}
    sees_costs = Permission.VIEW_COSTS in permissions
    description = report.description if sees_costs else report.description_without_costs or report.description
    charts = [chart for chart in report.charts if chart.summary.level < depth and chart.needed_columns <= keys]
    return replace(
        report,
        description=description,
        levels=report.levels[:depth],
        columns=columns,
        filters=tuple(filter_ for filter_ in report.filters if filter_.level < depth),
        dimensions=tuple(dimension for dimension in report.dimensions if dimension.level < depth),
        summary=report.summary.limited_to(keys),
        charts=tuple(replace(chart, summary=chart.summary.limited_to(keys)) for chart in charts),
    )
