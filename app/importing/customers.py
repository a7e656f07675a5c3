"""All customers, in memory: who a row means, who is new, and who changed."""

from collections import defaultdict
from dataclasses import dataclass

from app.importing.faults import Refused, quoted
from app.importing.statements import Row, insert, update
from models import Customer, database, fold


@dataclass(slots=True, eq=False)
class Known:
    """A customer. `ref` is the identifier that files use, "" while not known; `id` and `reseller` are our numbers."""

    id: int
    ref: str
    name: str
    reseller: int

    def row(self) -> Row:
        keys = {"ref_key": self.ref.casefold(), "name_key": fold(self.name)}
        return {"id": self.id, "ref": self.ref, "name": self.name, "reseller": self.reseller, **keys}


class Customers:
    """`new`, `changed`, `renamed` and `moved` are the customers that became so since this was made."""

    def __init__(self) -> None:
        self.new: set[Known] = set()
        self.changed: set[Known] = set()
        self.renamed: set[Known] = set()
        self.moved: set[Known] = set()
        self._by_ref: dict[str, Known] = {}
        self._alike: defaultdict[tuple[str, int], list[Known]] = defaultdict(list)
        self._unwritten: list[Known] = []
        self._last = 0
        query = Customer.select(Customer.id, Customer.ref, Customer.name, Customer.reseller)
        for values in database.execute(query):
            self._learn(Known(*values))

    def find(self, name: str, ref: str, reseller: int) -> Known:
        """The customer that a row means, created when first named. Raises Refused when it could be any of several."""
        known = self._by_ref.get(ref)
        if known is None:
            known = self._unidentified(name, ref, reseller)
        elif known.name != name or known.reseller != reseller:
            self._rewrite(known, name, reseller)
        return known

    def write(self) -> None:
        """Insert customers that were created since it was last called."""
        insert(Customer, [known.row() for known in self._unwritten])
        self._unwritten = []

    def rewrite(self) -> None:
        """Update customers that changed."""
        update(Customer, [known.row() for known in self.changed])

    def _unidentified(self, name: str, ref: str, reseller: int) -> Known:
        alike = [known for known in self._alike[name, reseller] if not (ref and known.ref)]
        if len(alike) > 1:
            raise Refused(
                f"Customer: {quoted(name)} is the name of {len(alike)} customers; a Customer ID must say which"
            )
        if not alike:
            return self._create(name, ref, reseller)
        if ref:
            self._identify(alike[0], ref)
        return alike[0]

    def _create(self, name: str, ref: str, reseller: int) -> Known:
        known = Known(self._last + 1, ref, name, reseller)
        self._learn(known)
        self._unwritten.append(known)
        self.new.add(known)
        return known

    def _learn(self, known: Known) -> None:
        self._last = max(self._last, known.id)
        self._alike[known.name, known.reseller].append(known)
        if known.ref:
            self._by_ref[known.ref] = known

    def _identify(self, known: Known, ref: str) -> None:
        known.ref = ref
        self._by_ref[ref] = known
        self.changed.add(known)

    def _rewrite(self, known: Known, name: str, reseller: int) -> None:
        if known.name != name:
            self.renamed.add(known)
        if known.reseller != reseller:
            self.moved.add(known)
        self._alike[known.name, known.reseller].remove(known)
        known.name, known.reseller = name, reseller
        self._alike[name, reseller].append(known)
        self.changed.add(known)
