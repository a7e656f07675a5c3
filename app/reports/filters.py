"""The filters that reports share."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from peewee import Field, Value, fn

from app.reports.periods import PERIODS, describe_period, period_dates, period_title
from app.table.definitions import Filter, Table
from app.table.expressions import SearchCondition, without_index
from app.table.kinds import DATE
from app.table.scope import Scope
from models import MAX_CHAR, NONE_ID, BundleProduct, Customer, Product, Reseller, fold, reports_db

NO_RESELLER, _NO_RESELLER = "-", "No reseller"

Options = Callable[[Table, Scope], Sequence[tuple[str, str]]]


def search_filter(*ids: str) -> Filter:
    """Rows whose customer or reseller has the text in its name, or one of whose ids begins with it.

    `ids` names the fields that hold the row's own ids, ready for comparison.
    """

    def where(table: Table, text: str) -> Any:
        key = text.casefold()
        parties = (
            (table.customer, Customer, _contains(Customer.name_key, text) | _begins(Customer.ref_key, key)),
            (table.reseller, Reseller, _contains(Reseller.name_key, text)),
        )
        own = [_begins(getattr(table, name), key) for name in ids]
        found = [reports_db.in_subquery(field, party.select(party.id).where(those)) for field, party, those in parties]
        asked = [fn.EXISTS(party.select(Value(1)).where(party.id == field, those)) for field, party, those in parties]
        theirs = reduce(or_, found)
        parts = [without_index(theirs), *([reduce(or_, own) & without_index(~theirs)] if own else [])]
        return SearchCondition(reduce(or_, [theirs, *own]), reduce(or_, [*asked, *own]), parts)

    return Filter("q", "Search", where, input_type="search", hint="Name, or the beginning of an ID")


def _contains(field: Field, text: str) -> Any:
    return reports_db.contains(field, fold(text))


def _begins(field: Field, key: str) -> Any:
    return (field >= key) & (field < key + MAX_CHAR)


def exact_id(key: str, label: str, field: str) -> Filter:
    """Rows with exactly this id in `field`."""
    return Filter(key, label, lambda table, value: getattr(table, field) == value)


def _has_reseller(table: Table, name: str) -> Any:
    if name == NO_RESELLER:
        return table.reseller == NONE_ID
    return reports_db.in_subquery(table.reseller, Reseller.select(Reseller.id).where(Reseller.name == name))


def _resellers(table: Table, scope: Scope) -> list[tuple[str, str]]:
    nobodys = [(NO_RESELLER, _NO_RESELLER)] if scope.reseller_id is None else []
    return nobodys + list(occurring_names(Reseller, "reseller")(table, scope))


def occurring_names(named: Table, field: str) -> Options:
    """The names, in alphabetical order, to which `field` refers in at least one row of the scope."""

    def options(table: Table, scope: Scope) -> list[tuple[str, str]]:
        rows = table.select(Value(1)).where(getattr(table, field) == named.id, *scope.conditions(table))
        return _as_options(named.select(named.name).where(named.id != NONE_ID, fn.EXISTS(rows)), named)

    return options


def _transacted_products(table: Table, scope: Scope) -> list[tuple[str, str]]:
    rows = (
        table.select(Value(1))
        .join(BundleProduct, on=(BundleProduct.bundle == table.bundle))
        .where(BundleProduct.product == Product.id, *scope.conditions(table))
    )
    return _as_options(Product.select(Product.name).where(fn.EXISTS(rows)), Product)


def _as_options(query: Any, named: Table) -> list[tuple[str, str]]:
    return [(name, name) for (name,) in reports_db.execute(query.order_by(named.name_key, named.name))]


def _with_product(table: Table, name: str) -> Any:
    bundles = BundleProduct.select(BundleProduct.bundle).join(Product).where(Product.name == name)
    return reports_db.in_subquery(table.bundle, bundles)


def fixed_options(values: Mapping[str, str]) -> Options:
    """A menu that is always the same."""
    listed = list(values.items())
    return lambda table, scope: listed


def one_of(key: str, label: str, values: Mapping[str, str], where: Callable[[Table, Any], Any]) -> Filter:
    """Rows of one of a few fixed sorts: `values` are their names and what a menu calls them. Any other is refused."""

    def parse(value: str) -> str:
        if value not in values:
            raise ValueError(f"is not one of {', '.join(values)}")
        return value

    return Filter(
        key, label, where, "select", parse, fixed_options(values), describe=lambda value, today: values[value]
    )


def by_name(key: str, label: str, names: Table, field: str, level: int) -> Filter:
    """Rows of `level` whose `field` refers to exactly this name, chosen before anything is summed."""

    def where(table: Table, value: str) -> Any:
        return reports_db.in_subquery(getattr(table, field), names.select(names.id).where(names.name == value))

    return Filter(key, label, where, "select", options=occurring_names(names, field), level=level)


def period_filters(label: str, field: str, offered: Iterable[str] = PERIODS) -> tuple[Filter, ...]:
    """Rows of a period, or from one day to another, both included, in UTC. `offered` are the periods of the menu."""

    def within(table: Table, days: tuple[str, str]) -> Any:
        return first.where(table, days[0]) & last.where(table, days[1])

    titles = {name: period_title(name) for name in PERIODS}
    menu = fixed_options({name: titles[name] for name in offered})
    named = replace(
        one_of("period", f"{label} in", titles, within), options=menu, resolve=period_dates, describe=describe_period
    )
    first = Filter("from", f"{label} from", lambda table, day: getattr(table, field) >= day, "date", DATE.parse)
    last = Filter(
        "to", f"{label} to", lambda table, day: getattr(table, field) <= f"{day} 23:59:59", "date", DATE.parse
    )
    return named, first, last


CUSTOMER = exact_id("customer", "Customer ID", "customer_ref")
RESELLER = Filter(
    "reseller",
    "Reseller",
    _has_reseller,
    "select",
    options=_resellers,
    describe=lambda name, today: _NO_RESELLER if name == NO_RESELLER else name,
)
TRANSACTED_PRODUCT = Filter("product", "Product", _with_product, "select", options=_transacted_products)
