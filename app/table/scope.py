"""Restrict queries to the rows that a visitor may see."""

from dataclasses import dataclass
from typing import Any

from models import Reseller


@dataclass(frozen=True)
class Scope:
    """The rows of one reseller's customers, or all rows if `reseller_id` is None. Every query takes a scope."""

    reseller_id: int | None

    @classmethod
    def for_reseller(cls, name: str | None) -> "Scope":
        """The scope of the reseller with this name: NO_ROWS if there is none, WHOLE_PARTNER if `name` is None."""
        if name is None:
            return WHOLE_PARTNER
        reseller = Reseller.select(Reseller.id).where(Reseller.name == name).first() if name else None
        return cls(reseller.id) if reseller else NO_ROWS

    def conditions(self, table: Any) -> list[Any]:
        return [] if self.reseller_id is None else [reseller_field(table) == self.reseller_id]


WHOLE_PARTNER = Scope(reseller_id=None)
NO_ROWS = Scope(reseller_id=-1)  # no reseller has this id


def reseller_field(table: Any) -> Any:
    """The field of a table, or of its alias, that refers to the rows' reseller. Raises TypeError if it has none."""
    if getattr(table, "model", table) is Reseller:
        return table.id
    if "reseller" not in table._meta.fields:
        raise TypeError(f"{table.__name__} can't be scoped: it has no reseller")
    return table.reseller
