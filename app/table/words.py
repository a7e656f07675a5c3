"""A view in words, for people who have only its file."""

from app.table.view import View


def in_words(view: View) -> list[tuple[str, str]]:
    """Which report it is, what chooses its rows, and what they are sorted by."""
    chosen = [(each.label, each.words(value, view.today)) for each, value in view.active]
    order = f"{view.sort_column.label}{', descending' if view.descending else ''}"
    return [("Report", view.report.title), *(chosen or [("Filters", "none")]), ("Sorted by", order)]
