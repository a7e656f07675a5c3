"""What needs attention: views of reports whose rows somebody should look at today."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AttentionItem:
    """A view of the report `slug`. `one` or `many` follows the number of its rows; `none` replaces it."""

    slug: str
    query: tuple[tuple[str, str], ...]
    one: str
    many: str
    none: str

    def words(self, number: int) -> str:
        """What follows the number of rows."""
        if number == 0:
            return self.none
        return self.one if number == 1 else self.many


ATTENTION_ITEMS = (
    AttentionItem(
        "customer-subscriptions",
        (("status", "Active"), ("period", "next-30-days")),
        "active subscription ends within 30 days, today included",
        "active subscriptions end within 30 days, today included",
        "No active subscription ends within 30 days.",
    ),
    AttentionItem(
        "customer-usage",
        (("usage", "over"),),
        "customer uses more than was purchased",
        "customers use more than was purchased",
        "No customer uses more than was purchased.",
    ),
    AttentionItem(
        "customer-transactions",
        (("action", "Cancel"), ("period", "this-month")),
        "cancellation this month",
        "cancellations this month",
        "No cancellations this month.",
    ),
)
