"""The permission that each route needs. A route in none of these tables answers nobody, and a test fails."""

from collections.abc import Mapping

from app.auth.permissions import Permission

# Routes that need no sign-in.
PUBLIC_ENDPOINTS = frozenset(
    {
        "static",
        "home.health",
        "account.sign_in",
        "account.sign_in_form",
        "sign_in.code_form",
        "sign_in.enter_code",
        "oidc.begin",
        "oidc.finish",
        "oidc.sign_out",
        "deliveries.ask_to_stop",
        "deliveries.stop",
    }
)

# Routes that other sites may send a form to, because the address itself says who may: RFC 8058, section 3.2.
ONE_CLICK_ENDPOINTS = frozenset({"deliveries.stop"})

# Routes that somebody with a temporary password can use; all others redirect them to choosing a password.
ACCOUNT_ENDPOINTS = frozenset({"account.show", "account.change_password", "account.sign_out"})

# Routes that somebody can use who must have a second factor and has none; all others redirect them to setting it up.
SET_UP_ENDPOINTS = frozenset(
    {
        "second_factor.show",
        "second_factor.set_up",
        "account.confirm_form",
        "account.confirm",
        "oidc.confirm",
        "account.sign_out",
    }
)

# Routes that ask for the password or a code again when the visitor entered it over 15 minutes ago.
CONFIRMED_ENDPOINTS = frozenset(
    {
        "users.add",
        "users.change",
        "users.act",
        "users.revoke_token",
        "tokens.add",
        "second_factor.show",
        "second_factor.set_up",
        "second_factor.renew_codes",
        "second_factor.remove",
    }
)

# Routes that programs can use with a token. At all others a token is a 403, whatever its owner may do.
TOKEN_ENDPOINTS = frozenset(
    {
        "home.index",
        "home.list_reports",
        "home.open_report",
        "home.show_attention",
        "reports.show",
        "reports.count",
        "reports.expand",
        "print.show",
        "summary.show",
        "summary.totals",
        "export.csv",
        "export.xlsx",
        "export.json",
        "api.describe",
        "put.put",
        "imports.show",
        "customers.show",
        "saved_views.show",
    }
)

# The permission that each other route needs, None where being signed in is enough.
RULES: Mapping[str, Permission | None] = {
    **dict.fromkeys(ACCOUNT_ENDPOINTS | SET_UP_ENDPOINTS),
    "account.end_session_of_mine": None,
    "account.end_other_sessions": None,
    "tokens.add": None,
    "tokens.revoke": None,
    "second_factor.renew_codes": None,
    "second_factor.remove": None,
    "home.index": None,
    "home.list_reports": None,
    "home.open_report": None,
    "home.show_attention": None,
    "reports.show": None,
    "reports.count": None,
    "reports.expand": Permission.VIEW_DETAILS,
    "print.show": None,
    "summary.show": None,
    "summary.totals": None,
    "export.csv": Permission.EXPORT,
    "export.xlsx": Permission.EXPORT,
    "export.json": Permission.EXPORT,
    "customers.show": None,
    "api.describe": None,
    "api.show": None,
    "saved_views.save": None,
    "saved_views.show": None,
    "saved_views.act": None,
    "deliveries.list_deliveries": None,
    "deliveries.new": None,
    "deliveries.add": None,
    "deliveries.show": None,
    "deliveries.change": None,
    "deliveries.act": None,
    "users.list_users": Permission.MANAGE_USERS,
    "users.add": Permission.MANAGE_USERS,
    "users.show": Permission.MANAGE_USERS,
    "users.change": Permission.MANAGE_USERS,
    "users.act": Permission.MANAGE_USERS,
    "users.revoke_token": Permission.MANAGE_USERS,
    "audit.show": Permission.READ_AUDIT_TRAIL,
    "imports.list_imports": Permission.IMPORT,
    "imports.upload": Permission.IMPORT,
    "imports.show": Permission.IMPORT,
    "put.put": Permission.IMPORT,
    "imports.change": Permission.IMPORT,
    "imports.apply": Permission.IMPORT,
    "imports.cancel": Permission.IMPORT,
    "imports.undo": Permission.IMPORT,
    "imports.faults": Permission.IMPORT,
    "imports.changes": Permission.IMPORT,
}
