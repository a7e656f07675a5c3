"""Hand a mail over to a server, and tell whether it has taken it."""

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from smtplib import SMTP, SMTP_SSL, SMTPException

from app.settings import MailServer

TIMEOUT = 30  # seconds that the server may take for each answer
_MAX_ANSWER = 300  # characters of an answer that a message repeats
_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)
_OK, _WILL_FORWARD, _START_MAIL = 250, 251, 354


class NotTaken(Exception):
    """The server has not taken the mail, for sure.

    `is_permanent` says that it never will, `affects_all_mails` that it takes no other one now either.
    """

    def __init__(self, why: str, is_permanent: bool = False, affects_all_mails: bool = False) -> None:
        super().__init__(why)
        self.is_permanent, self.affects_all_mails = is_permanent, affects_all_mails


class Uncertain(Exception):
    """The server got the whole mail and then said nothing."""


@dataclass(frozen=True)
class Mailer:
    """Sends mails through a server. `hostname` is the name by which it greets; `timeout` is in seconds."""

    server: MailServer = field(repr=False)
    hostname: str
    timeout: float = TIMEOUT

    def send(self, sender: str, recipient: str, message: bytes, begin: Callable[[], bool]) -> bool:
        """Send a message, whose lines end with CRLF, to one recipient.

        `begin` is called when only the text is left to be sent; when it returns False, the mail is not sent, and this
        returns False too. Raises NotTaken and Uncertain.
        """
        try:
            smtp = self._connect()
        except (OSError, SMTPException) as error:
            raise NotTaken(f"The mail server can't be used: {_describe(error)}", affects_all_mails=True) from error
        try:
            self._send_envelope(smtp, sender, recipient)
            if not begin():
                return False
            _send_text(smtp, message)
            return True
        finally:
            smtp.close()

    def _connect(self) -> SMTP:
        """Connect, encrypt and sign in."""
        server = self.server
        context = ssl.create_default_context() if server.tls else None
        make = partial(SMTP_SSL, context=context) if server.tls == "tls" else SMTP
        smtp = make(server.host, server.port, local_hostname=self.hostname, timeout=self.timeout)
        try:
            if server.tls == "starttls":
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _send_envelope(self, smtp: SMTP, sender: str, recipient: str) -> None:
        """Name sender and recipient, and ask to send the text. Raises NotTaken."""
        is_ascii = f"{sender}{recipient}".isascii()
        if not is_ascii and not smtp.has_extn("smtputf8"):
            raise NotTaken(f"The mail server takes no address such as “{recipient}”", is_permanent=True)
        options = [] if is_ascii else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            if not is_ascii:
                smtp.command_encoding = "utf-8"
            code, answer = smtp.mail(sender, options)
            if code != _OK:
                raise NotTaken(f"The mail server refuses the sender: {_answer(code, answer)}", affects_all_mails=True)
            code, answer = smtp.rcpt(recipient)
            if code not in (_OK, _WILL_FORWARD):
                raise NotTaken(f"The mail server refuses “{recipient}”: {_answer(code, answer)}", _is_permanent(code))
            code, answer = smtp.docmd("DATA")
        except (OSError, SMTPException) as error:
            raise NotTaken(f"The mail server broke off: {_describe(error)}", affects_all_mails=True) from error
        if code != _START_MAIL:
            raise NotTaken(f"The mail server refuses the mail: {_answer(code, answer)}", _is_permanent(code))


def _send_text(smtp: SMTP, message: bytes) -> None:
    """Send the text of a mail. Its end is the last that is sent: without it no server takes the mail (RFC 5321)."""
    try:
        smtp.send(_LINE_START_DOT.sub(b"..", message) + b".\r\n")
    except (OSError, SMTPException) as error:
        raise NotTaken(f"The mail server broke off: {_describe(error)}", affects_all_mails=True) from error
    try:
        code, answer = smtp.getreply()
    except (OSError, SMTPException) as error:
        why = f"The mail server got the mail and didn't answer ({_describe(error)}): it may have arrived or not"
        raise Uncertain(why) from error
    if code != _OK:
        raise NotTaken(f"The mail server refuses the mail: {_answer(code, answer)}", _is_permanent(code))


def _is_permanent(code: int) -> bool:
    """Whether a reply code is a permanent failure: RFC 5321, section 4.2.1."""
    return code >= 500  # noqa: PLR2004


def _answer(code: int, text: bytes) -> str:
    return f"{code} {text.decode('utf-8', 'replace')[:_MAX_ANSWER]}"


def _describe(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it doesn't answer"
    code, text = getattr(error, "smtp_code", None), getattr(error, "smtp_error", b"")
    if isinstance(code, int):
        return _answer(code, text) if isinstance(text, bytes) else f"{code} {text}"
    return str(error) or type(error).__name__
