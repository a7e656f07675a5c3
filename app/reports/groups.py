"""What summaries and charts group rows by. Each group links to the filter that selects its rows."""

from collections.abc import Sequence
from typing import Any

from peewee import fn

from app.reports.filters import NO_RESELLER, NO_RESELLER_LABEL
from app.reports.periods import month_dates
from app.table.definitions import GroupBy
from models import Reseller

_MONTH = len("2026-11")


def group_by_month(field: str, label: str = "Month") -> GroupBy:
    """Group rows by the month of a date field, such as "2026-11". A group links to the filters `from` and `to`.

    Example: `group_by_month("ends_on", "Month of End")`.
    """

    def filters(month: str) -> dict[str, str]:
        first, last = month_dates(month)
        return {"from": first, "to": last}

    return GroupBy(label, lambda table, today: fn.SUBSTR(getattr(table, field).cast("TEXT"), 1, _MONTH), filters)


def group_by_field(key: str, label: str, field: str, values: Sequence[str]) -> GroupBy:
    """Group rows by a field that has only these `values`. `key` is that of its column, and of the filter for links.

    Example: `group_by_field("action", "Action", "action", ACTIONS)`.
    """
    return GroupBy(label, lambda table, today: getattr(table, field), lambda value: {key: value}, key, values)


def group_by_name(key: str, label: str, names: Any, level: int) -> GroupBy:
    """Group rows of `level` by the name of the row in `names` that they refer to. A group links to the filter `key`.

    Example: `group_by_name("certificate_type", "Certificate Type", CertificateType, level=1)`.
    """
    return GroupBy(label, lambda table, today: names.name, lambda value: {key: value}, level=level)


def group_by_reseller() -> GroupBy:
    """Group rows by the name of the customer's reseller, "" for none. A group links to the filter `reseller`."""
    return GroupBy(
        "Reseller",
        lambda table, today: Reseller.name,
        lambda name: {"reseller": name or NO_RESELLER},
        describe=lambda name: name or NO_RESELLER_LABEL,
    )
