"""Customer Usage Report: what every customer bought, uses, and has left, by certificate type and product."""

from dataclasses import replace
from typing import Any

from app.reports.customer_page import CUSTOMER_NAME, CUSTOMER_PAGE
from app.reports.dimensions import BY_CUSTOMER, BY_RESELLER, name_dimension
from app.reports.filters import CUSTOMER, RESELLER, choice_filter, name_filter, search_filter
from app.table.definitions import Chart, Column, Level, Report, Summary, Table
from app.table.kinds import ID, INTEGER, OPTIONAL_NAME, TEXT
from models import (
    NONE_ID,
    USAGE_COUNTS,
    CertificateType,
    Customer,
    CustomerUsage,
    Holding,
    Product,
    Reseller,
    TypeUsage,
)

_NEAR = 90  # per cent in use from which an inventory counts as nearly used up

_BY_TYPE = name_dimension("certificate_type", "Certificate Type", "certificate_type", CertificateType.name, level=1)
_USAGE = {"over": "Over inventory", "near": f"Near inventory ({_NEAR} % used)"}


def _has_usage(table: Table, value: str) -> Any:
    """Rows that use more than was purchased, or nearly all. An inventory of 0 is never near."""
    if value == "over":
        return table.over_inventory > 0
    near = table.used * 100 >= table.current_inventory * _NEAR
    return (table.over_inventory == 0) & (table.current_inventory > 0) & near


def _is_part(table: Table) -> Any:
    """Whether a row is more than the zeros of a customer without holdings. Filters may select it by its holdings."""
    if hasattr(table, "parts"):
        return table.parts > 0
    is_specified = (table.certificate_type != NONE_ID) | (table.product != NONE_ID)
    return is_specified | (table.current_inventory > 0) | (table.used > 0)


_INVENTORY = replace(
    choice_filter("inventory", "Inventory", {"any": "Any"}, lambda table, value: _is_part(table)), input_type="hidden"
)

REPORT = Report(
    slug="customer-usage",
    title="Customer Usage Report",
    description="What every customer has bought, uses, and has left, by certificate type and product",
    levels=(
        Level(CustomerUsage, "customer", expand_label="Expand customer details"),
        Level(
            TypeUsage,
            "certificate_type",
            expand_label="Expand certificate details",
            is_part=_is_part,
        ),
        Level(Holding, "product", is_part=_is_part),
    ),
    columns=(
        Column(
            "customer",
            "Customer",
            Customer.name,
            TEXT,
            fixed=True,
            width="text-5",
            link=CUSTOMER_PAGE,
            link_id=Holding.customer_ref,
        ),
        Column("customer_id", "Customer ID", Holding.customer_ref, ID, link=CUSTOMER_PAGE),
        Column("reseller", "Reseller", Reseller.name, TEXT, width="text-4", filter="reseller"),
        Column(
            "certificate_type",
            "Certificate Type",
            CertificateType.name,
            OPTIONAL_NAME,
            visible=False,
            level=1,
            filter="certificate_type",
        ),
        Column(
            "product", "Product", Product.name, OPTIONAL_NAME, visible=False, level=2, width="text-3", filter="product"
        ),
        Column("current_inventory", "Current Inventory", Holding.current_inventory, INTEGER, width="ch-18"),
        Column("available", "Available", Holding.available, INTEGER),
        Column(
            "used",
            "Used",
            Holding.used,
            INTEGER,
            width="ch-35",
            overage=Holding.over_inventory,
            share_of="current_inventory",
        ),
        Column("over_inventory", "Over Inventory", Holding.over_inventory, INTEGER, visible=False),
    ),
    filters=(
        search_filter(),
        CUSTOMER,
        CUSTOMER_NAME,
        RESELLER,
        name_filter("certificate_type", "Certificate Type", CertificateType, "certificate_type", level=1),
        name_filter("product", "Product", Product, "product", level=2),
        replace(choice_filter("usage", "Usage", _USAGE, _has_usage), having=True),
        _INVENTORY,
    ),
    default_sort="customer",
    summary=Summary(measures=USAGE_COUNTS, grand_totals=USAGE_COUNTS),
    charts=(
        Chart("Used of inventory", "used", Summary((_BY_TYPE,), measures=("used", "current_inventory"))),
        Chart("Most over inventory", "over_inventory"),
    ),
    dimensions=(
        BY_RESELLER,
        _BY_TYPE,
        name_dimension("product", "Product", "product", Product.name, level=2),
        BY_CUSTOMER,
    ),
    group_filters={"inventory": "any"},
)
