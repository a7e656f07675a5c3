"""Indexes of customers and names. They turn the text of a row into ids of other tables."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

from peewee import fn

from app.importing.layouts import Record
from app.importing.options import Options
from app.importing.results import Notes, Question, Row, RowRejected, quote
from app.importing.rows import Table, insert_rows
from models import (
    NONE_ID,
    PRODUCT_SEPARATOR,
    Actor,
    Bundle,
    BundleProduct,
    CertificateType,
    ChangedRow,
    Customer,
    Product,
    Reseller,
    clean_text,
    fold,
    reports_db,
)


class LookAlikes:
    """Decides what new names are that look like another one, and collects questions about them.

    Look-alikes differ by case, accents, width or blanks only.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._questions: dict[tuple[str, str], tuple[Question, Callable[[], bool]]] = {}

    def questions(self) -> Iterator[Question]:
        """The open questions. A file that has both names keeps them apart unless somebody says otherwise."""
        for (_, name), (question, is_in_file) in self._questions.items():
            yield question._replace(default=name) if is_in_file() else question

    def choose(self, kind: str, name: str, other: str, line: int, is_in_file: Callable[[], bool]) -> str:
        """Return the name to use for `name`: itself or the `other`, as the options say.

        If they don't, add a question, and use the name itself meanwhile. `is_in_file` is called at the end: whether the
        file has the other name, too.
        """
        subject = kind, name
        if choice := self._options.name_choices.get(subject):
            return choice
        if self._options.names:
            return other if self._options.names == "same" else name
        question = Question(
            line,
            f"{kind.capitalize()}: {quote(name)} is new; did you mean {quote(other)}?",
            "names",
            {other: f"the same {kind} as {quote(other)}", name: f"another {kind}"},
            "--same-names takes such names as one, --new-names as several",
            subject,
        )
        self._questions[subject] = question, is_in_file
        return name


@lru_cache(maxsize=4096)
def look_alike_key(name: str) -> str:
    """The key that look-alikes have in common."""
    return fold(clean_text(name)).replace(" ", "")


class NameIndex:
    """The ids of one table's rows by name, and `names` by id. The name "" has a row too, which stands for none.

    `new` are the names that this import adds. With a `kind`, such as "reseller", `look_alikes` decides about new names
    that look like others.
    """

    def __init__(self, table: Table, kind: str = "", look_alikes: LookAlikes | None = None) -> None:
        rows = list(reports_db.execute(table.select(table.name, table.id)))
        self._table, self._kind, self._look_alikes = table, kind, look_alikes
        self.names: dict[int, str] = {id_: name for name, id_ in rows}
        self._ids: dict[str, int] = {clean_text(name): id_ for name, id_ in rows}
        self._ids |= dict(rows)  # these go first: older names may have blanks around them
        self.new: list[str] = []
        self._next_id = max(self.names) + 1
        self._used: set[int] = set()
        self._by_key = {look_alike_key(name): name for name, _ in rows} if kind else {}
        self._pending: list[Row] = []

    def id_of(self, name: str, line: int = 0) -> int:
        """The id of a name's row, which is created where there is none."""
        id_ = self._ids.get(name)
        if id_ is None:
            id_ = self._find_or_create(name, line)
        self._used.add(id_)
        return id_

    def write(self) -> None:
        """Insert the rows created since the last call."""
        insert_rows(self._table, self._pending)
        self._pending = []

    def _find_or_create(self, name: str, line: int) -> int:
        if self._kind and self._look_alikes:
            other = self._by_key.setdefault(look_alike_key(name), name)
            if other not in (name, ""):
                other_id = self._ids[other]
                chosen = self._look_alikes.choose(self._kind, name, other, line, lambda: other_id in self._used)
                if chosen in self._ids:
                    self._ids[name] = self._ids[chosen]
                    return self._ids[name]
        return self._create(name)

    def _create(self, name: str) -> int:
        id_ = self._ids[name] = self._next_id
        self.names[id_] = name
        self._next_id += 1
        self.new.append(name)
        self._pending.append({"id": id_, **self._table.columns_for(name)})
        return id_


class BundleIndex(NameIndex):
    """Bundles are products that one transaction affects, named like "DV Wildcard; OV Wildcard"."""

    def __init__(self, products: NameIndex) -> None:
        super().__init__(Bundle)
        self._products = products
        self._by_products: dict[tuple[str, ...], int] = {}
        self._pending_products: list[Row] = []

    def id_of_products(self, names: tuple[str, ...], line: int) -> int:
        """The id of the bundle of these products."""
        id_ = self._by_products.get(names)
        if id_ is None:
            products = [self._products.names[self._products.id_of(name, line)] for name in names]
            id_ = self._by_products[names] = self.id_of(PRODUCT_SEPARATOR.join(products))
        return id_

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
        keys = {
            "ref_key": self.ref.casefold(),
            "name_key": fold(self.name),
            "look_alike_key": look_alike_key(self.name),
        }
        return {"id": self.id, "ref": self.ref, "name": self.name, "reseller": self.reseller, **keys}


