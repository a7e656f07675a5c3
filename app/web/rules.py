"""Who may use which route. A route that stands in neither table can be used by nobody."""

from collections.abc import Callable, Mapping

from app.auth.permissions import Visitor

Rule = Callable[[Visitor], str]
"""Says why a visitor may not; "" when they may."""


def anyone_signed_in(_: Visitor) -> str:
    return ""


def admins(visitor: Visitor) -> str:
    why = "Export and looking inside rows are for admins, and you are signed in as a viewer."
    return "" if visitor.is_admin else why


def partner_admins(visitor: Visitor) -> str:
    why = "Users and the audit trail are for admins of the whole partner."
    return "" if visitor.is_partner_admin else why


PUBLIC_ENDPOINTS = frozenset({"static", "home.health", "account.sign_in", "account.sign_in_form"})
"""Routes that need no sign-in."""

ACCOUNT_ENDPOINTS = frozenset({"account.show", "account.change_password", "account.sign_out"})
"""Routes that are left to a person whose password was made by somebody else, until they have chosen one."""

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(ACCOUNT_ENDPOINTS, anyone_signed_in),
    "home.index": anyone_signed_in,
    "home.list_reports": anyone_signed_in,
    "home.open_report": anyone_signed_in,
    "reports.show": anyone_signed_in,
    "reports.count": anyone_signed_in,
    "saved_views.save": anyone_signed_in,
    "saved_views.show": anyone_signed_in,
    "saved_views.act": anyone_signed_in,
    "printed.show": anyone_signed_in,
    "home.show_attention": anyone_signed_in,
    "customers.show": anyone_signed_in,
    "sums.show": anyone_signed_in,
    "reports.expand": admins,
    "export.csv": admins,
    "export.xlsx": admins,
    "users.list_users": partner_admins,
    "users.add": partner_admins,
    "users.show": partner_admins,
    "users.change": partner_admins,
    "users.act": partner_admins,
    "audit.show": partner_admins,
}
