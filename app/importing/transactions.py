"""The file of the Customer Transactions Report."""

from app.importing import cells
from app.importing.layout import Layout
from app.importing.ledger import Ledger
from app.importing.records import TransactionRecord
from app.importing.statements import Row
from app.reports import transactions
from models import ACTIONS, SEPARATOR, Transaction


class Transactions(Ledger):
    layout = Layout(
        transactions.REPORT,
        TransactionRecord,
        strict={
            "customer": cells.NAME,
            "reseller": cells.reseller,
            "product": cells.products,
            "transaction_id": cells.IDENTIFIER,
            "action": cells.one_of(ACTIONS),
        },
        renamed={"products": "product"},
    )
    table = Transaction
    id_key = "transaction_id"
    subscription = "subscription_ref"
    foreign = "belongs to another customer"

    def row(self, record: TransactionRecord) -> Row:
        return {
            "subscription_ref": record.subscription_id,
            "subscription_key": record.subscription_id.casefold(),
            "bundle": self.registry.bundles.id_of(SEPARATOR.join(record.products)),
            "action": record.action,
            "date": record.date,
            "total": record.total,
            "cost": record.cost,
            "user": self.registry.actors.id_of(record.user),
        }