@dataclass(slots=True)
class CustomerChange:
    """What a customer was before the import, and the line that first said otherwise."""

    line: int
    ref: str
    name: str
    reseller: int


class SeveralCustomers(RowRejected):
    """A row's name is that of several customers. `customers` are those that it may mean: none, if it has another ID."""

    def __init__(self, text: str, customers: Sequence[CachedCustomer]) -> None:
        super().__init__(text)
        self.customers = customers


class CustomerIndex:
    """The customers, by Customer ID and by name and reseller. They are read as rows name them.

    `new` are those that this import adds, `used` those that its file names, and `before` those that it changes, as they
    were. `found` is a cache of `find` by the first fields of records; it is cleared when a customer changes.
    """

    def __init__(self, look_alikes: LookAlikes, notes: Notes) -> None:
        self.new: set[CachedCustomer] = set()
        self.used: set[CachedCustomer] = set()
        self.before: dict[CachedCustomer, CustomerChange] = {}
        self.found: dict[tuple[str | None, str, str | None], CachedCustomer] = {}
        self._look_alikes, self._notes = look_alikes, notes
        self._by_id: dict[int, CachedCustomer] = {}
        self._by_ref: dict[str, CachedCustomer | None] = {}
        self._by_key: dict[str, list[CachedCustomer]] = {}
        self._pending: list[CachedCustomer] = []
        self._last_id: int = max(Customer.select(fn.MAX(Customer.id)).scalar() or 0, _last_removed_id())

    def find(self, record: Record, reseller: int | None, line: int) -> CachedCustomer:
        """The customer of a row: by Customer ID, else by name and reseller, else a new one.

        A known Customer ID with another name or reseller renames or moves the customer. A customer without an ID takes
        that of a later row with its name and reseller. `reseller` is None where the file names none, and then any
        matches. Raises SeveralCustomers where several match, and RowRejected without both name and ID.
        """
        ref = record.customer_id
        if record.customer is None and not ref:
            raise RowRejected("Customer ID: is empty; it must say who the customer is")
        customer = self._with_ref(ref) if ref else None
        if customer is None:
            customer = self._find_by_name(record.customer or ref, ref, reseller, line)
        else:
            name = customer.name if record.customer is None else record.customer
            reseller = customer.reseller if reseller is None else reseller
            if customer.name != name or customer.reseller != reseller:
                self._update(customer, name, reseller, line)
        return customer

    def with_id(self, id_: int) -> CachedCustomer:
        if id_ not in self._by_id:
            self._read("id", id_)
        return self._by_id[id_]

    def all(self) -> list[CachedCustomer]:
        """All customers but those that aren't written yet."""
        return list(map(self._keep, reports_db.execute(_CUSTOMERS.order_by(Customer.id))))

    @property
    def renamed(self) -> list[tuple[CachedCustomer, CustomerChange]]:
        return [(customer, before) for customer, before in self.before.items() if customer.name != before.name]

    @property
    def moved(self) -> list[tuple[CachedCustomer, CustomerChange]]:
        return [(customer, before) for customer, before in self.before.items() if customer.reseller != before.reseller]

    def restore(self, customer: CachedCustomer, fields: Row) -> None:
        """Give a customer the `ref`, `name` and `reseller` that it had. `find` doesn't find it by these."""
        self._remember(customer, 0)
        for name, value in fields.items():
            setattr(customer, name, value)

    def write(self) -> None:
        """Insert the customers created since the last call."""
        insert_rows(Customer, [customer.row() for customer in self._pending])
        self._pending = []

    def _find_by_name(self, name: str, ref: str, reseller: int | None, line: int) -> CachedCustomer:
        matches = _usable(self._namesakes(name), ref, reseller)
        matches = [match for match in matches if match.name == name] or matches
        matches = matches or self._find_look_alikes(name, ref, reseller, line)
        if len(matches) > 1:
            wanted = "a Customer ID" if reseller is not None else "a Customer ID or a reseller"
            known = quote(matches[0].name)
            text = f"Customer: {known} is the name of {len(matches)} customers; {wanted} must say which"
            raise SeveralCustomers(text, [] if ref else matches)
        if not matches:
            if not ref:
                self._note_namesakes(name, reseller or NONE_ID, line)
            return self._create(name, ref, reseller or NONE_ID)
        (customer,) = matches
        if ref:
            self._remember(customer, line)
            customer.ref = ref
            self._by_ref[ref] = customer
        return customer

    def _find_look_alikes(self, name: str, ref: str, reseller: int | None, line: int) -> list[CachedCustomer]:
        """The customers of the oldest name that looks like this one, if it is meant."""
        others = _usable(self._with_key(look_alike_key(name)), ref, reseller)
        if not others:
            return []
        oldest = min(others, key=attrgetter("id"))
        chosen = self._look_alikes.choose("customer", name, oldest.name, line, lambda: oldest in self.used)
        return [other for other in others if other.name == chosen]

    def _note_namesakes(self, name: str, reseller: int, line: int) -> None:
        """Note that a customer of another reseller has the name of a new one, or one that looks like it."""
        others = [other.name for other in self._with_key(look_alike_key(name)) if other.reseller != reseller]
        if others:
            which = "one of this name" if name in others else quote(others[0])
            self._notes.add("namesakes", line, f"{quote(name)} is a new customer; another reseller has {which}")

    def _create(self, name: str, ref: str, reseller: int) -> CachedCustomer:
        self.found.clear()
        self._last_id += 1
        customer = CachedCustomer(self._last_id, ref, name, reseller)
        self._by_id[customer.id] = customer
        self._with_key(look_alike_key(name)).append(customer)
        if ref:
            self._by_ref[ref] = customer
        self._pending.append(customer)
        self.new.add(customer)
        return customer

    def _update(self, customer: CachedCustomer, name: str, reseller: int, line: int) -> None:
        self._remember(customer, line)
        if customer.name != name:
            self._with_key(look_alike_key(customer.name)).remove(customer)
            self._with_key(look_alike_key(name)).append(customer)
            customer.name = name
        customer.reseller = reseller

    def _namesakes(self, name: str) -> list[CachedCustomer]:
        """The customers of a name: older ones may have blanks around it."""
        clean = clean_text(name)
        return [each for each in self._with_key(look_alike_key(name)) if clean_text(each.name) == clean]

    def _with_ref(self, ref: str) -> CachedCustomer | None:
        if ref not in self._by_ref:
            same = (customer for customer in self._read("ref_key", ref.casefold()) if customer.ref == ref)
            self._by_ref[ref] = next(same, None)
        return self._by_ref[ref]

    def _with_key(self, key: str) -> list[CachedCustomer]:
        """The customers whose names look alike. They are read before the first of them changes its name."""
        if key not in self._by_key:
            self._by_key[key] = self._read("look_alike_key", key)
        return self._by_key[key]

    def _read(self, field: str, value: str | int) -> list[CachedCustomer]:
        return list(map(self._keep, reports_db.execute_sql(self._sql[field], (value,))))

    def _keep(self, values: tuple[Any, ...]) -> CachedCustomer:
        """A stored customer: as this import has it, if it has read or changed it."""
        return self._by_id.setdefault(values[0], CachedCustomer(*values))

    @cached_property
    def _sql(self) -> dict[str, str]:
        """The SQL of `_read` by field: making it takes longer than running it, and a file may name many customers."""
        fields = Customer.id, Customer.ref_key, Customer.look_alike_key
        return {field.name: _CUSTOMERS.where(field == "").order_by(Customer.id).sql()[0] for field in fields}

    def _remember(self, customer: CachedCustomer, line: int) -> None:
        self.found.clear()
        before = CustomerChange(line, customer.ref, customer.name, customer.reseller)
        self.before.setdefault(customer, before)


