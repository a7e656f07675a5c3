"""What the summaries of reports group rows by."""

from collections.abc import Sequence
from typing import Any

from peewee import fn

from app.reports.periods import month_dates
from app.table.definitions import GroupBy

_MONTH = len("2026-11")


def group_by_month(field: str) -> GroupBy:
    """Rows by the month of their `field`, as "2026-11", by which `from` and `to` choose."""

    def days(month: str) -> dict[str, str]:
        first, last = month_dates(month)
        return {"from": first, "to": last}

    return GroupBy("Month", lambda table, today: fn.SUBSTR(getattr(table, field).cast("TEXT"), 1, _MONTH), days)


def group_by_field(key: str, label: str, field: str, values: Sequence[str]) -> GroupBy:
    """Rows by one of a few values of a `field`, by which the filter `key` chooses."""
    return GroupBy(label, lambda table, today: getattr(table, field), lambda value: {key: value}, values)


def group_by_name(key: str, label: str, names: Any, level: int) -> GroupBy:
    """Rows of `level` by one of the `names` to which they refer, by which the filter `key` chooses."""
    return GroupBy(label, lambda table, today: names.name, lambda value: {key: value}, level=level)
