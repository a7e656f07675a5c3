"""A view in words, for people who have only its file."""

from collections.abc import Sequence

from app.table.memo import until_next_load
from app.table.report import Filter
from app.table.scope import Scope
from app.table.view import View


def choices(view: View, each: Filter, scope: Scope) -> Sequence[tuple[str, str]]:
    """The values and labels of a filter that is a menu, () of one that is typed."""
    list_choices, finest = each.options, view.report.finest
    if not list_choices:
        return ()
    found: Sequence[tuple[str, str]] = until_next_load(
        (view.report.slug, each.key, scope), lambda: list_choices(finest, scope)
    )
    return found


def in_words(view: View, scope: Scope) -> list[tuple[str, str]]:
    """Which report it is, what chooses its rows, and what they are sorted by."""
    chosen = [(each.label, dict(choices(view, each, scope)).get(value, value)) for each, value in view.active]
    order = f"{view.sort_column.label}{', descending' if view.descending else ''}"
    return [("Report", view.report.title), *(chosen or [("Filters", "none")]), ("Sorted by", order)]
