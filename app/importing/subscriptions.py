"""The file of the Customer Subscriptions Report."""

from app.importing import cells
from app.importing.layout import Layout
from app.importing.ledger import Ledger
from app.importing.records import SubscriptionRecord
from app.importing.statements import Row
from app.reports import subscriptions
from models import Subscription, fold


class Subscriptions(Ledger):
    layout = Layout(
        subscriptions.REPORT,
        SubscriptionRecord,
        strict={
            "customer": cells.NAME,
            "reseller": cells.reseller,
            "subscription_id": cells.IDENTIFIER,
            "subscription": cells.NAME,
            "items_quantity": cells.count,
        },
    )
    table = Subscription
    id_key = "subscription_id"
    subscription = "ref"
    foreign = "is named by transactions of another customer"

    def row(self, record: SubscriptionRecord) -> Row:
        return {
            "name": record.subscription,
            "name_key": fold(record.subscription),
            "cancelled": False,
            "ends_on": record.end,
            "cost": record.cost,
            "ordered_on": record.order_date,
            "modified_by": self.registry.actors.id_of(record.last_modified_by),
            "modified_at": record.last_modified_date,
            "items_quantity": record.items_quantity,
        }
