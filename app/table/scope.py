"""Restrict queries to the rows that a visitor may see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models import Reseller, Snapshot, reports_db


@dataclass(frozen=True)
class Scope:
    """The rows of one reseller's customers, or all rows if `reseller_id` is None. Every query takes a scope."""

    reseller_id: int | None

    @classmethod
    def for_reseller(cls, name: str | None) -> "Scope":
        """The scope of the reseller with this name: NO_ROWS if there is none, WHOLE_PARTNER if `name` is None.

        Call it in the transaction that reads the rows: a restore gives ids to other resellers. Outside of one it
        raises RuntimeError.
        """
        if not reports_db.in_transaction():
            raise RuntimeError("A scope is looked up in the transaction that reads its rows")
        return cls._of(name, lambda query: [id_ for (id_,) in reports_db.execute(query)])

    @classmethod
    def in_snapshot(cls, name: str | None, snapshot: Snapshot) -> "Scope":
        """The same as a snapshot has it."""
        return cls._of(name, lambda query: [id_ for (ids,) in snapshot.columns(query, 1) for id_ in ids])

    @classmethod
    def _of(cls, name: str | None, find_ids: Callable[[Any], list[int]]) -> "Scope":
        if name is None:
            return WHOLE_PARTNER
        ids = find_ids(Reseller.select(Reseller.id).where(Reseller.name == name)) if name else []
        return cls(ids[0]) if ids else NO_ROWS

    def conditions(self, table: Any) -> list[Any]:
        return [] if self.reseller_id is None else [reseller_field(table) == self.reseller_id]


ScopeIn = Callable[[Snapshot], Scope]  # looks a scope up in the snapshot that a file is read from

WHOLE_PARTNER = Scope(reseller_id=None)
NO_ROWS = Scope(reseller_id=-1)  # no reseller has this id


def reseller_field(table: Any) -> Any:
    """The field of a table, or of its alias, that refers to the rows' reseller. Raises TypeError if it has none."""
    if getattr(table, "model", table) is Reseller:
        return table.id
    if "reseller" not in table._meta.fields:
        raise TypeError(f"{table.__name__} can't be scoped: it has no reseller")
    return table.reseller