def _usable(customers: Sequence[CachedCustomer], ref: str, reseller: int | None) -> list[CachedCustomer]:
    """Those of a reseller, if it is given, that have no other Customer ID."""
    return [customer for customer in customers if reseller in (None, customer.reseller) and not (ref and customer.ref)]


_CUSTOMERS = Customer.select(Customer.id, Customer.ref, Customer.name, Customer.reseller)


def _last_removed_id() -> int:
    """The highest id of a customer in the history, 0 without any: it may be that of a customer that was removed."""
    query = ChangedRow.select(fn.MAX(ChangedRow.ref)).where(ChangedRow.table == "customer")
    return int(query.scalar() or 0)


class Indexes:
    """All indexes of one import. `write` inserts what was created, before the rows that refer to it."""

    def __init__(self, options: Options) -> None:
        self.notes = Notes()
        self.look_alikes = LookAlikes(options)
        self.customers = CustomerIndex(self.look_alikes, self.notes)
        self.resellers = NameIndex(Reseller, "reseller", self.look_alikes)
        self.actors = NameIndex(Actor)
        self.certificate_types = NameIndex(CertificateType)
        self.products = NameIndex(Product, "product", self.look_alikes)
        self.bundles = BundleIndex(self.products)

    def find_customer(self, record: Record, line: int) -> CachedCustomer:
        """The customer of a record. Raises RowRejected, or SeveralCustomers where it could be any of these."""
        owner = record.customer, record.customer_id, record.reseller
        customer = self.customers.found.get(owner)
        if customer is None:
            reseller = None if record.reseller is None else self.resellers.id_of(record.reseller, line)
            customer = self.customers.find(record, reseller, line)
            self.customers.found[owner] = customer
            self.customers.used.add(customer)
        return customer

    def questioned_customers(self) -> set[int]:
        """The ids of new customers that the answer to an open question may turn into known ones."""
        asked = {question.subject for question in self.look_alikes.questions() if not question.default}
        subjects = (
            (customer.id, ("customer", customer.name), ("reseller", self.resellers.names[customer.reseller]))
            for customer in self.customers.new
        )
        return {id_ for id_, name, reseller in subjects if asked.intersection((name, reseller))}

    def write(self) -> None:
        for index in (self.resellers, self.customers, self.actors, self.certificate_types, self.bundles):
            index.write()
