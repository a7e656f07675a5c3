"""What the rows of a view add up to: a summary by the same conditions as its page and its files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from app.table.cache import cached_until_import
from app.table.counts import choose_strategy
from app.table.definitions import Chart, Summary
from app.table.paging import fetch_rows
from app.table.query import RowQuery
from app.table.scope import Scope
from app.table.view import View
from models import reports_db


class Group(NamedTuple):
    """Some rows of a view: what they have in common, how many they are, and the sums of the measures."""

    values: tuple[str, ...]
    rows: int
    sums: tuple[int, ...]

    def and_those(self, other: "Group | None") -> "Group":
        """This group with others that have the same in common."""
        if other is None:
            return self
        sums = tuple(mine + theirs for mine, theirs in zip(self.sums, other.sums, strict=True))
        return Group(self.values, self.rows + other.rows, sums)


def summarize(summary: Summary, view: View, scope: Scope) -> list[Group]:
    """The groups that a view's rows make, in the order of what they are grouped by; one if that is nothing."""
    level = max(view.level, summary.level)
    if level > view.level:
        view = replace(view, columns=(*view.columns, view.report.level_column(level)))
    rows = RowQuery(view, scope, level)
    groups: list[Group] = cached_until_import((rows.cache_key, summary, view.today), lambda: _group_rows(summary, rows))
    return groups


def _group_rows(summary: Summary, rows: RowQuery) -> list[Group]:
    view, depth = rows.view, len(summary.group_by)
    groups = [by.value(rows.table, view.today) for by in summary.group_by]
    found: dict[tuple[str, ...], Group] = {}
    for query in choose_strategy(rows).totals(groups, [view.report.columns_by_key[key] for key in summary.measures]):
        for record in reports_db.execute(query):
            group = Group(tuple(record[:depth]), record[depth], tuple(number or 0 for number in record[depth + 1 :]))
            found[group.values] = group.and_those(found.get(group.values))
    return sorted(found.values(), key=lambda group: _group_order(summary, group))


def _group_order(summary: Summary, group: Group) -> list[Any]:
    pairs = zip(summary.group_by, group.values, strict=True)
    return [by.ordered_values.index(value) if by.ordered_values else value for by, value in pairs]


def chart_range(picture: Chart, view: View, scope: Scope) -> tuple[View, Sequence[str]]:
    """What of a view is in a picture, and which values stand along its bars: none if they aren't days, or no days."""
    day = _latest_day(picture.latest_column, view, scope) if picture.latest_column else view.today
    if picture.axis_values is None or day is None:
        return view, []
    days = picture.summary.group_by[0].filters
    begins, ends = view.date_range
    along = [
        each
        for each in picture.axis_values(day)
        if days(each)["to"] >= begins and (not ends or days(each)["from"] <= ends)
    ]
    if not along:
        return view, []
    return narrow_view(view, {"from": days(along[0])["from"], "to": days(along[-1])["to"]}), along


def narrow_view(view: View, filters: Mapping[str, str]) -> View:
    """The view with filters set that choose among its rows; days beyond its own stay out."""
    filters, kept = dict(filters), dict(view.filters)
    if "from" in filters:
        begins, ends = view.date_range
        filters |= {"from": max(filters["from"], begins), "to": min(filters["to"], ends or filters["to"])}
        kept.pop("period", None)
    return view.with_filters(kept | filters)


def _latest_day(key: str, view: View, scope: Scope) -> date | None:
    """The last day that a column has in a view, None where there are no rows."""
    latest = replace(view.first_page, columns=(view.report.columns_by_key[key],), sort=f"-{key}")
    found = fetch_rows(choose_strategy(RowQuery(latest, scope, latest.level)), True, limit=1)
    return date.fromisoformat(found[0].values[0][:10]) if found else None
