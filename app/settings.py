"""Settings from environment variables, checked before anything starts."""

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import unquote, urlsplit

from models import POSTGRES

_KEY_FILE = Path("instance/secret_key")
_KEY_LENGTH = 32  # characters, at least
_WEEK = 7 * 24  # hours
_DECADE = 3653  # days
# Tokens travel to an issuer: over HTTPS, unless it is on the same machine.
_ISSUER = r"(https://[A-Za-z0-9.-]+(:\d+)?|http://(localhost|127\.0\.0\.1)(:\d+)?)(/[A-Za-z0-9._~%/-]*)?"
_BASE = r"(https://[A-Za-z0-9.-]+(:\d+)?|http://(localhost|127\.0\.0\.1)(:\d+)?)"
_PRINTABLE = r"[!-~]{1,500}"
_URL = r"(https?://|/)[A-Za-z0-9._~:/@%+\-\[\]]+"  # part of the Content-Security-Policy: no space , or ;
_HTMX = "https://cdn.jsdelivr.net/npm/htmx.org@4.0.1/dist/htmx.min.js"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class BadSetting(ValueError):
    """A setting has a value that can't be used; the message names both and says what would be right."""


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over. `tls` is "tls" from the first byte, "starttls", or "" on the same machine."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str


@dataclass(frozen=True)
class MailSettings:
    """What sending mails takes: a server, the address of the sender, and that of this installation in links."""

    server: MailServer
    sender: str
    base_url: str


@dataclass(frozen=True)
class Settings:
    """The settings of one installation. Each field has an environment variable of the same name, in capitals."""

    database_url: str  # sqlite:///PATH or postgresql://…; default sqlite:///instance/reports.db
    secret_key: str  # keys the stored hashes of session tokens; with SQLite made at the first start
    htmx_url: str  # where browsers load htmx from; default jsDelivr
    currency: str  # ISO 4217 code in the headings of amounts; default USD
    partner_name: str  # in titles and headings; default Partner Reports
    trusted_hosts: tuple[str, ...]  # host names that requests may be for, ".x" with subdomains; default: any
    proxies: int  # how many reverse proxies set X-Forwarded-For, -Proto and -Host; default 0, which ignores these
    session_idle_hours: int  # hours from the last request to the end of a session; default 8
    session_hours: int  # hours from the sign-in to the end of a session; default 12
    second_factor: str  # who must have one: optional (nobody), admins or all; default optional
    oidc_issuer: str  # the OpenID Connect provider through which people may sign in; default "", none
    oidc_client_id: str  # this installation's name at the provider
    oidc_client_secret: str = field(repr=False)
    oidc_acr: tuple[str, ...]  # classes of authentication there that mean a second factor; default none
    local_sign_in: str  # who may sign in with a password: yes (all), admins (of the whole partner) or no; default yes
    token_rate: int  # requests that each token may make in a minute; default 600
    audit_days: int  # days after which events of the audit trail can be archived; default 400
    import_limit: int  # megabytes that the files of one upload may have together; default 500
    history_days: int  # days for which rows are kept as they were, so that an import can be undone; default 90
    mail: MailSettings | None  # SMTP_URL, MAIL_FROM and BASE_URL, for deliveries; default none

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the checked settings; an empty variable counts as unset. Raises BadSetting."""
        url = environment.get("DATABASE_URL") or "sqlite:///instance/reports.db"
        return cls(
            database_url=url,
            secret_key=_secret_key(environment.get("SECRET_KEY"), required=url.startswith(POSTGRES)),
            htmx_url=_text(environment, "HTMX_URL", _HTMX, _URL, f"the address of a script such as {_HTMX}"),
            currency=_text(environment, "CURRENCY", "USD", "[A-Z]{3}", "an ISO 4217 code such as USD"),
            partner_name=environment.get("PARTNER_NAME") or "Partner Reports",
            trusted_hosts=_hosts(environment.get("TRUSTED_HOSTS") or ""),
            proxies=_integer(environment, "PROXIES", "0", range(10)),
            session_idle_hours=_integer(environment, "SESSION_IDLE_HOURS", "8", range(1, _WEEK + 1)),
            session_hours=_integer(environment, "SESSION_HOURS", "12", range(1, _WEEK + 1)),
            second_factor=_text(
                environment, "SECOND_FACTOR", "optional", "optional|admins|all", "optional, admins or all"
            ),
            **_provider(environment),
            token_rate=_integer(environment, "TOKEN_RATE", "600", range(1, 10_000)),
            audit_days=_integer(environment, "AUDIT_DAYS", "400", range(1, _DECADE + 1)),
            import_limit=_integer(environment, "IMPORT_LIMIT", "500", range(1, 10_000)),
            history_days=_integer(environment, "HISTORY_DAYS", "90", range(1, _DECADE + 1)),
            mail=_mail(environment),
        )


def _text(environment: Mapping[str, str], name: str, default: str, pattern: str, description: str) -> str:
    text = environment.get(name) or default
    if not re.fullmatch(pattern, text):
        raise BadSetting(f"{name}: “{text}” is not {description}")
    return text


def _all_or_none(environment: Mapping[str, str], *names: str) -> bool:
    """Return whether three variables are set. Raises BadSetting where some are, and others aren't."""
    missing = [name for name in names if not environment.get(name)]
    if missing and len(missing) < len(names):
        given = [name for name in names if name not in missing]
        raise BadSetting(f"{missing[0]}: it is missing, though {' and '.join(given)} is set; set all three or none")
    return not missing


