"""What the rows of a view add up to: a summary by the same conditions as its page and its files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from app.table.counting import planned
from app.table.fetch import fetch
from app.table.memo import until_next_load
from app.table.rows import Rows
from app.table.scope import Scope
from app.table.summary import Picture, Summary
from app.table.view import View
from models import database


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


def summed(summary: Summary, view: View, scope: Scope) -> list[Group]:
    """The groups that a view's rows make, in the order of what they are grouped by; one if that is nothing."""
    level = max(view.level, summary.level)
    if level > view.level:
        view = replace(view, columns=(*view.columns, view.report.name_of(level)))
    rows = Rows(view, scope, level)
    groups: list[Group] = until_next_load((rows.choice, summary, view.today), lambda: _summed(summary, rows))
    return groups


def _summed(summary: Summary, rows: Rows) -> list[Group]:
    view, depth = rows.view, len(summary.by)
    groups = [by.value(rows.table, view.today) for by in summary.by]
    found: dict[tuple[str, ...], Group] = {}
    for query in planned(rows).totals(groups, [view.report.by_key[key] for key in summary.measures]):
        for record in database.execute(query):
            group = Group(tuple(record[:depth]), record[depth], tuple(number or 0 for number in record[depth + 1 :]))
            found[group.values] = group.and_those(found.get(group.values))
    return sorted(found.values(), key=lambda group: _place(summary, group))


def _place(summary: Summary, group: Group) -> list[Any]:
    pairs = zip(summary.by, group.values, strict=True)
    return [by.values.index(value) if by.values else value for by, value in pairs]


def spanned(picture: Picture, view: View, scope: Scope) -> tuple[View, Sequence[str]]:
    """What of a view is in a picture, and which values stand along its bars: none if they aren't days, or no days."""
    day = _newest(picture.newest, view, scope) if picture.newest else view.today
    if picture.along is None or day is None:
        return view, []
    days = picture.summary.by[0].filters
    begins, ends = view.days
    along = [
        each for each in picture.along(day) if days(each)["to"] >= begins and (not ends or days(each)["from"] <= ends)
    ]
    if not along:
        return view, []
    return narrowed(view, {"from": days(along[0])["from"], "to": days(along[-1])["to"]}), along


def narrowed(view: View, filters: Mapping[str, str]) -> View:
    """The view with filters set that choose among its rows; days beyond its own stay out."""
    filters, kept = dict(filters), dict(view.filters)
    if "from" in filters:
        begins, ends = view.days
        filters |= {"from": max(filters["from"], begins), "to": min(filters["to"], ends or filters["to"])}
        kept.pop("period", None)
    return view.filtered(kept | filters)


def _newest(key: str, view: View, scope: Scope) -> date | None:
    """The last day that a column has in a view, None where there are no rows."""
    latest = replace(view.start, columns=(view.report.by_key[key],), sort=f"-{key}")
    found = fetch(planned(Rows(latest, scope, latest.level)), True, limit=1)
    return date.fromisoformat(found[0].values[0][:10]) if found else None
