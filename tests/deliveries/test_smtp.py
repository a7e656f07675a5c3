"""The mail server: encryption, names and passwords, and the command that tries it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from click.testing import Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app import create_app
from app.deliveries.smtp import Mailer, NotTaken
from app.settings import MailServer
from tests.deliveries.conftest import Mailbox
from tests.deliveries.test_sending import odd_server, read_all
from tests.serving import free_port

MESSAGE = b"Subject: x\r\n\r\n.dot\r\n..two\r\nend\r\n"
OURS = {"MAIL_FROM": "reports@partner.example", "BASE_URL": "https://reports.partner.example"}


def send(server: MailServer, recipient: str = "ann@partner.example") -> bool:
    return Mailer(server, "reports.partner.example", 5).send("r@partner.example", recipient, MESSAGE, lambda: True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate of 127.0.0.1 that nobody else has signed."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + signed.public_bytes(Encoding.PEM))
    return file


@contextmanager
def secure_server(certificate: Path, tls: str) -> Iterator[tuple[Mailbox, int]]:
    """A server that takes mails only over TLS, and from ann with her password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def authenticate(server: Any, session: Any, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ann", b"secret")
        return AuthResult(success=right, handled=right)

    box = Mailbox(free_port())
    options: dict[str, Any] = {"authenticator": authenticate, "auth_required": True}
    if tls == "tls":
        options |= {"ssl_context": context, "auth_require_tls": False}
    else:
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    controller.start()
    try:
        yield box, box.port
    finally:
        controller.stop()


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # with TLS from the first byte aiosmtpd sees none
@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_server_is_asked_over_tls_with_a_password(certificate: Path, monkeypatch: pytest.MonkeyPatch, tls: str) -> None:
    with secure_server(certificate, tls) as (box, port):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(MailServer("127.0.0.1", port, "ann", "secret", tls))
        assert box.mails == [("ann@partner.example", MESSAGE)]
        with pytest.raises(NotTaken, match="535"):
            send(MailServer("127.0.0.1", port, "ann", "wrong", tls))
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(NotTaken, match="certificate verify failed"):
            send(MailServer("127.0.0.1", port, "ann", "secret", tls))
        assert len(box.mails) == 1


def test_server_without_starttls_gets_nothing(mailbox: Mailbox) -> None:
    with pytest.raises(NotTaken, match="STARTTLS"):
        send(MailServer("127.0.0.1", mailbox.port, "", "", "starttls"))
    assert not mailbox.mails


def test_address_beyond_ascii(mailbox: Mailbox) -> None:
    assert send(MailServer("127.0.0.1", mailbox.port, "", "", ""), "žofie@příklad.example")
    assert [address for address, _ in mailbox.mails] == ["žofie@příklad.example"]


def mail_test(monkeypatch: pytest.MonkeyPatch, **settings: str) -> Result:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return create_app().test_cli_runner().invoke(args=["mail", "test", "ann@partner.example"])


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("database_url", ["SQLite"], indirect=True)
def test_command_sends_a_mail_or_says_why_not(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    unset = mail_test(monkeypatch)
    assert (unset.exit_code, "SMTP_URL" in unset.output) == (1, True)
    url = f"smtp://127.0.0.1:{mailbox.port}?tls=no"
    assert mail_test(monkeypatch, SMTP_URL=url, **OURS).exit_code == 0
    [message] = mailbox.messages()
    assert message["To"] == "ann@partner.example"
    mailbox.answer = lambda envelope: "554 no\nmore"
    refused = mail_test(monkeypatch)
    assert (refused.exit_code, "554 no" in refused.output) == (1, True)
    nobody = mail_test(monkeypatch, SMTP_URL="smtp://127.0.0.1:1?tls=no")
    assert (nobody.exit_code, "can't be used" in nobody.output) == (1, True)
    with odd_server(lambda connection: read_all(connection) and None) as port:
        uncertain = mail_test(monkeypatch, SMTP_URL=f"smtp://127.0.0.1:{port}?tls=no")
    assert (uncertain.exit_code, "may have arrived" in uncertain.output) == (1, True)
    assert "No mail" not in uncertain.output
