"""Who asks, and so which rows exist for them."""

from dataclasses import dataclass
from typing import Any

from app.table.statements import compiled, placeholder
from models import Reseller


@dataclass(frozen=True)
class Scope:
    """Every query takes one. `reseller` is the id of the reseller whose customers may be seen, None for all."""

    reseller_id: int | None

    @classmethod
    def for_reseller(cls, name: str | None) -> "Scope":
        """The customers of the reseller with this name, nobody when there is none such; None is the whole partner."""
        if name is None:
            return WHOLE_PARTNER
        (named,) = compiled("scope", lambda: [Reseller.select(Reseller.id).where(Reseller.name == placeholder(0))])
        found = named.run(name).fetchone() if name else None
        return cls(found[0]) if found else NO_ROWS

    def conditions(self, table: Any) -> list[Any]:
        return [] if self.reseller_id is None else [reseller_field(table) == self.reseller_id]


WHOLE_PARTNER = Scope(reseller_id=None)
"""The scope of the whole partner."""

NO_ROWS = Scope(reseller_id=-1)
"""No row's reseller has this number."""


def reseller_field(table: Any) -> Any:
    """The field that tells whose a row of a table, or of its alias, is. Raises TypeError when it is nobody's."""
    if getattr(table, "model", table) is Reseller:
        return table.id
    if "reseller" not in table._meta.fields:
        raise TypeError(f"{table.__name__} can't be scoped: it has no reseller")
    return table.reseller
