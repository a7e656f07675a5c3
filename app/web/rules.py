"""The rule of each route: who may use it, and how. A route that isn't in `RULES` answers nobody, and a test fails."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.auth.permissions import Permission


@dataclass(frozen=True)
class Rule:
    """The conditions of a route. Without options it serves everybody who is signed in with a browser."""

    permission: Permission | None = None  # that the visitor must have
    public: bool = False  # needs no sign-in
    anonymous: bool = False  # a public route that doesn't look up who asks
    token: bool = False  # programs can use it with a token; elsewhere a token is a 403, whatever its owner may do
    confirm: bool = False  # asks for the password or a code again if the visitor entered it over 15 minutes ago
    # Fair use doesn't limit it: it keeps a thread while a client reads or sends, or somebody needs it at any time.
    unlimited: bool = False
    # Other sites may send a form here, because the address itself says who may: RFC 8058, section 3.2.
    one_click: bool = False
    # Open to somebody with a temporary password; the other routes redirect them to choosing a password.
    before_password: bool = False
    # Open to somebody who must have a second factor and has none; the other routes redirect them to setting it up.
    before_factor: bool = False


RULES: Mapping[str, Rule] = {
    "static": Rule(public=True, anonymous=True),
    "home.health": Rule(public=True, anonymous=True),
    # Sign-in
    "sign_in.password_form": Rule(public=True),
    "sign_in.enter_password": Rule(public=True),
    "sign_in.code_form": Rule(public=True),
    "sign_in.enter_code": Rule(public=True),
    "sign_in.sign_out": Rule(unlimited=True, before_password=True, before_factor=True),
    "oidc.begin": Rule(public=True),
    "oidc.finish": Rule(public=True),
    "oidc.sign_out": Rule(public=True),
    # The visitor's own account
    "account.show": Rule(before_password=True),
    "account.change_password": Rule(before_password=True),
    "account.end_own_session": Rule(),
    "account.end_other_sessions": Rule(),
    "account.confirm_form": Rule(before_factor=True),
    "account.confirm": Rule(before_factor=True),
    "oidc.confirm": Rule(before_factor=True),
    "second_factor.show": Rule(confirm=True, before_factor=True),
    "second_factor.set_up": Rule(confirm=True, before_factor=True),
    "second_factor.renew_codes": Rule(confirm=True),
    "second_factor.remove": Rule(confirm=True),
    "tokens.add": Rule(confirm=True),
    "tokens.revoke": Rule(),
    # Reports
    "home.index": Rule(token=True),
    "home.list_reports": Rule(token=True),
    "home.open_report": Rule(token=True),
    "home.show_attention": Rule(token=True),
    "reports.show": Rule(token=True),
    "reports.count": Rule(token=True),
    "reports.expand": Rule(Permission.VIEW_DETAILS, token=True),
    "print.show": Rule(token=True),
    "summary.show": Rule(token=True),
    "summary.totals": Rule(token=True),
    "export.csv": Rule(Permission.EXPORT, token=True, unlimited=True),
    "export.xlsx": Rule(Permission.EXPORT, token=True, unlimited=True),
    "export.json": Rule(Permission.EXPORT, token=True, unlimited=True),
    "customers.show": Rule(token=True),
    "api.describe": Rule(token=True),
    "api.show": Rule(),
    # Saved views and their deliveries by mail
    "saved_views.save": Rule(),
    "saved_views.show": Rule(token=True),
    "saved_views.act": Rule(),
    "deliveries.list_deliveries": Rule(),
    "deliveries.new": Rule(),
    "deliveries.add": Rule(),
    "deliveries.show": Rule(),
    "deliveries.change": Rule(),
    "deliveries.act": Rule(),
    "deliveries.ask_to_stop": Rule(public=True),
    "deliveries.stop": Rule(public=True, one_click=True),
    # Users and the audit trail
    "users.list_users": Rule(Permission.MANAGE_USERS),
    "users.add": Rule(Permission.MANAGE_USERS, confirm=True),
    "users.show": Rule(Permission.MANAGE_USERS),
    "users.change": Rule(Permission.MANAGE_USERS, confirm=True),
    "users.act": Rule(Permission.MANAGE_USERS, confirm=True),
    "users.revoke_token": Rule(Permission.MANAGE_USERS, confirm=True),
    "audit.show": Rule(Permission.READ_AUDIT_TRAIL),
    # Imports
    "imports.list_imports": Rule(Permission.IMPORT),
    "imports.upload": Rule(Permission.IMPORT, unlimited=True),
    "imports.show": Rule(Permission.IMPORT, token=True),
    "imports.change": Rule(Permission.IMPORT),
    "imports.apply": Rule(Permission.IMPORT),
    "imports.cancel": Rule(Permission.IMPORT),
    "imports.undo": Rule(Permission.IMPORT),
    "imports.faults": Rule(Permission.IMPORT),
    "imports.changes": Rule(Permission.IMPORT),
    "put.put": Rule(Permission.IMPORT, token=True, unlimited=True),
}
