"""The pictures of a view: which bars they have, of which parts, and where each leads."""

from collections.abc import Sequence

from app.table.kind import INTEGER
from app.table.scope import Scope
from app.table.summary import By, Picture
from app.table.sums import Group, narrowed, spanned, summed
from app.table.view import View
from app.web.bars import Chart, Named, Part, beside, stacked
from app.web.links import fitting, report_url

LARGEST = 10
"""Bars that stand for one name each; all smaller ones are one."""

_OTHERS = "Others"


def charts(picture: Picture, view: View, scope: Scope) -> list[Chart]:
    """What a picture of a view consists of; nothing where no rows are in it."""
    view, along = spanned(picture, view, scope)
    groups = summed(picture.summary, view, scope) if along or not picture.along else []
    if not groups:
        return []
    first, *second = picture.summary.by
    columns = [view.report.by_key[key] for key in picture.summary.measures]
    if not second:
        measured = [Part(look, column.label, column.kind) for look, column in enumerate(columns)]
        return [beside("", first.label, measured, _largest(view, first, groups))]
    there = {group.values[1] for group in groups}
    values = [value for value in second[0].values if value in there]
    stacks = []
    for at, (title, kind) in enumerate([(column.label, column.kind) for column in columns] or [("", INTEGER)]):
        parts = [Part(second[0].values.index(each), each, kind, _url(view, second[0], each)) for each in values]
        stacks.append(stacked(title, first.label, parts, _along(view, first, along, groups, values, at)))
    return stacks


def _along(
    view: View, by: By, along: Sequence[str], groups: Sequence[Group], values: Sequence[str], at: int
) -> list[Named]:
    """What stands along the bars, each with the numbers of its parts; it leads nowhere when it has no rows."""
    numbers = {group.values: group.sums[at] if group.sums else group.rows for group in groups}
    there = {name for name, _ in numbers}
    return [
        Named(name, _url(view, by, name) if name in there else "", [numbers.get((name, value), 0) for value in values])
        for name in along
    ]


def _largest(view: View, by: By, groups: Sequence[Group]) -> list[Named]:
    """The groups with the largest numbers, and the sums of all others."""
    some = sorted((group for group in groups if any(group.sums)), key=lambda group: group.sums, reverse=True)
    bars = [Named(group.values[0], _url(view, by, group.values[0]), group.sums) for group in some[:LARGEST]]
    rest = [sum(sums) for sums in zip(*(group.sums for group in some[LARGEST:]), strict=True)]
    return [*bars, Named(_OTHERS, "", rest)] if rest else bars


def _url(view: View, by: By, value: str) -> str:
    return fitting(report_url(narrowed(view, by.filters(value))))
