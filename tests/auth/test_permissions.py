"""What each role may do, with and without a reseller."""

import pytest

from app.auth.permissions import PARTNER_PERMISSIONS, ROLES, Permission, Visitor

DETAILS = {Permission.EXPORT, Permission.VIEW_DETAILS, Permission.VIEW_TIMINGS}
MANAGEMENT = {Permission.MANAGE_USERS, Permission.READ_AUDIT_TRAIL}

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
    assert {each for each in Permission if visitor(role, reseller).can(each)} == expected


def test_every_role_is_tested() -> None:
    assert {role for role, _, _ in CASES} >= set(ROLES)


def test_management_needs_the_whole_partner() -> None:
    assert PARTNER_PERMISSIONS == MANAGEMENT


def test_refusals_name_the_roles() -> None:
    assert visitor("viewer").refusal("Export is", Permission.EXPORT) == (
        "Export is for admins, and you are signed in as a viewer."
    )
    refusal = visitor("admin", "Zebra Resale").refusal("Users are", Permission.MANAGE_USERS)
    assert refusal == "Users are for admins of the whole partner."
