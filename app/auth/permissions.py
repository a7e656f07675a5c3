"""Roles, their permissions, and the visitor who has a role. This is the one place that declares roles.

To add a role, add a `Role` to `ROLES` and a case to tests/auth/test_permissions.py: commands, forms, checks and the
sentences of refusals follow. To require a permission, name it for a route in `app/web/rules.py`, or ask
`visitor.can(Permission.EXPORT)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from app.table.definitions import COSTS, DETAILS
from app.table.scope import Scope
from models.sqlite import Snapshot

# The author of a change and their address: the fields `who`, `address` and `request` of its event in the audit trail.
AuditActor = Mapping[str, str]


class Permission(Enum):
    """A thing that a role may allow. Everybody who is signed in sees reports and customers, and saves views.

    The value is how a refusal begins: subject and verb.
    """

    EXPORT = "export", "is"  # download a report as CSV, Excel or JSON
    VIEW_DETAILS = "looking inside rows", "is"  # expand rows, show the columns of inner levels and filter by these
    VIEW_TIMINGS = "server timing", "is"  # get the `Server-Timing` header
    MANAGE_USERS = "users", "are"  # add, change and disable users
    READ_AUDIT_TRAIL = "the audit trail", "is"
    IMPORT = "imports", "are"  # load files into the reports, and undo that


# Permissions that only users of the whole partner have, whatever their role: users of one reseller never have them.
PARTNER_PERMISSIONS = frozenset({Permission.MANAGE_USERS, Permission.READ_AUDIT_TRAIL, Permission.IMPORT})
# Without these something is left out of a response, so that the refusal of another permission doesn't mention them.
_SILENT_PERMISSIONS = frozenset({Permission.VIEW_TIMINGS})


@dataclass(frozen=True)
class Role:
    """A role of accounts, with the permissions that it grants."""

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
    `recently_confirmed` for 15 minutes after they entered the password or a code. `may_see_costs` is a right of the
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

    @property
    def rights(self) -> frozenset[str]:
        """The rights of the account and of its role by which reports are cut down, see `Column.rights`."""
        granted = {COSTS: self.may_see_costs, DETAILS: self.can(Permission.VIEW_DETAILS)}
        return frozenset(right for right, is_granted in granted.items() if is_granted)

    @property
    def scope(self) -> Scope:
        """The rows that the person may see. Look it up inside the transaction that reads them, each time anew."""
        return Scope.for_reseller(self.reseller)

    def scope_in(self, snapshot: Snapshot) -> Scope:
        """The rows that the person may see in a snapshot."""
        return Scope.in_snapshot(self.reseller, snapshot)

    def can(self, permission: Permission) -> bool:
        """Whether the person has a permission. Imports show amounts of files and of rows before and after."""
        if permission is Permission.IMPORT and not self.may_see_costs:
            return False
        if self.token and permission is Permission.IMPORT and not self.token.may_import:
            return False
        return is_granted(permission, self.role, self.reseller)

    def refusal_of_part(self, part: str, right: str) -> str:
        """Return why a part of a report isn't shown that needs a right, COSTS or DETAILS."""
        if right == DETAILS:
            return self.refusal(Permission.VIEW_DETAILS, part)
        return f"{part}: {right} are for accounts with the right to see them, and yours doesn't have it."

    def refusal(self, permission: Permission, part: str = "") -> str:
        """Return why `can` is False: "Export is for admins, and you are signed in as a viewer."

        `part` names the part of a page that is refused. Without it, permissions of the same people are mentioned too.
        """
        if permission is Permission.IMPORT and is_granted(permission, self.role, self.reseller):
            return "Imports show all that files have, and your account doesn't see all of it."
        subject, verb = permission.value
        if part:
            subject = f"{part}: {subject}"
        elif len(related := _related(permission)) > 1:
            *first, last = (each.value[0] for each in related)
            subject, verb = f"{', '.join(first)} and {last}", "are"
        roles = " and ".join(f"{role.name}s" for role in roles_with(permission))
        sentence = f"{subject[0].upper()}{subject[1:]} {verb} for {roles}"
        if permission in PARTNER_PERMISSIONS:
            return f"{sentence} of the whole partner."
        noun = ROLES[self.role].noun if self.role in ROLES else self.role
        return f"{sentence}, and you are signed in as {noun}."


def is_granted(permission: Permission, role: str, reseller: str | None) -> bool:
    """Return whether users with this role and reseller, None for the whole partner, have a permission."""
    if permission in PARTNER_PERMISSIONS and reseller is not None:
        return False
    return role in ROLES and permission in ROLES[role].permissions


def _related(permission: Permission) -> list[Permission]:
    """Return the permission and those that the same people have."""
    holders = {other: (roles_with(other), other in PARTNER_PERMISSIONS) for other in Permission}
    same = [other for other in Permission if holders[other] == holders[permission]]
    return [other for other in same if other is permission or other not in _SILENT_PERMISSIONS]
