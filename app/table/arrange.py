"""The order of a view's columns, and what the column chooser lists."""

from collections.abc import Sequence
from dataclasses import replace

from app.table.report import Column, Report
from app.table.view import View


def moved(view: View, key: str, step: int) -> View:
    """Move a visible column by `step` places, as far as the fixed ones and the ends allow."""
    columns = list(view.columns)
    index = next((i for i, column in enumerate(columns) if column.key == key), None)
    if index is None or columns[index].fixed:
        return view
    first = sum(column.fixed for column in columns)
    columns.insert(max(first, index + step), columns.pop(index))
    return replace(view, columns=tuple(columns))


def arranged(report: Report, columns: Sequence[Column]) -> list[Column]:
    """All columns as the chooser lists them: the visible in their order, each hidden one in its natural place."""
    listed = list(columns)
    for before, column in zip((None, *report.columns), report.columns, strict=False):
        if column not in listed:
            listed.insert(listed.index(before) + 1 if before else 0, column)
    return listed
