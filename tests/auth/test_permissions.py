"""What each role may do, with and without a reseller."""

from dataclasses import replace

import pytest

from app.auth.permissions import ACCOUNT_PERMISSIONS, PARTNER_PERMISSIONS, ROLES, Permission, Role
from app.auth.visitor import Visitor

DETAILS = {Permission.EXPORT, Permission.VIEW_DETAILS, Permission.VIEW_TIMINGS}
MANAGEMENT = {Permission.MANAGE_USERS, Permission.READ_AUDIT_TRAIL, Permission.IMPORT}

CASES = [
    ("admin", None, DETAILS | MANAGEMENT),
    ("admin", "Zebra Resale", DETAILS),
    ("viewer", None, set()),
    ("viewer", "Zebra Resale", set()),
    ("a role that was removed", None, set()),
]


def visitor(role: str, reseller: str | None = None) -> Visitor:
    return Visitor(1, "ann@partner.example", role, reseller, must_change_password=False, session="")


@pytest.mark.parametrize(("role", "reseller", "expected"), CASES)
def test_permissions_of_a_role(role: str, reseller: str | None, expected: set[Permission]) -> None:
    assert visitor(role, reseller).permissions == expected | {Permission.VIEW_COSTS}


def test_every_role_is_tested() -> None:
    assert {role for role, _, _ in CASES} >= set(ROLES)


def test_account_without_costs_has_no_imports() -> None:
    admin = visitor("admin")
    account = replace(admin, may_see_costs=False)
    assert admin.permissions - account.permissions == {Permission.VIEW_COSTS, Permission.IMPORT}
    assert account.denial_message(Permission.VIEW_COSTS, "Sort by Cost") == (
        "Sort by Cost: costs are for accounts with the right to see them, and yours doesn't have it."
    )
    assert account.denial_message(Permission.IMPORT).startswith("Imports show all that files have")


def test_management_needs_the_whole_partner() -> None:
    assert PARTNER_PERMISSIONS == MANAGEMENT


def test_refusals_name_the_roles() -> None:
    viewer, colleague = visitor("viewer"), visitor("admin", "Zebra Resale")
    for permission in (Permission.EXPORT, Permission.VIEW_DETAILS):
        assert viewer.denial_message(permission) == (
            "Export and looking inside rows are for admins, and you are signed in as a viewer."
        )
    for permission in MANAGEMENT:
        assert (
            colleague.denial_message(permission)
            == "Users, the audit trail and imports are for admins of the whole partner."
        )
    assert viewer.denial_message(Permission.VIEW_DETAILS, "Price as a column") == (
        "Price as a column: looking inside rows is for admins, and you are signed in as a viewer."
    )


@pytest.mark.parametrize("permission", [each for each in Permission if each not in ACCOUNT_PERMISSIONS])
def test_refusals_mention_only_what_the_same_roles_have(
    monkeypatch: pytest.MonkeyPatch, permission: Permission
) -> None:
    monkeypatch.setitem(ROLES, "some", Role("some", "a some", "has one permission", frozenset({permission})))  # type: ignore[arg-type]
    for other in set(Permission) - {permission}:
        assert permission.value[0] not in visitor("some").denial_message(other).lower()
    subject, verb = permission.value
    sentence = visitor("viewer").denial_message(permission)
    assert sentence.lower().startswith(f"{subject} {verb} for admins and somes")
