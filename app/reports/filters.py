"""The filters that reports share. `app.table.definitions.Filter` documents the options of a filter."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from peewee import Field, Value, fn

from app.reports.periods import FIRST_DAY, PERIODS, describe_period, period_dates, period_title
from app.table.definitions import Filter, Table
from app.table.expressions import SearchCondition, without_index
from app.table.kinds import DATE
from app.table.scope import Scope
from app.table.spellings import find_ids
from models import MAX_CHAR, NONE_ID, Bundle, BundleProduct, Customer, Product, Reseller, clean_text, fold, reports_db

Options = Callable[[Table, Scope], Sequence[tuple[str, str]]]  # values and labels of a menu

NO_RESELLER = "-"  # the value of the filter `reseller` for customers without one
NO_RESELLER_LABEL = "No reseller"
NO_NAME = "-"  # the value of other filters for rows without a name; a name of dashes has one more in such a filter
NO_NAME_LABEL = "Not specified"
_MAX_MENU_NAMES = 300  # a filter by one of more names is a text field instead of a menu


def search_filter(*ids: str) -> Filter:
    """Rows whose customer or reseller has the text in its name, or with an id that begins with the text.

    The customer's id counts, and the row's own `ids`: names of fields with the casefolded id, such as "ref_key".
    Example: `search_filter("ref_key", "subscription_key")`.
    """

    def where(table: Table, text: str) -> Any:
        key = text.casefold()
        parties = (
            (table.customer, Customer, _contains(Customer.name_key, text) | _starts_with(Customer.ref_key, key)),
            (table.reseller, Reseller, _contains(Reseller.name_key, text)),
        )
        has_id = [_starts_with(getattr(table, name), key) for name in ids]
        subqueries, row_by_row = [], []
        for field, party, match in parties:
            subqueries.append(reports_db.in_subquery(field, party.select(party.id).where(match)))
            row_by_row.append(fn.EXISTS(party.select(Value(1)).where(party.id == field, match)))
        by_party = reduce(or_, subqueries)
        disjoint = [without_index(by_party)]
        if has_id:
            disjoint.append(reduce(or_, has_id) & without_index(~by_party))
        return SearchCondition(reduce(or_, [by_party, *has_id]), reduce(or_, [*row_by_row, *has_id]), disjoint)

    return Filter("q", "Search", where, "search", clean_text, hint="Name or ID")


def _contains(field: Field, text: str) -> Any:
    return reports_db.contains(field, fold(text))


def _starts_with(field: Field, key: str) -> Any:
    return (field >= key) & (field < key + MAX_CHAR)


def id_filter(key: str, label: str, field: str, ref: Field, ref_key: Field) -> Filter:
    """Rows with this id in `field`. Blanks around it and its case don't matter where no row has exactly this id.

    Ids are looked up in `ref`, and their casefolded form in `ref_key`.
    Example: `id_filter("customer", "Customer ID", "customer_ref", Customer.ref, Customer.ref_key)`.
    """

    def where(table: Table, value: str | tuple[str, ...]) -> Any:
        row_ref = getattr(table, field)
        return row_ref.in_(value) if isinstance(value, tuple) else row_ref == value

    return Filter(key, label, where, spellings=lambda scope, value: find_ids(ref, ref_key, scope, value))


def choice_filter(key: str, label: str, values: Mapping[str, str], where: Callable[[Table, Any], Any]) -> Filter:
    """Rows of one of a few fixed kinds, chosen from a menu. `values` maps each value to its label; any other is a 400.

    Example: `choice_filter("usage", "Usage", {"over": "Over"}, lambda table, value: table.over_inventory > 0)`.
    """

    def parse(value: str) -> str:
        if value not in values:
            raise ValueError(f"is not one of {', '.join(values)}")
        return value

    return Filter(
        key,
        label,
        where,
        input_type="select",
        parse=parse,
        options=fixed_options(values),
        values=tuple(values),
        describe=lambda value, today: values[value],
    )


def name_filter(key: str, label: str, names: Table, field: str, level: int = 0) -> Filter:
    """Rows of `level` whose `field` refers to the row of `names` with exactly this name. Sums are of these rows only.

    Above a number of names it is a text field, because listing those that occur would delay the page.

    Example: `name_filter("product", "Product", Product, "product", level=2)`.
    """

    def where(table: Table, value: str) -> Any:
        name, row = _name_of(value), getattr(table, field)
        return reports_db.in_subquery(row, names.select(names.id).where(names.name == name)) if name else row == NONE_ID

    def options(table: Table, scope: Scope) -> list[tuple[str, str]]:
        if len(list(reports_db.execute(names.select(names.id).limit(_MAX_MENU_NAMES + 1)))) > _MAX_MENU_NAMES:
            return []
        nameless = table.select(table.id).where(getattr(table, field) == NONE_ID, *scope.conditions(table)).limit(1)
        found = [(name_value(name), label) for name, label in occurring_names(names, field)(table, scope)]
        return ([(NO_NAME, NO_NAME_LABEL)] if list(reports_db.execute(nameless)) else []) + found

    return Filter(key, label, where, "select", options=options, level=level, describe=_describe_name)


def text_filter(key: str, label: str, where: Callable[[Table, str], Any]) -> Filter:
    """Rows with exactly a text. Links of groups set it, and a chip shows it, but the form has no field for it.

    `where` gets the table and the text, "" for none.
    """
    return Filter(
        key, label, lambda table, value: where(table, _name_of(value)), input_type="hidden", describe=_describe_name
    )


def name_value(name: str) -> str:
    """The value of a filter for a name: "Ann", and "-" for none."""
    return name if name.strip(NO_NAME) else name + NO_NAME


def _name_of(value: str) -> str:
    return value if value.strip(NO_NAME) else value[:-1]


def _describe_name(value: str, _: date) -> str:
    return _name_of(value) or NO_NAME_LABEL


def period_filters(label: str, field: str, periods: Iterable[str] = PERIODS) -> tuple[Filter, ...]:
    """Three filters on a date field: a named period, from a day, to a day. Days are in UTC, and both are included.

    The menu offers `periods`; an address may name any. Example: `period_filters("Date", "date", PAST_PERIODS)`.
    """

    def within(table: Table, days: tuple[str, str]) -> Any:
        return from_day.where(table, days[0]) & to_day.where(table, days[1])

    titles = {name: period_title(name) for name in PERIODS}
    menu = fixed_options({name: titles[name] for name in periods})
    period = choice_filter("period", label, titles, within)
    period = replace(period, options=menu, resolve=period_dates, describe=describe_period)
    from_day = Filter("from", f"{label} from", lambda table, day: getattr(table, field) >= day, "date", _parse_day)
    to_day = Filter(
        "to", f"{label} to", lambda table, day: getattr(table, field) <= f"{day} 23:59:59", "date", _parse_day
    )
    return period, from_day, to_day


def _parse_day(value: str) -> str:
    """A day that somebody may ask for. The data may have earlier ones."""
    day: str = DATE.parse(value)
    if day < str(FIRST_DAY):
        raise ValueError(f"is not a date of the years {FIRST_DAY.year} to 9999, such as 2026-11-22")
    return day


def fixed_options(labels: Mapping[str, str]) -> Options:
    """A menu that is always the same."""
    options = list(labels.items())
    return lambda table, scope: options


def occurring_names(names: Table, field: str) -> Options:
    """A menu of the names that `field` refers to in at least one row of the scope, in alphabetical order."""

    def options(table: Table, scope: Scope) -> list[tuple[str, str]]:
        rows = table.select(Value(1)).where(getattr(table, field) == names.id, *scope.conditions(table))
        return _name_options(names.select(names.name).where(names.id != NONE_ID, fn.EXISTS(rows)), names)

    return options


def _name_options(query: Any, names: Table) -> list[tuple[str, str]]:
    return [(name, name) for (name,) in reports_db.execute(query.order_by(names.name_key, names.name))]


def _has_reseller(table: Table, name: str) -> Any:
    if name == NO_RESELLER:
        return table.reseller == NONE_ID
    return reports_db.in_subquery(table.reseller, Reseller.select(Reseller.id).where(Reseller.name == name))


def _reseller_options(table: Table, scope: Scope) -> list[tuple[str, str]]:
    none = [(NO_RESELLER, NO_RESELLER_LABEL)] if scope.reseller_id is None else []
    return none + list(occurring_names(Reseller, "reseller")(table, scope))


def _affects_product(table: Table, name: str) -> Any:
    bundles = BundleProduct.select(BundleProduct.bundle).join(Product).where(Product.name == name)
    return reports_db.in_subquery(table.bundle, bundles)


def _is_bundle(table: Table, names: str) -> Any:
    """Rows with exactly these products, in this order."""
    return reports_db.in_subquery(table.bundle, Bundle.select(Bundle.id).where(Bundle.name == names))


def _affected_products(table: Table, scope: Scope) -> list[tuple[str, str]]:
    rows = (
        table.select(Value(1))
        .join(BundleProduct, on=(BundleProduct.bundle == table.bundle))
        .where(BundleProduct.product == Product.id, *scope.conditions(table))
    )
    return _name_options(Product.select(Product.name).where(fn.EXISTS(rows)), Product)


CUSTOMER = id_filter("customer", "Customer ID", "customer_ref", Customer.ref, Customer.ref_key)
RESELLER = Filter(
    "reseller",
    "Reseller",
    _has_reseller,
    "select",
    options=_reseller_options,
    describe=lambda name, today: NO_RESELLER_LABEL if name == NO_RESELLER else name,
)
TRANSACTED_PRODUCTS = text_filter("products", "Products", _is_bundle)
TRANSACTED_PRODUCT = Filter("product", "Product", _affects_product, "select", options=_affected_products)
SUBSCRIPTION_NAME = text_filter(
    "subscription_name", "Subscription", lambda table, name: (table.name_key == fold(name)) & (table.name == name)
)
