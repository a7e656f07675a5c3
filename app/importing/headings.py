"""The first line of an import file."""

from collections import Counter
from collections.abc import Iterator

from app.importing.faults import quoted
from app.table.report import Report

OPTIONAL = {"Customer ID", "Available", "Over Inventory", "Status"}
"""Headings that a file may lack."""


def complaints(report: Report, headings: list[str]) -> Iterator[str]:
    """What is wrong with the headings of a file for `report`."""
    labels = [column.label for column in report.columns]
    expected = f"expected are {', '.join(labels)}"
    if not headings:
        yield f"the headings are missing; {expected}"
        return
    for heading, count in Counter(headings).items():
        if heading not in labels:
            yield f"the heading {quoted(heading)} is unknown; {expected}"
        elif count > 1:
            yield f"the heading {quoted(heading)} is expected once, not {count} times"
    for label in labels:
        if label not in headings and label not in OPTIONAL:
            yield f"the heading {quoted(label)} is missing; {expected}"
