"""The visitor: who sends a request, in which scope and with which permissions."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from app.auth.permissions import Permission, denial_message, permissions_of
from app.table.scope import Scope
from models import SecondFactor, Snapshot, User

# What `Visitor.from_row` takes, in a query that joins User and, on its left, SecondFactor.
VISITOR_FIELDS = (
    User.id,
    User.email,
    User.role,
    User.reseller,
    User.temporary_until.is_null(False),
    User.may_see_costs,
    SecondFactor.id.is_null(False),
)


class SignInMethod(StrEnum):
    """The way in which a session began. The values are those of `origin` in the database and `by` in the trail."""

    PASSWORD = ""
    PROVIDER = "provider"
    PROVIDER_MFA = "provider, second factor"  # which was entered at the provider


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

    `session` is the digest of their session's token, and `sign_in_method` how it began. `must_change_password` is set
    while their password is temporary and they signed in with it, `recently_confirmed` for 15 minutes after they
    entered the password or a code. `may_see_costs` is set for each account, whatever its role. `token` is set instead
    of `session` where a program acts for them.
    """

    id: int
    email: str
    role: str
    reseller: str | None
    must_change_password: bool
    session: str = ""
    has_second_factor: bool = False
    recently_confirmed: bool = False
    sign_in_method: SignInMethod = SignInMethod.PASSWORD
    may_see_costs: bool = True
    token: UsedToken | None = None

    @classmethod
    def from_row(
        cls,
        row: Sequence[Any],
        sign_in_method: str,
        *,
        session: str = "",
        recently_confirmed: bool = False,
        token: UsedToken | None = None,
    ) -> Self:
        """Return the visitor whose account has the values of VISITOR_FIELDS in `row`."""
        user_id, email, role, reseller, has_temporary_password, may_see_costs, has_second_factor = row
        method = SignInMethod(sign_in_method)
        return cls(
            id=user_id,
            email=email,
            role=role,
            reseller=reseller,
            must_change_password=bool(has_temporary_password) and method is SignInMethod.PASSWORD,
            session=session,
            has_second_factor=bool(has_second_factor),
            recently_confirmed=recently_confirmed,
            sign_in_method=method,
            may_see_costs=bool(may_see_costs),
            token=token,
        )

    @property
    def by_provider(self) -> bool:
        """Whether the person signed in through the OpenID Connect provider."""
        return self.sign_in_method is not SignInMethod.PASSWORD

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


def visitor_of(user: User) -> Visitor:
    """Return the visitor that a user would be after the best sign-in that their account allows. It is in no session.

    Through the provider nobody needs a password here, and the provider may have its own second factor.
    """
    method = SignInMethod.PROVIDER_MFA if user.may_use_provider else SignInMethod.PASSWORD
    query = User.select(*VISITOR_FIELDS).left_outer_join(SecondFactor).where(User.id == user.id)
    row: Any = query.tuples().get()
    return Visitor.from_row(row, method)
