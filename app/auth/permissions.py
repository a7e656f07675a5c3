"""Who asks, and whose rows they may see."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.table.scope import Scope

AuditActor = Mapping[str, str]
"""Who makes a change and from where: the fields `who`, `address` and `request` of its event in the trail."""


@dataclass(frozen=True)
class Visitor:
    """A person who is signed in. `reseller` is the name to whose customers they are confined, None for none.

    `session` is the digest of theirs. `temporary` says that somebody else made their password.
    """

    id: int
    email: str
    role: str
    reseller: str | None
    must_change_password: bool
    session: str

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def is_partner_admin(self) -> bool:
        """An admin of the whole partner."""
        return self.is_admin and self.reseller is None

    @property
    def scope(self) -> Scope:
        return Scope.for_reseller(self.reseller)
