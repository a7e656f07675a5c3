"""What one row of each import file says, once its cells are read. Fields bear the keys of the report's columns.

Text is as it was written, money is in cents, dates are ISO text (`app.table.kind`).
"""

from typing import NamedTuple


class SubscriptionRecord(NamedTuple):
    customer: str
    customer_id: str
    reseller: str
    subscription_id: str
    subscription: str
    end: str
    cost: int
    order_date: str
    last_modified_by: str
    last_modified_date: str
    items_quantity: int


class TransactionRecord(NamedTuple):
    customer: str
    customer_id: str
    reseller: str
    subscription_id: str
    products: tuple[str, ...]
    transaction_id: str
    action: str
    date: str
    total: int
    cost: int
    user: str


class UsageRecord(NamedTuple):
    """One holding; an empty certificate type and product say that the customer has none."""

    customer: str
    customer_id: str
    reseller: str
    certificate_type: str
    product: str
    current_inventory: int
    used: int


Record = SubscriptionRecord | TransactionRecord | UsageRecord
