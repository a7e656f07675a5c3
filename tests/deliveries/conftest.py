"""Fixtures: people with accounts, a saved view, a clock that is set, and a real SMTP server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope
from flask import Flask

from app import saved_views
from app.auth.second_factor import SecondFactors
from app.auth.visitor import visitor_of
from app.deliveries.content import LINK
from app.deliveries.schedule import DAILY, Schedule
from app.deliveries.sending import Sender
from app.deliveries.store import DeliveryForm, add_delivery
from app.settings import MailServer, MailSettings
from models import Delivery, SavedView, User
from tests.databases import sqlite_first as database_url
from tests.serving import free_port
from tests.support import BY

__all__ = ["database_url"]

KEY = "only for tests, and long enough for any"
ZEBRA = "Zebra Resale"
START = datetime(2026, 1, 1, 12)

Answer = Callable[[Envelope], str | None]


@dataclass
class Mailbox:
    """What the server has taken, as (recipient, message). `answer` decides on a mail: None takes it."""

    port: int
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    answer: Answer = lambda envelope: None
    answer_recipient: Callable[[str], str | None] = lambda address: None

    async def handle_RCPT(self, *arguments: Any) -> str:  # noqa: N802 - aiosmtpd's name
        _, _, envelope, address, _ = arguments
        if refusal := self.answer_recipient(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *arguments: Any) -> str:  # noqa: N802
        _, _, envelope = arguments
        if refusal := self.answer(envelope):
            return refusal
        self.mails += [(address, bytes(envelope.original_content)) for address in envelope.rcpt_tos]
        return "250 taken"

    def messages(self) -> list[EmailMessage]:
        return [parsed(content) for _, content in self.mails]


def parsed(content: bytes) -> EmailMessage:
    message = BytesParser(policy=default).parsebytes(content)
    assert isinstance(message, EmailMessage)
    return message


@pytest.fixture(scope="session")
def smtp_server() -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port, enable_SMTPUTF8=True)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def mailbox(smtp_server: Mailbox) -> Mailbox:
    smtp_server.mails, smtp_server.answer = [], lambda envelope: None
    smtp_server.answer_recipient = lambda address: None
    return smtp_server


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def mail_settings(port: int) -> MailSettings:
    server = MailServer("127.0.0.1", port, "", "", "")
    return MailSettings(server, "reports@partner.example", "https://reports.partner.example")


def sender_of(port: int, clock: Clock, second_factor: str = "optional") -> Sender:
    factors = SecondFactors(KEY, "Partner", second_factor)
    return Sender(mail_settings(port), "Příklad Partner", KEY, factors, clock, timeout=0.3)


@pytest.fixture
def sender(mailbox: Mailbox, clock: Clock) -> Sender:
    return sender_of(mailbox.port, clock)


def person(name: str, role: str = "admin", reseller: str | None = None, costs: bool = True) -> User:
    email = f"{name}@partner.example"
    rights = {"role": role, "reseller": reseller, "may_see_costs": costs}
    return User.create(email=email, email_key=email, password_hash="", created_at="2026-01-01 00:00:00", **rights)


@pytest.fixture
def ann(app: Flask) -> User:
    return person("ann")


def saved(user: User, query: str = "", report: str = "customer-transactions", name: str = "Změny – all") -> SavedView:
    """A view that is shared."""
    view = saved_views.save_view(visitor_of(user), report, name, query)
    saved_views.set_shared(BY, view, shared=True)
    return view


def delivered(
    view: SavedView, *to: User, now: datetime = START, schedule: Schedule | None = None, **fields: Any
) -> Delivery:
    """A delivery, by default to the view's owner every day at 6."""
    emails = [user.email for user in to or (view.user,)]
    fields = {"file_format": LINK, "only_rows": False, "only_new": False, **fields}
    form = DeliveryForm(schedule=schedule or Schedule(DAILY, 0, 6), emails=emails, **fields)
    return add_delivery(BY, visitor_of(view.user), view, form, now)
