"""`flask user`: who may sign in."""

import sys

import click

from app.access import accounts
from app.access.credentials import TEMPORARY, replace_password
from app.access.faults import Unacceptable, find
from app.cli.refusals import ready
from app.cli.trail import operator
from models import ROLES, User

_PASSWORD = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def user() -> None:
    """Add, list, disable and enable users, and replace their passwords."""


@user.command()
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--reseller", metavar="NAME", help="See only the customers of this reseller; all customers by default.")
@_PASSWORD
def add(email: str, role: str, reseller: str | None, password_stdin: bool) -> None:
    """Add a user, with a temporary password that is printed, or one of your own."""
    with ready():
        try:
            given = _given() if password_stdin else None
            secret = accounts.add(operator(), email, role, reseller, given)
        except Unacceptable as wrong:
            raise click.ClickException(str(wrong)) from None
    click.echo(f"{email.strip()} can sign in.")
    _tell(secret, given)


@user.command("list")
def list_users() -> None:
    """List all users: email, role, whose customers they see, and whether they are disabled."""
    with ready():
        for each in User.select().order_by(User.email_key):
            sees = "everything" if each.reseller is None else f"customers of {each.reseller}"
            click.echo(f"{each.email}\t{each.role}\t{sees}\t{'disabled' if each.disabled else 'enabled'}")


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Keep a user out, from now on."""
    with ready():
        found = _found(email)
        try:
            accounts.disable(operator(), found)
        except Unacceptable as wrong:
            raise click.ClickException(f"{email}: {wrong}") from None
    click.echo(f"{found.email} can't sign in any more, and is signed out everywhere.")


@user.command()
@click.argument("email")
def enable(email: str) -> None:
    """Let a disabled user in again."""
    with ready():
        found = _found(email)
        accounts.enable(operator(), found)
    click.echo(f"{found.email} can sign in again.")


@user.command()
@click.argument("email")
@_PASSWORD
def password(email: str, password_stdin: bool) -> None:
    """Give a user a temporary password that is printed, or one of your own, and sign them out everywhere."""
    with ready():
        found = _found(email)
        try:
            given = _given() if password_stdin else None
            secret = replace_password(operator(), found, given)
        except Unacceptable as wrong:
            raise click.ClickException(str(wrong)) from None
    click.echo(f"{found.email} has a new password, and is signed out everywhere.")
    _tell(secret, given)


def _found(email: str) -> User:
    found = find(email)
    if found is None:
        raise click.ClickException(f"“{email}” has no account; flask user list tells who has")
    return found


def _given() -> str:
    """The first line of standard input, without its end. Raises Unacceptable."""
    try:
        return sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Unacceptable({"password": "The password on standard input is not UTF-8"}) from None


def _tell(secret: str, given: str | None) -> None:
    if given is None:
        click.echo(f"Temporary password, for {TEMPORARY} days and shown only now: {secret}")
