"""In-memory indexes of customers and names, which turn the text of a row into ids."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from app.importing.errors import RowRejected, quote
from app.importing.layouts import Record
from app.importing.rows import Row, Table, insert_rows, update_rows
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
    """The names of one table. "" is the row that stands for none."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._ids: dict[str, int] = dict(reports_db.execute(table.select(table.name, table.id)))
        self._next = max(self._ids.values()) + 1
        self._new: list[Row] = []

    def id_of(self, name: str) -> int:
        found = self._ids.get(name)
        return self._create(name) if found is None else found

    def by_id(self) -> dict[int, str]:
        return {number: name for name, number in self._ids.items()}

    def write(self) -> None:
        """Insert what was created since it was last called."""
        insert_rows(self._table, self._new)
        self._new = []

    def _create(self, name: str) -> int:
        number = self._ids[name] = self._next
        self._next += 1
        self._new.append({"id": number, **self._table.columns_for(name)})
        return number


class BundleIndex(NameIndex):
    """Products affected together, known by their names with SEPARATOR between any two."""

    def __init__(self, products: NameIndex) -> None:
        super().__init__(Bundle)
        self._products = products
        self._parts: list[Row] = []

    def write(self) -> None:
        self._products.write()
        super().write()
        insert_rows(BundleProduct, self._parts)
        self._parts = []

    def _create(self, name: str) -> int:
        bundle = super()._create(name)
        for position, product in enumerate(name.split(PRODUCT_SEPARATOR)):
            part: dict[str, Any] = {"bundle": bundle, "position": position, "product": self._products.id_of(product)}
            self._parts.append(part)
        return bundle


@dataclass(slots=True, eq=False)
class CachedCustomer:
    """A customer. `ref` is the identifier that files use, "" while not known; `id` and `reseller` are our numbers."""

    id: int
    ref: str
    name: str
    reseller: int

    def row(self) -> Row:
        keys = {"ref_key": self.ref.casefold(), "name_key": fold(self.name)}
        return {"id": self.id, "ref": self.ref, "name": self.name, "reseller": self.reseller, **keys}


class CustomerIndex:
    """`new`, `changed`, `renamed` and `moved` are the customers that became so since this was made."""

    def __init__(self) -> None:
        self.new: set[CachedCustomer] = set()
        self.changed: set[CachedCustomer] = set()
        self.renamed: set[CachedCustomer] = set()
        self.moved: set[CachedCustomer] = set()
        self._by_ref: dict[str, CachedCustomer] = {}
        self._alike: defaultdict[tuple[str, int], list[CachedCustomer]] = defaultdict(list)
        self._unwritten: list[CachedCustomer] = []
        self._last = 0
        query = Customer.select(Customer.id, Customer.ref, Customer.name, Customer.reseller)
        for values in reports_db.execute(query):
            self._learn(CachedCustomer(*values))

    def find(self, name: str, ref: str, reseller: int) -> CachedCustomer:
        """The customer that a row means, created when first named. Raises Refused when it could be any of several."""
        known = self._by_ref.get(ref)
        if known is None:
            known = self._unidentified(name, ref, reseller)
        elif known.name != name or known.reseller != reseller:
            self._rewrite(known, name, reseller)
        return known

    def write(self) -> None:
        """Insert customers that were created since it was last called."""
        insert_rows(Customer, [known.row() for known in self._unwritten])
        self._unwritten = []

    def write_changes(self) -> None:
        """Update customers that changed."""
        update_rows(Customer, [known.row() for known in self.changed])

    def _unidentified(self, name: str, ref: str, reseller: int) -> CachedCustomer:
        alike = [known for known in self._alike[name, reseller] if not (ref and known.ref)]
        if len(alike) > 1:
            raise RowRejected(
                f"Customer: {quote(name)} is the name of {len(alike)} customers; a Customer ID must say which"
            )
        if not alike:
            return self._create(name, ref, reseller)
        if ref:
            self._identify(alike[0], ref)
        return alike[0]

    def _create(self, name: str, ref: str, reseller: int) -> CachedCustomer:
        known = CachedCustomer(self._last + 1, ref, name, reseller)
        self._learn(known)
        self._unwritten.append(known)
        self.new.add(known)
        return known

    def _learn(self, known: CachedCustomer) -> None:
        self._last = max(self._last, known.id)
        self._alike[known.name, known.reseller].append(known)
        if known.ref:
            self._by_ref[known.ref] = known

    def _identify(self, known: CachedCustomer, ref: str) -> None:
        known.ref = ref
        self._by_ref[ref] = known
        self.changed.add(known)

    def _rewrite(self, known: CachedCustomer, name: str, reseller: int) -> None:
        if known.name != name:
            self.renamed.add(known)
        if known.reseller != reseller:
            self.moved.add(known)
        self._alike[known.name, known.reseller].remove(known)
        known.name, known.reseller = name, reseller
        self._alike[name, reseller].append(known)
        self.changed.add(known)


class Indexes:
    """What is created while rows are read is written by `write`, before the rows that refer to it."""

    def __init__(self) -> None:
        self.customers = CustomerIndex()
        self.resellers = NameIndex(Reseller)
        self.actors = NameIndex(Actor)
        self.types = NameIndex(CertificateType)
        self.products = NameIndex(Product)
        self.bundles = BundleIndex(self.products)

    def customer(self, record: Record) -> CachedCustomer:
        """Raises Refused when it could be any of several."""
        return self.customers.find(record.customer, record.customer_id, self.resellers.id_of(record.reseller))

    def write(self) -> None:
        for created in (self.resellers, self.customers, self.actors, self.types, self.bundles):
            created.write()
