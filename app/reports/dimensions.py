"""What rows can be grouped by. Each group leads to its rows by the filters that select them."""

from collections.abc import Callable, Sequence
from typing import Any

from peewee import Field, fn

from app.reports.customer_page import CustomerIdentity
from app.reports.filters import NO_NAME_LABEL, NO_RESELLER, NO_RESELLER_LABEL, name_value
from app.reports.periods import MONTH, QUARTER, YEAR, PeriodLength
from app.table.definitions import Dimension, Periods
from models import Customer, Reseller


def time_dimensions(field: str, of: str = "", within: Dimension | None = None) -> tuple[Dimension, ...]:
    """Month, quarter and year of a date field. A group leads to the filters `from` and `to`. `within`: see `Periods`.

    Example: `*time_dimensions("ends_on", " of End")`.
    """

    def text(first: int, length: int) -> Callable[[Any], Any]:
        return lambda table: fn.SUBSTR(getattr(table, field).cast("TEXT"), first, length)

    year, month = text(1, 4), text(6, 2)
    terms = {
        MONTH: text(1, 7),
        QUARTER: lambda table: year(table).concat("-Q").concat(((month(table).cast("INTEGER") + 2) / 3).cast("TEXT")),
        YEAR: year,
    }
    return tuple(_of_time(field, of, length, term, within) for length, term in terms.items())


def _of_time(
    field: str, of: str, length: PeriodLength, term: Callable[[Any], Any], within: Dimension | None
) -> Dimension:
    def filters(period: str) -> dict[str, str]:
        first, last = length.days(period)
        return {"from": first, "to": last}

    periods = Periods(length.months, field, length.of_day, length.days, length.between, within)
    label = f"{length.key.capitalize()}{of}"
    return Dimension(length.key, label, lambda table, today: term(table), filters, periods=periods)


def value_dimension(key: str, label: str, field: str, values: Sequence[str]) -> Dimension:
    """A field that has only these `values`. `key` is that of its column, and of the filter to which groups lead.

    Example: `value_dimension("action", "Action", "action", ACTIONS)`.
    """
    return Dimension(
        key,
        label,
        lambda table, today: getattr(table, field),
        lambda value: {key: value},
        column=key,
        ordered_values=values,
    )


def text_dimension(key: str, label: str, field: str, filter_key: str) -> Dimension:
    """A field of any texts, in a column of the same key.

    Example: `text_dimension("subscription", "Subscription", "name", "subscription_name")`.
    """
    return Dimension(
        key,
        label,
        lambda table, today: getattr(table, field),
        lambda text: {filter_key: name_value(text)},
        column=key,
        describe=lambda text: text or NO_NAME_LABEL,
    )


def name_dimension(key: str, label: str, field: str, name: Field, *, filter_key: str = "", level: int = 0) -> Dimension:
    """The name of the row to which a foreign key refers. Groups lead to the filter `filter_key`, by default `key`.

    Example: `name_dimension("user", "User", "user", Actor.name)`.
    """
    return Dimension(
        key,
        label,
        lambda table, today: getattr(table, field),
        lambda text: {filter_key or key: name_value(text)},
        names=(name,),
        column=key,
        level=level,
        describe=lambda text: text or NO_NAME_LABEL,
    )


BY_RESELLER = Dimension(
    "reseller",
    "Reseller",
    lambda table, today: table.reseller,
    lambda name: {"reseller": name or NO_RESELLER},
    names=(Reseller.name,),
    column="reseller",
    describe=lambda name: name or NO_RESELLER_LABEL,
)
BY_CUSTOMER = Dimension(
    "customer",
    "Customer",
    lambda table, today: table.customer,
    lambda customer: CustomerIdentity(*customer).keys,
    names=(Customer.name, Customer.ref, Reseller.name),
    column="customer",
)
