"""In-memory indexes of customers and names. They turn the text of a row into ids of other tables."""

from collections import defaultdict
from dataclasses import dataclass

from app.importing.layouts import Record
from app.importing.results import RowRejected, quote
from app.importing.rows import Row, Table, insert_rows
from models import (
    PRODUCT_SEPARATOR,
    Actor,
    Bundle,
    BundleProduct,
    CertificateType,
    Customer,
    Product,
    Reseller,
    fold,
    reports_db,
)


class NameIndex:
    """The ids of one table's rows by name. The name "" has a row too, which stands for none."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._ids: dict[str, int] = dict(reports_db.execute(table.select(table.name, table.id)))
        self._next_id = max(self._ids.values()) + 1
        self._pending: list[Row] = []

    def id_of(self, name: str) -> int:
        """The id of a name's row, which is created where there is none."""
        id_ = self._ids.get(name)
        return self._create(name) if id_ is None else id_

    def names_by_id(self) -> dict[int, str]:
        return {id_: name for name, id_ in self._ids.items()}

    def write(self) -> None:
        """Insert the rows created since the last call."""
        insert_rows(self._table, self._pending)
        self._pending = []

    def _create(self, name: str) -> int:
        id_ = self._ids[name] = self._next_id
        self._next_id += 1
        self._pending.append({"id": id_, **self._table.columns_for(name)})
        return id_


class BundleIndex(NameIndex):
    """Bundles are products that one transaction affects, named like "DV Wildcard; OV Wildcard"."""

    def __init__(self, products: NameIndex) -> None:
        super().__init__(Bundle)
        self._products = products
        self._pending_products: list[Row] = []

    def write(self) -> None:
        self._products.write()
        super().write()
        insert_rows(BundleProduct, self._pending_products)
        self._pending_products = []

    def _create(self, name: str) -> int:
        bundle = super()._create(name)
        for position, product in enumerate(name.split(PRODUCT_SEPARATOR)):
            self._pending_products.append(
                {"bundle": bundle, "position": position, "product": self._products.id_of(product)}
            )
        return bundle


@dataclass(slots=True, eq=False)
class CachedCustomer:
    """A row of the customer table. `ref` is the Customer ID of files, "" while unknown; `reseller` is a row's id."""

    id: int
    ref: str
    name: str
    reseller: int

    def row(self) -> Row:
        keys = {"ref_key": self.ref.casefold(), "name_key": fold(self.name)}
        return {"id": self.id, "ref": self.ref, "name": self.name, "reseller": self.reseller, **keys}


class CustomerIndex:
    """All customers, by Customer ID and by name and reseller.

    `new`, `changed`, `renamed` and `moved` are the customers that became so during this import.
    """

    def __init__(self) -> None:
        self.new: set[CachedCustomer] = set()
        self.changed: set[CachedCustomer] = set()
        self.renamed: set[CachedCustomer] = set()
        self.moved: set[CachedCustomer] = set()
        self._by_ref: dict[str, CachedCustomer] = {}
        self._by_name: defaultdict[tuple[str, int], list[CachedCustomer]] = defaultdict(list)
        self._pending: list[CachedCustomer] = []
        self._last_id = 0
        query = Customer.select(Customer.id, Customer.ref, Customer.name, Customer.reseller)
        for values in reports_db.execute(query):
            self._add(CachedCustomer(*values))

    def find(self, name: str, ref: str, reseller: int) -> CachedCustomer:
        """The customer of a row: by Customer ID, else by name and reseller, else a new one.

        A known Customer ID with another name or reseller renames or moves the customer. A customer without an ID takes
        that of a later row with its name and reseller. Raises RowRejected where several customers have them.
        """
        customer = self._by_ref.get(ref)
        if customer is None:
            customer = self._find_by_name(name, ref, reseller)
        elif customer.name != name or customer.reseller != reseller:
            self._update(customer, name, reseller)
        return customer

    def write(self) -> None:
        """Insert the customers created since the last call."""
        insert_rows(Customer, [customer.row() for customer in self._pending])
        self._pending = []

    def _find_by_name(self, name: str, ref: str, reseller: int) -> CachedCustomer:
        matches = [customer for customer in self._by_name[name, reseller] if not (ref and customer.ref)]
        if len(matches) > 1:
            raise RowRejected(
                f"Customer: {quote(name)} is the name of {len(matches)} customers; a Customer ID must say which"
            )
        if not matches:
            return self._create(name, ref, reseller)
        (customer,) = matches
        if ref:
            customer.ref = ref
            self._by_ref[ref] = customer
            self.changed.add(customer)
        return customer

    def _create(self, name: str, ref: str, reseller: int) -> CachedCustomer:
        customer = CachedCustomer(self._last_id + 1, ref, name, reseller)
        self._add(customer)
        self._pending.append(customer)
        self.new.add(customer)
        return customer

    def _add(self, customer: CachedCustomer) -> None:
        self._last_id = max(self._last_id, customer.id)
        self._by_name[customer.name, customer.reseller].append(customer)
        if customer.ref:
            self._by_ref[customer.ref] = customer

    def _update(self, customer: CachedCustomer, name: str, reseller: int) -> None:
        if customer.name != name:
            self.renamed.add(customer)
        if customer.reseller != reseller:
            self.moved.add(customer)
        self._by_name[customer.name, customer.reseller].remove(customer)
        customer.name, customer.reseller = name, reseller
        self._by_name[name, reseller].append(customer)
        self.changed.add(customer)


class Indexes:
    """All indexes of one import. `write` inserts what was created, before the rows that refer to it."""

    def __init__(self) -> None:
        self.customers = CustomerIndex()
        self.resellers = NameIndex(Reseller)
        self.actors = NameIndex(Actor)
        self.certificate_types = NameIndex(CertificateType)
        self.products = NameIndex(Product)
        self.bundles = BundleIndex(self.products)

    def find_customer(self, record: Record) -> CachedCustomer:
        """The customer of a record. Raises RowRejected where it could be any of several."""
        return self.customers.find(record.customer, record.customer_id, self.resellers.id_of(record.reseller))

    def write(self) -> None:
        for index in (self.resellers, self.customers, self.actors, self.certificate_types, self.bundles):
            index.write()
