"""Who is signed in, and what they may do. This is the one place that declares roles.

To add a role, add a `Role` to `ROLES` and a case to tests/auth/test_permissions.py: commands, forms and checks follow.
To require a permission, name it for a route in `app/web/rules.py`, or ask `visitor.can(Permission.EXPORT)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from app.table.scope import Scope

# Who makes a change and from where: the fields `who`, `address` and `request` of its event in the audit trail.
AuditActor = Mapping[str, str]


class Permission(Enum):
    """What a role may allow. Everybody who is signed in sees reports and customers, and saves views."""

    EXPORT = auto()  # download a report as CSV or Excel
    VIEW_DETAILS = auto()  # look inside rows: expand them, show the columns of inner levels and filter by these
    VIEW_TIMINGS = auto()  # get the `Server-Timing` header
    MANAGE_USERS = auto()  # add, change and disable users
    READ_AUDIT_TRAIL = auto()


# Permissions that only users of the whole partner have, whatever their role: users of one reseller never have them.
PARTNER_PERMISSIONS = frozenset({Permission.MANAGE_USERS, Permission.READ_AUDIT_TRAIL})


@dataclass(frozen=True)
class Role:
    """What the role of an account allows."""

    name: str  # stored in the database, and taken by `flask user add --role`
    noun: str  # the name with its article: "an admin"
    description: str  # shown beside the name on the users page
    permissions: frozenset[Permission]


ROLES: Mapping[str, Role] = {
    role.name: role
    for role in [
        Role("admin", "an admin", "sees reports, exports them and looks inside rows", frozenset(Permission)),
        Role("viewer", "a viewer", "sees reports", frozenset()),
    ]
}


def roles_with(permission: Permission) -> list[Role]:
    return [role for role in ROLES.values() if permission in role.permissions]


@dataclass(frozen=True)
class Visitor:
    """A person who is signed in. `reseller` names the reseller whose customers alone they see, None for all customers.

    `session` is the digest of their session's token. `must_change_password` is set while their password is temporary.
    """

    id: int
    email: str
    role: str
    reseller: str | None
    must_change_password: bool
    session: str

    @property
    def scope(self) -> Scope:
        return Scope.for_reseller(self.reseller)

    def can(self, permission: Permission) -> bool:
        if permission in PARTNER_PERMISSIONS and self.reseller is not None:
            return False
        return self.role in ROLES and permission in ROLES[self.role].permissions

    def refusal(self, subject: str, permission: Permission) -> str:
        """The sentence that says why `can` is False. `subject` has its verb, as in "Export is"."""
        roles = " and ".join(f"{role.name}s" for role in roles_with(permission))
        if permission in PARTNER_PERMISSIONS:
            return f"{subject} for {roles} of the whole partner."
        noun = ROLES[self.role].noun if self.role in ROLES else self.role
        return f"{subject} for {roles}, and you are signed in as {noun}."
