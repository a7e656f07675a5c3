"""What is in a mail: only what its recipient may see, in a form that every mail program reads."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from errno import ENOSPC
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from openpyxl import load_workbook

from app import saved_views
from app.auth.visitor import Visitor, visitor_of
from app.deliveries import content as contents
from app.deliveries import runs
from app.deliveries.content import CSV, XLSX, read_content
from app.deliveries.message import StopLinks
from app.deliveries.sending import Sender
from app.deliveries.store import set_stopped
from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.definitions import permitted_report
from app.table.params import parse_view
from app.table.view import View
from app.table.xlsx import write_workbook
from models import (
    Customer,
    DeliveryRecipient,
    DeliveryRun,
    SavedView,
    SecondFactor,
    User,
    close_connections,
    read_transaction,
)
from tests.deliveries.conftest import KEY, START, ZEBRA, Clock, Mailbox, delivered, parsed, person, saved, sender_of
from tests.importing.files import load_bytes
from tests.support import BY
from tests.web.parties import USAGE as HEADING

pytestmark = [pytest.mark.usefixtures("edge_cases"), pytest.mark.parametrize("database_url", ["SQLite"], indirect=True)]

SUBSCRIPTIONS = "customer-subscriptions"
LINE = 998  # characters of a line at most, RFC 5322


def sent(sender: Sender, clock: Clock, mailbox: Mailbox) -> list[EmailMessage]:
    clock.now += timedelta(days=1)
    sender.deliver()
    return mailbox.messages()


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


def check_form(raw: bytes) -> None:
    """What a mail must be: RFC 5322 lines, MIME without defects, a text, HTML, and one-click headers (RFC 8058)."""
    raw.decode("ascii")
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= LINE
    assert not [line for line in lines if b"\n" in line or b"\r" in line]
    head, _, _ = raw.partition(b"\r\n\r\n")
    words = re.findall(rb"=\?[^?]+\?[bqBQ]\?[^?]*\?=", head)
    assert max(map(len, words), default=0) <= 75  # RFC 2047
    message = parsed(raw)
    assert not [part.defects for part in message.walk() if part.defects]
    assert not [header.defects for header in message.values() if header.defects]
    assert {part.get_content_type() for part in message.walk()} >= {"text/plain", "text/html"}
    for name in ("Date", "From", "To", "Message-ID", "Subject", "MIME-Version"):
        assert len(message.get_all(name)) == 1, name
    assert re.fullmatch(r"<https://\S+>", message["List-Unsubscribe"])
    assert b"\r\nList-Unsubscribe: <https://" in head
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "name", ["Plain", "Žluťoučký kůň – " + "x" * 60, "客户的证书" * 12, "<b>&\"'", ". starts with a dot", "a" * 80]
)
def test_mail_is_valid_and_has_its_name(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, name: str) -> None:
    delivered(saved(ann, "period=last-month&q=a%26%3Cb%3E", name=name), file_format=CSV)
    [message] = sent(sender, clock, mailbox)
    check_form(mailbox.mails[0][1])
    assert message["Subject"] == f"{name} – Last month, 2025-12-01 to 2025-12-31: 0 rows"
    assert text_of(message).startswith(f"{name}\n")
    assert "<b>" not in message.get_body(("html",)).get_content().replace("<body>", "")
    assert message["From"].addresses[0].display_name == "Příklad Partner"


def test_text_alone_says_everything(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    delivered(saved(ann, "period=this-year&sort=-cost", SUBSCRIPTIONS, name="Ending"), file_format=CSV)
    [message] = sent(sender, clock, mailbox)
    text = text_of(message)
    stop = StopLinks(KEY, "https://reports.partner.example").url(DeliveryRecipient.get())
    for part in (
        "Period: This year, 2026-01-01 to 2026-12-31", "Rows: ", "Sorted by: Cost, descending", "/reports/views/",
        "customer-subscriptions-2026-01-01-to-2026-12-31.csv", "ann@partner.example sends you this every day at 06:00",
        f"Stop these mails: {stop}", "as of the import of ",
    ):  # fmt: skip
        assert part in text, text
    assert f"<{stop}>" == message["List-Unsubscribe"]


def test_period_is_that_of_the_day_of_sending(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    delivered(saved(ann, "period=yesterday"))
    sent(sender, clock, mailbox)
    clock.now = datetime(2026, 3, 1, 6, 0)
    sender.deliver()
    assert [message["Subject"].partition(": ")[0][-10:] for message in mailbox.messages()] == [
        "2026-01-01",
        "2026-02-28",
    ]


def expected_csv(view: View, visitor: Visitor) -> bytes:
    return b"".join(csv_chunks(view, visitor.scope_in))


@pytest.mark.parametrize("query", ["", "group=reseller"])
@pytest.mark.parametrize("costs", [True, False])
@pytest.mark.parametrize("reseller", [None, ZEBRA])
def test_file_is_the_export_of_its_recipient(
    mailbox: Mailbox, clock: Clock, sender: Sender, reseller: str | None, costs: bool, query: str
) -> None:
    user = person("eva", reseller=reseller, costs=costs)
    saved_view = saved(user, query, SUBSCRIPTIONS)
    delivered(saved_view, file_format=CSV)
    delivered(saved_view)
    [message, link] = sent(sender, clock, mailbox)
    [file] = message.iter_attachments()
    visitor = visitor_of(user)
    assert file.get_filename().endswith(".csv")
    text = file.get_payload(decode=True).decode("utf-8-sig")
    assert ("Cost" in text.splitlines()[0]) is costs
    view, errors = parse_view(permitted_report(REPORTS[SUBSCRIPTIONS], visitor.permissions), parse_qsl(query))
    assert not errors
    assert text == expected_csv(replace(view, today=clock.now.date()), visitor).decode("utf-8-sig")
    rows = len(text.splitlines()) - 1
    assert message["Subject"].endswith(f": {rows} {'row' if rows == 1 else 'rows'}")
    assert message["Subject"] == link["Subject"]


def test_no_mail_has_a_name_from_outside_the_scope(
    app: Flask, ann: User, mailbox: Mailbox, clock: Clock, sender: Sender
) -> None:
    others = [name for (name,) in Customer.select(Customer.name).where(Customer.reseller != 0).tuples()]
    zoe = person("zoe", reseller=ZEBRA)
    with read_transaction():
        scope = visitor_of(zoe).scope
    own = {name for (name,) in Customer.select(Customer.name).where(Customer.reseller == scope.reseller_id).tuples()}
    foreign = [name for name in others if name not in own and len(name) > 3]
    assert foreign
    for slug in ("customer-subscriptions", "customer-transactions", "customer-usage"):
        for file_format in (CSV, XLSX):
            delivered(saved(zoe, "", slug, name=f"{slug} {file_format}"), file_format=file_format)
    for message in sent(sender, clock, mailbox):
        texts = [text_of(message), message["Subject"]]
        for file in message.iter_attachments():
            content = file.get_payload(decode=True)
            if file.get_filename().endswith(".xlsx"):
                sheets = load_workbook(BytesIO(content)).worksheets
                texts.append(repr([[cell.value for cell in row] for sheet in sheets for row in sheet.rows]))
            else:
                texts.append(content.decode())
        assert not [name for name in foreign for text in texts if name in text]
    assert len(mailbox.mails) == 6


def test_mail_is_of_one_moment(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import comes in after the rows were counted, another one between the two files."""
    view, numbers = saved(ann, report="customer-usage"), iter((1, 2))

    def after_an_import(read: Callable[..., Any]) -> Callable[..., Any]:
        def import_and_read(*arguments: Any) -> Any:
            number = next(numbers)
            monkeypatch.setattr("app.importing.run.timestamp", lambda: f"2026-12-0{number} 13:00:00")
            file = f"{HEADING}\nNew {number},N-{number},,SSL,DV,1,1\n".encode()
            importer = Thread(target=lambda: (load_bytes("customer-usage", file), close_connections()))
            importer.start()
            importer.join()
            return read(*arguments)

        return import_and_read

    monkeypatch.setattr(contents, "csv_chunks", after_an_import(csv_chunks))
    monkeypatch.setattr(contents, "write_workbook", after_an_import(write_workbook))
    content = read_content(visitor_of(ann), view, START.date(), XLSX, only_new=True)
    assert content.file
    names = [row[0].value for row in load_workbook(BytesIO(content.file)).worksheets[0].rows][1:]
    assert ("New 1" in names, "New 2" in names) == (True, False)
    assert (content.as_of, content.rows) == ("2026-12-01 13:00:00", len(names))