def _provider(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of an OpenID Connect provider, which are all set or none."""
    patterns = {
        "OIDC_ISSUER": (_ISSUER, "the address of a provider such as https://id.partner.example"),
        "OIDC_CLIENT_ID": (_PRINTABLE, "the name that the provider has given to this client"),
        "OIDC_CLIENT_SECRET": (_PRINTABLE, ""),
    }
    is_set = _all_or_none(environment, *patterns)
    if not re.fullmatch(_PRINTABLE, environment.get("OIDC_CLIENT_SECRET") or "x"):  # which no message repeats
        raise BadSetting("OIDC_CLIENT_SECRET: it has spaces or other characters than a secret has")
    local = _text(environment, "LOCAL_SIGN_IN", "yes", "yes|admins|no", "yes, admins or no")
    if not is_set and local != "yes":
        raise BadSetting(
            f"LOCAL_SIGN_IN: “{local}” needs a provider, through which people can sign in; set OIDC_ISSUER"
        )
    fields = {name.lower(): _text(environment, name, "", *patterns[name]) if is_set else "" for name in patterns}
    return {**fields, "oidc_acr": tuple((environment.get("OIDC_ACR") or "").split()), "local_sign_in": local}


def _mail(environment: Mapping[str, str]) -> MailSettings | None:
    """Return the settings of mails, which are all set or none."""
    if not _all_or_none(environment, "SMTP_URL", "MAIL_FROM", "BASE_URL"):
        return None
    sender = _text(environment, "MAIL_FROM", "", r"[!-?A-~]+@[A-Za-z0-9.-]+", "an address such as r@partner.example")
    description = "the address of this installation such as https://reports.partner.example"
    base_url = _text(environment, "BASE_URL", "", rf"{_BASE}/?", description)
    return MailSettings(_mail_server(environment["SMTP_URL"]), sender, base_url.rstrip("/"))


def _mail_server(url: str) -> MailServer:
    """Parse SMTP_URL, which no message repeats: it may have a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    is_plain = parts.scheme == "smtp" and parts.query == "tls=no"
    if parts.scheme not in ("smtp", "smtps") or not host or parts.path.strip("/") or (parts.query and not is_plain):
        raise BadSetting(
            "SMTP_URL: it is not the address of a mail server such as smtps://user:password@mail.partner.example:465 "
            "or smtp://mail.partner.example:587"
        )
    if is_plain and host not in _LOOPBACK:
        raise BadSetting("SMTP_URL: tls=no is for a server on this machine only, localhost or 127.0.0.1")
    tls = "tls" if parts.scheme == "smtps" else "starttls"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(host, port or (465 if tls == "tls" else 587), user, password, "" if is_plain else tls)


def _hosts(names: str) -> tuple[str, ...]:
    hosts = tuple(name.lower() for name in re.split(r"[,\s]+", names) if name)
    for host in hosts:
        if not re.fullmatch(r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\]", host):
            raise BadSetting(
                f"TRUSTED_HOSTS: “{host}” is not a host name such as reports.partner.example, without port"
            )
    return hosts


def _integer(environment: Mapping[str, str], name: str, default: str, allowed: range) -> int:
    text = environment.get(name) or default
    if not re.fullmatch("[0-9]{1,4}", text) or int(text) not in allowed:
        raise BadSetting(f"{name}: “{text}” is not a whole number from {allowed[0]} to {allowed[-1]}")
    return int(text)


def _secret_key(key: str | None, required: bool) -> str:
    if key is None and required:
        raise BadSetting(
            "SECRET_KEY: none is set; with PostgreSQL it must be, so that all machines have the same. "
            "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
    if key is None:
        key = _key_from_file()
    if len(key) < _KEY_LENGTH:
        raise BadSetting(f"SECRET_KEY: it has {len(key)} characters; it must have at least {_KEY_LENGTH}")
    return key


def _key_from_file() -> str:
    """Return the key in _KEY_FILE, which the first start creates.

    A hard link fails if the file exists, so that processes that start together get the same key.
    """
    try:
        if not _KEY_FILE.exists():
            _KEY_FILE.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile("w", dir=_KEY_FILE.parent) as draft, suppress(FileExistsError):  # its mode is 0600
                draft.write(secrets.token_hex(_KEY_LENGTH))
                draft.flush()
                os.link(draft.name, _KEY_FILE)
        return _KEY_FILE.read_text("ascii").strip()
    except OSError as error:
        raise BadSetting(f"SECRET_KEY: none is set, and {_KEY_FILE} can't be kept: {error.strerror}") from error
