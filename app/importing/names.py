"""Everything that is known by its name: found in memory, or created when first named."""

from typing import Any

from app.importing.statements import Row, Table, insert
from models import SEPARATOR, Bundle, BundleProduct, database


class Names:
    """The names of one table. "" is the row that stands for none."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._ids: dict[str, int] = dict(database.execute(table.select(table.name, table.id)))
        self._next = max(self._ids.values()) + 1
        self._new: list[Row] = []

    def id_of(self, name: str) -> int:
        found = self._ids.get(name)
        return self._create(name) if found is None else found

    def by_id(self) -> dict[int, str]:
        return {number: name for name, number in self._ids.items()}

    def write(self) -> None:
        """Insert what was created since it was last called."""
        insert(self._table, self._new)
        self._new = []

    def _create(self, name: str) -> int:
        number = self._ids[name] = self._next
        self._next += 1
        self._new.append({"id": number, **self._table.columns_for(name)})
        return number


class Bundles(Names):
    """Products affected together, known by their names with SEPARATOR between any two."""

    def __init__(self, products: Names) -> None:
        super().__init__(Bundle)
        self._products = products
        self._parts: list[Row] = []

    def write(self) -> None:
        self._products.write()
        super().write()
        insert(BundleProduct, self._parts)
        self._parts = []

    def _create(self, name: str) -> int:
        bundle = super()._create(name)
        for position, product in enumerate(name.split(SEPARATOR)):
            part: dict[str, Any] = {"bundle": bundle, "position": position, "product": self._products.id_of(product)}
            self._parts.append(part)
        return bundle
