"""The mail about a view: subject, text, HTML, file, and the headers by which mail programs offer to stop it."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any

from itsdangerous import BadSignature, Signer
from jinja2 import Environment, FileSystemLoader, select_autoescape

from app.deliveries.content import MIMETYPES, Content, period_words
from app.settings import MailSettings
from app.table.view import describe_view
from models import DeliveryRecipient

_TEMPLATE_FOLDER = Path(__file__).parents[2] / "templates"
_jinja = Environment(
    loader=FileSystemLoader(_TEMPLATE_FOLDER), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)
_UNFOLDED_HEADERS = ("List-Unsubscribe", "Message-ID")  # which have `<>`
_LINE_LENGTH = 76  # with which encoded words have at most 75 characters, RFC 2047


class _MailPolicy(EmailPolicy):
    """Leaves what stands in `<>` in one piece: folded, it would be encoded, and no mail program reads it then."""

    def fold(self, name: str, value: Any) -> str:
        return f"{name}: {value}\r\n" if name in _UNFOLDED_HEADERS else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode() if name in _UNFOLDED_HEADERS else super().fold_binary(name, value)


def _policy(is_ascii: bool) -> _MailPolicy:
    return _MailPolicy(
        linesep="\r\n", utf8=not is_ascii, cte_type="7bit", max_line_length=_LINE_LENGTH, raise_on_defect=True
    )


@dataclass(frozen=True)
class StopLinks:
    """Addresses at which a recipient stops a delivery without a sign-in. They are signed with `key`."""

    key: str = field(repr=False)
    base_url: str = ""

    def url(self, recipient: DeliveryRecipient) -> str:
        return f"{self.base_url}/deliveries/stop/{self._signer.sign(_permanent_name(recipient)).decode()}"

    def find(self, token: str) -> DeliveryRecipient | None:
        """Return the link's recipient, None if it is unknown or the person doesn't get the delivery any more."""
        try:
            name = self._signer.unsign(token.encode("utf-8", "replace")).decode()
        except BadSignature:
            return None
        recipient: DeliveryRecipient | None = DeliveryRecipient.get_or_none(
            DeliveryRecipient.id == int(name.partition("-")[0])
        )
        return recipient if recipient and _permanent_name(recipient) == name else None

    @property
    def _signer(self) -> Signer:
        return Signer(self.key, salt="stop a delivery")


def _permanent_name(recipient: DeliveryRecipient) -> str:
    """Return a name that no other recipient ever has. An id isn't one: another row may get it after a removal."""
    digits = re.sub(r"\D", "", str(recipient.created_at))
    return f"{recipient.id}-{recipient.delivery_id}-{recipient.user_id}-{digits}"


@dataclass(frozen=True)
class Mail:
    """What is in a mail beside its content. `schedule` is in words, `ref` the same for each attempt to send it."""

    recipient: str
    name: str
    sent_by: str
    schedule: str
    view_url: str
    stop_url: str
    file_name: str
    ref: str


def write_test_message(settings: MailSettings, partner_name: str, recipient: str, now: datetime) -> bytes:
    """Return a mail that only says that mails arrive."""
    message = _begin_message(settings, partner_name, recipient, now)
    message["Subject"] = f"Mails of {partner_name} arrive"
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message.set_content(f"{settings.base_url} can send mails to {recipient}.\n")
    return message.as_bytes()


def write_message(settings: MailSettings, partner_name: str, mail: Mail, content: Content, now: datetime) -> bytes:
    """Return the mail as a server takes it, with lines that end with CRLF."""
    message = _begin_message(settings, partner_name, mail.recipient, now)
    period = period_words(content.view)
    rows = f"{content.rows:,} {'row' if content.rows == 1 else 'rows'}"
    message["Subject"] = f"{mail.name} – {period}: {rows}"
    message["Message-ID"] = f"<{mail.ref}@{settings.sender.rpartition('@')[2]}>"
    message["List-Unsubscribe"] = f"<{mail.stop_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    facts = [(label, text) for label, text in describe_view(content.view)[1:] if text != period]
    context = {"mail": mail, "content": content, "facts": facts, "period": period}
    context |= {"base_url": settings.base_url, "partner_name": partner_name}
    message.set_content(_jinja.get_template("deliveries/mail.txt").render(context))
    html = _jinja.get_template("deliveries/mail.html").render(context)
    message.add_alternative(html, subtype="html")
    if content.file is not None:
        maintype, subtype = MIMETYPES[mail.file_name.rpartition(".")[2]].split("/")
        message.add_attachment(content.file, maintype=maintype, subtype=subtype, filename=mail.file_name)
    return message.as_bytes()


def _begin_message(settings: MailSettings, partner_name: str, recipient: str, now: datetime) -> EmailMessage:
    message = EmailMessage(_policy(recipient.isascii()))
    message["From"] = Address(partner_name if partner_name.isprintable() else "", addr_spec=settings.sender)
    message["To"] = recipient
    message["Date"] = format_datetime(now.replace(tzinfo=UTC))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice answers it
    return message
