"""The visitor: who sends a request, in which scope and with which permissions."""

from dataclasses import dataclass
from functools import cached_property

from app.auth.permissions import Permission, denial_message, permissions_of
from app.table.scope import Scope
from models.sqlite import Snapshot


@dataclass(frozen=True)
class UsedToken:
    """The token with which a request came: its number, the name that its owner gave it, and its digest.

    `may_import` is whether its owner lets it import files.
    """

    id: int
    name: str
    digest: str
    may_import: bool = False


@dataclass(frozen=True)
class Visitor:
    """A person who is signed in. `reseller` names the reseller whose customers alone they see, None for all customers.

    `session` is the digest of their session's token, and `origin` the way in which it began, one of those in
    app/auth/sessions.py. `must_change_password` is set while their password is temporary and they came by it,
    `recently_confirmed` for 15 minutes after they entered the password or a code. `may_see_costs` is set for each
    account, whatever its role. `token` is set instead of `session` where a program acts for them.
    """

    id: int
    email: str
    role: str
    reseller: str | None
    must_change_password: bool
    session: str
    has_second_factor: bool = False
    recently_confirmed: bool = False
    origin: str = ""
    may_see_costs: bool = True
    token: UsedToken | None = None

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """The permissions of the account. A token imports only if its owner lets it."""
        granted = permissions_of(self.role, self.reseller, self.may_see_costs)
        return granted if self.token is None or self.token.may_import else granted - {Permission.IMPORT}

    def can(self, permission: Permission) -> bool:
        return permission in self.permissions

    def denial_message(self, permission: Permission, part: str = "") -> str:
        """Say why `can` is False, for `part` of a page if it is given."""
        return denial_message(permission, self.role, self.reseller, part)

    @property
    def scope(self) -> Scope:
        """The rows that the person may see. Look it up inside the transaction that reads them, each time anew."""
        return Scope.for_reseller(self.reseller)

    def scope_in(self, snapshot: Snapshot) -> Scope:
        """The rows that the person may see in a snapshot."""
        return Scope.in_snapshot(self.reseller, snapshot)
