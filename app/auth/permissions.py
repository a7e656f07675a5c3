"""Roles and permissions: who may do and see what. This is the one place that declares them.

To add a role, add a `Role` to `ROLES` and a case to tests/auth/test_permissions.py: commands, forms, checks and the
messages of denials follow. To require a permission, name it for a route in `app/web/rules.py` or for a `Column` of a
report, or ask `visitor.can(Permission.EXPORT)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Permission(Enum):
    """A thing that an account may do or see. Everybody who is signed in sees reports and customers, and saves views.

    The value is how a denial begins: subject and verb.
    """

    EXPORT = "export", "is"  # download a report as CSV, Excel or JSON
    VIEW_DETAILS = "looking inside rows", "is"  # expand rows, show the columns of inner levels and filter by these
    VIEW_COSTS = "costs", "are"  # the columns of amounts, and the sums and charts that add them up
    VIEW_TIMINGS = "server timing", "is"  # get the `Server-Timing` header
    MANAGE_USERS = "users", "are"  # add, change and disable users
    READ_AUDIT_TRAIL = "the audit trail", "is"
    IMPORT = "imports", "are"  # load files into the reports, and undo that


# Permissions that only users of the whole partner have, whatever their role: users of one reseller never have them.
PARTNER_PERMISSIONS = frozenset({Permission.MANAGE_USERS, Permission.READ_AUDIT_TRAIL, Permission.IMPORT})
# Permissions without which parts of a report are left out, see `permitted_report`.
REPORT_PERMISSIONS = frozenset({Permission.VIEW_DETAILS, Permission.VIEW_COSTS})
# Permissions that each account has or hasn't, whatever its role.
ACCOUNT_PERMISSIONS = frozenset({Permission.VIEW_COSTS})
# Permissions that the denial of another one doesn't mention: the first has no page, the second no role.
_UNMENTIONED = frozenset({Permission.VIEW_TIMINGS, Permission.VIEW_COSTS})


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
        Role(
            "admin",
            "an admin",
            "sees reports, exports them and looks inside rows",
            frozenset(Permission) - ACCOUNT_PERMISSIONS,
        ),
        Role("viewer", "a viewer", "sees reports", frozenset()),
    ]
}


def roles_with(permission: Permission) -> list[Role]:
    return [role for role in ROLES.values() if permission in role.permissions]


def permissions_of(role: str, reseller: str | None, may_see_costs: bool) -> frozenset[Permission]:
    """Return the permissions of accounts with this role and reseller, None for the whole partner.

    Imports show the amounts of files, and of rows before and after, so that they need the permission to see costs.
    """
    granted = ROLES[role].permissions if role in ROLES else frozenset()
    if reseller is not None:
        granted -= PARTNER_PERMISSIONS
    return granted | {Permission.VIEW_COSTS} if may_see_costs else granted - {Permission.IMPORT}


def denial_message(permission: Permission, role: str, reseller: str | None, part: str = "") -> str:
    """Say why an account doesn't have a permission: "Export is for admins, and you are signed in as a viewer."

    `part` names the part of a page that is denied. Without it, permissions of the same people are mentioned too.
    """
    subject, verb = permission.value
    if permission is Permission.IMPORT and permission in permissions_of(role, reseller, may_see_costs=True):
        return "Imports show all that files have, and your account doesn't see all of it."
    if part:
        subject = f"{part}: {subject}"
    elif len(related := _related(permission)) > 1:
        *first, last = (other.value[0] for other in related)
        subject, verb = f"{', '.join(first)} and {last}", "are"
    subject = subject[0].upper() + subject[1:]
    if permission in ACCOUNT_PERMISSIONS:
        return f"{subject} {verb} for accounts with the right to see them, and yours doesn't have it."
    sentence = f"{subject} {verb} for {' and '.join(f'{role.name}s' for role in roles_with(permission))}"
    if permission in PARTNER_PERMISSIONS:
        return f"{sentence} of the whole partner."
    noun = ROLES[role].noun if role in ROLES else role
    return f"{sentence}, and you are signed in as {noun}."


def _related(permission: Permission) -> list[Permission]:
    """Return the permission and those that the same people have."""
    holders = {other: (roles_with(other), other in PARTNER_PERMISSIONS) for other in Permission}
    same = [other for other in Permission if holders[other] == holders[permission]]
    return [other for other in same if other is permission or other not in _UNMENTIONED]
