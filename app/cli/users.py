"""`flask user`: add, list, change and disable accounts, replace passwords, reset second factors, allow the provider."""

import sys

import click
from flask.cli import with_appcontext

from app.auth import users
from app.auth.oidc import identities
from app.auth.permissions import ROLES
from app.auth.second_factor import reset_second_factor
from app.auth.users import find_user
from app.cli.common import CommandError, audit_actor, echo, require_database
from app.validation import ValidationError
from app.web.services import services
from models import User, printable

_password_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def user() -> None:
    """Add, list, change, disable and enable users, replace passwords, reset second factors, and allow the provider."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice(list(ROLES)), required=True)
@click.option("--reseller", metavar="NAME", help="Show only the customers of this reseller; all customers by default.")
@click.option("--costs/--no-costs", default=True, help="Show costs, or reports without them; shown by default.")
@_password_option
@with_appcontext
def add(email: str, role: str, reseller: str | None, costs: bool, password_stdin: bool) -> None:
    """Add a user. Prints a temporary password, unless you set one."""
    with require_database():
        password = _read_password() if password_stdin else None
        secret = users.add_user(audit_actor(), email, role, reseller, password, services().installation_names, costs)
    echo(f"{email.strip()} can sign in.")
    if password is None:
        _print_temporary_password(secret)


@user.command()
@click.argument("email")
@click.option("--costs/--no-costs", required=True, help="Show costs, or reports without them.")
def change(email: str, costs: bool) -> None:
    """Change whether a user sees costs."""
    with require_database():
        account = _find_user(email)
        users.change_user(audit_actor(), account, account.role, account.reseller, costs)
    echo(f"{account.email} sees {'' if costs else 'no '}costs, from the next request on.")


@user.command("list")
def list_users() -> None:
    """List all users: email, role, whose customers they see, whether they are disabled, and whether they see costs."""
    with require_database():
        for account in User.select().order_by(User.email_key):
            customers = "everything" if account.reseller is None else f"customers of {account.reseller}"
            state = "disabled" if account.disabled else "enabled"
            costs = "costs" if account.may_see_costs else "no costs"
            echo("\t".join(printable(text, keep="") for text in (account.email, account.role, customers, state, costs)))


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Disable a user, and end their sessions."""
    with require_database():
        account = _find_user(email)
        users.disable_user(audit_actor(), account)
    echo(f"{account.email} can't sign in any more, and is signed out everywhere.")


@user.command()
@click.argument("email")
def enable(email: str) -> None:
    """Enable a disabled user."""
    with require_database():
        account = _find_user(email)
        users.enable_user(audit_actor(), account)
    echo(f"{account.email} can sign in again.")


@user.command()
@click.argument("email")
@_password_option
@with_appcontext
def password(email: str, password_stdin: bool) -> None:
    """Replace a user's password, and end their sessions. Prints a temporary password, unless you set one."""
    with require_database():
        account = _find_user(email)
        new_password = _read_password() if password_stdin else None
        secret = users.reset_password(audit_actor(), account, new_password, services().installation_names)
    echo(f"{account.email} has a new password, and is signed out everywhere.")
    if new_password is None:
        _print_temporary_password(secret)


@user.command()
@click.argument("email")
def reset_factor(email: str) -> None:
    """Remove the second factor of a user who lost it, and end their sessions."""
    with require_database():
        account = _find_user(email)
        reset_second_factor(audit_actor(), account)
    echo(f"{account.email} has no second factor any more, and is signed out everywhere.")


@user.command()
@click.argument("email")
def allow_provider(email: str) -> None:
    """Let a user sign in through the OpenID Connect provider."""
    with require_database():
        account = _find_user(email)
        identities.allow_provider(audit_actor(), account)
    echo(f"{account.email} can sign in through the provider.")


@user.command()
@click.argument("email")
def forbid_provider(email: str) -> None:
    """Keep a user from signing in through the OpenID Connect provider, and end their sessions."""
    with require_database():
        account = _find_user(email)
        identities.forbid_provider(audit_actor(), account)
    echo(f"{account.email} can't sign in through the provider any more, and is signed out everywhere.")


def _find_user(email: str) -> User:
    account = find_user(email)
    if account is None:
        raise CommandError(f"“{email}” has no account; flask user list shows all accounts")
    return account


def _read_password() -> str:
    """Read the first line of standard input, without its line break. Raises ValidationError."""
    try:
        return sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValidationError({"password": "The password on standard input is not UTF-8."}) from None


def _print_temporary_password(secret: str) -> None:
    echo(f"Temporary password, for {users.TEMPORARY_DAYS} days and shown only now: {secret}")
