"""All customers and names, so that a row's text becomes our numbers."""

from app.importing.customers import Customers, Known
from app.importing.names import Bundles, Names
from app.importing.records import Record
from models import Actor, CertificateType, Product, Reseller


class Registry:
    """What is created while rows are read is written by `write`, before the rows that refer to it."""

    def __init__(self) -> None:
        self.customers = Customers()
        self.resellers = Names(Reseller)
        self.actors = Names(Actor)
        self.types = Names(CertificateType)
        self.products = Names(Product)
        self.bundles = Bundles(self.products)

    def customer(self, record: Record) -> Known:
        """Raises Refused when it could be any of several."""
        return self.customers.find(record.customer, record.customer_id, self.resellers.id_of(record.reseller))

    def write(self) -> None:
        for created in (self.resellers, self.customers, self.actors, self.types, self.bundles):
            created.write()