def test_too_large_file_is_a_link(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MAX_FILE_BYTES", 200)
    view = saved(ann)
    delivered(view, file_format=CSV)
    delivered(view, file_format=XLSX)
    for message in sent(sender, clock, mailbox):
        assert not [*message.iter_attachments()]
        assert "don't fit into a file of 10 MB" in text_of(message)
        assert "11 rows" in message["Subject"]


def test_full_disk_is_tried_again(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(ENOSPC, "No space left on device")

    delivered(saved(ann), file_format=XLSX)
    with monkeypatch.context() as patch:
        patch.setattr(contents, "TemporaryFile", full)
        assert not sent(sender, clock, mailbox)
    assert DeliveryRun.get().state == runs.WAITING
    clock.now += timedelta(minutes=1)
    sender.deliver()
    assert len(mailbox.mails) == 1


def test_viewer_gets_no_file(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    delivered(saved(ann), ann, person("vera", "viewer"), file_format=CSV)
    files = {message["To"]: [*message.iter_attachments()] for message in sent(sender, clock, mailbox)}
    assert {address: len(found) for address, found in files.items()} == {
        "ann@partner.example": 1,
        "vera@partner.example": 0,
    }


def disable(user: User) -> None:
    User.update(disabled=True).where(User.id == user.id).execute()


def move(user: User) -> None:
    User.update(reseller=ZEBRA).where(User.id == user.id).execute()


def give_temporary_password(user: User) -> None:
    User.update(temporary_until="2026-01-05 00:00:00").where(User.id == user.id).execute()


def stop(user: User) -> None:
    set_stopped(BY, DeliveryRecipient.get(DeliveryRecipient.user == user.id), True, datetime(2026, 1, 1))


def become_viewer(user: User) -> None:
    User.update(role="viewer").where(User.id == user.id).execute()


@pytest.mark.parametrize("change", [disable, move, give_temporary_password, stop, become_viewer])
def test_recipient_who_may_not_see_the_view_any_more_gets_nothing(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, change: object
) -> None:
    ben = person("ben")
    delivered(saved(ann, "columns=customer&columns=certificate_type", "customer-usage"), ann, ben)
    change(ben)  # type: ignore[operator]
    assert [message["To"] for message in sent(sender, clock, mailbox)] == [ann.email]
    assert {run.state for run in DeliveryRun.select().where(DeliveryRun.user == ben.id)} <= {runs.SKIPPED}


@pytest.mark.parametrize("change", [disable, move])
def test_nobody_gets_the_delivery_of_somebody_who_is_gone(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, change: object
) -> None:
    ben = person("ben")
    view = saved(ben)
    delivery = delivered(view, ben, ann)
    delivery.user = ann
    delivery.save()
    change(ann)  # type: ignore[operator]
    assert not sent(sender, clock, mailbox)


def test_deleted_view_is_not_delivered(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    view = saved(ann)
    delivered(view)
    saved_views.delete_view(BY, view)
    assert not sent(sender, clock, mailbox)
    SavedView.delete().execute()  # for good
    assert not sent(sender, clock, mailbox)


def test_required_second_factor_comes_before_mails(ann: User, mailbox: Mailbox, clock: Clock) -> None:
    delivered(saved(ann))
    strict = sender_of(mailbox.port, clock, "all")
    assert not sent(strict, clock, mailbox)
    SecondFactor.create(user=ann, seed="x", last_step=0, created_at="2026-01-01 00:00:00")
    assert len(sent(strict, clock, mailbox)) == 1


def test_stop_link_is_of_one_recipient(ann: User) -> None:
    delivery = delivered(saved(ann), ann, person("ben"))
    links = StopLinks(KEY)
    for recipient in DeliveryRecipient.select():
        token = links.url(recipient).rpartition("/")[2]
        assert links.find(token) == recipient
        assert links.find(token[:-1] + ("A" if token[-1] != "A" else "E")) is None
        assert StopLinks("another key that is long enough").find(token) is None
    delivery.delete_instance()
    assert links.find(token) is None
    assert links.find("1-é.x") is None
