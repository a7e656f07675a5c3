"""`flask mail`: try the settings of mails."""

import click
from flask.cli import with_appcontext

from app.cli.common import CommandError, echo
from app.deliveries.smtp import NotTaken, Uncertain
from app.web.services import services


@click.group()
def mail() -> None:
    """Try the settings of mails."""


@mail.command()
@click.argument("email")
@with_appcontext
def test(email: str) -> None:
    """Send a mail to an address, with the settings of deliveries."""
    sender = services().sender
    if sender is None:
        raise CommandError("No mails can be sent: set SMTP_URL, MAIL_FROM and BASE_URL")
    if "@" not in email or not email.isprintable() or " " in email:
        raise CommandError(f"“{email}” is not an email address such as ann@partner.example")
    try:
        sender.send_test(email)
    except NotTaken as error:
        raise CommandError(f"No mail was sent to {email}: {error}") from None
    except Uncertain as error:
        raise CommandError(str(error)) from None
    echo(f"The mail server has taken a mail to {email}. Look whether it arrives.")
