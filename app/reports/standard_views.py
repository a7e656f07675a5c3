"""The views that come with the product, as tabs that everybody has. To add one, add an entry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StandardView:
    """A named view of the report `slug`. Its query is that of an address."""

    slug: str
    name: str
    query: str


STANDARD_VIEWS = (
    StandardView("customer-subscriptions", "Renewals", "group=month&group=status&period=next-12-months"),
    StandardView("customer-transactions", "Month by action", "group=month&group=action&period=this-and-last-year"),
    StandardView(
        "customer-transactions",
        "By reseller",
        "group=reseller&columns=reseller&columns=rows&columns=cost&sort=-cost&period=this-year",
    ),
    StandardView("customer-usage", "By certificate type", "group=certificate_type"),
)
