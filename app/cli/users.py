"""`flask user`: who may sign in."""

import sys

import click

from app.auth import users
from app.auth.permissions import ROLES
from app.auth.users import TEMPORARY_DAYS, reset_password
from app.auth.validation import ValidationError, find_user
from app.cli.common import audit_actor, database_ready
from models import User

_PASSWORD = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def user() -> None:
    """Add, list, disable and enable users, and replace their passwords."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice(list(ROLES)), required=True)
@click.option("--reseller", metavar="NAME", help="See only the customers of this reseller; all customers by default.")
@_PASSWORD
def add(email: str, role: str, reseller: str | None, password_stdin: bool) -> None:
    """Add a user, with a temporary password that is printed, or one of your own."""
    with database_ready():
        try:
            given = _password_from_stdin() if password_stdin else None
            secret = users.add_user(audit_actor(), email, role, reseller, given)
        except ValidationError as wrong:
            raise click.ClickException(str(wrong)) from None
    click.echo(f"{email.strip()} can sign in.")
    _print_password(secret, given)


@user.command("list")
def list_users() -> None:
    """List all users: email, role, whose customers they see, and whether they are disabled."""
    with database_ready():
        for each in User.select().order_by(User.email_key):
            sees = "everything" if each.reseller is None else f"customers of {each.reseller}"
            click.echo(f"{each.email}\t{each.role}\t{sees}\t{'disabled' if each.disabled else 'enabled'}")


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Keep a user out, from now on."""
    with database_ready():
        found = _user_or_fail(email)
        try:
            users.disable_user(audit_actor(), found)
        except ValidationError as wrong:
            raise click.ClickException(f"{email}: {wrong}") from None
    click.echo(f"{found.email} can't sign in any more, and is signed out everywhere.")


@user.command()
@click.argument("email")
def enable(email: str) -> None:
    """Let a disabled user in again."""
    with database_ready():
        found = _user_or_fail(email)
        users.enable_user(audit_actor(), found)
    click.echo(f"{found.email} can sign in again.")


@user.command()
@click.argument("email")
@_PASSWORD
def password(email: str, password_stdin: bool) -> None:
    """Give a user a temporary password that is printed, or one of your own, and sign them out everywhere."""
    with database_ready():
        found = _user_or_fail(email)
        try:
            given = _password_from_stdin() if password_stdin else None
            secret = reset_password(audit_actor(), found, given)
        except ValidationError as wrong:
            raise click.ClickException(str(wrong)) from None
    click.echo(f"{found.email} has a new password, and is signed out everywhere.")
    _print_password(secret, given)


def _user_or_fail(email: str) -> User:
    found = find_user(email)
    if found is None:
        raise click.ClickException(f"“{email}” has no account; flask user list tells who has")
    return found


def _password_from_stdin() -> str:
    """The first line of standard input, without its end. Raises Unacceptable."""
    try:
        return sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValidationError({"password": "The password on standard input is not UTF-8"}) from None


def _print_password(secret: str, given: str | None) -> None:
    if given is None:
        click.echo(f"Temporary password, for {TEMPORARY_DAYS} days and shown only now: {secret}")
