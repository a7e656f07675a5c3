"""What the summaries of reports group rows by."""

from collections.abc import Sequence
from typing import Any

from peewee import fn

from app.reports.periods import days_in
from app.table.summary import By

_MONTH = len("2026-11")


def by_month(field: str) -> By:
    """Rows by the month of their `field`, as "2026-11", by which `from` and `to` choose."""

    def days(month: str) -> dict[str, str]:
        first, last = days_in(month)
        return {"from": first, "to": last}

    return By("Month", lambda table, today: fn.SUBSTR(getattr(table, field).cast("TEXT"), 1, _MONTH), days)


def by_field(key: str, label: str, field: str, values: Sequence[str]) -> By:
    """Rows by one of a few values of a `field`, by which the filter `key` chooses."""
    return By(label, lambda table, today: getattr(table, field), lambda value: {key: value}, values)


def by_name(key: str, label: str, names: Any, level: int) -> By:
    """Rows of `level` by one of the `names` to which they refer, by which the filter `key` chooses."""
    return By(label, lambda table, today: names.name, lambda value: {key: value}, level=level)
