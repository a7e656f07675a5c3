"""Settings are checked before anything starts."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app
from app.settings import BadSetting, MailServer, Settings
from tests.support import signed_in

KEY = {"SECRET_KEY": "k" * 32}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"), ("SECRET_KEY", ""), ("CURRENCY", "usd"), ("CURRENCY", "Euro"),
        ("TRUSTED_HOSTS", "reports.example:8000"), ("TRUSTED_HOSTS", "http://reports.example"),
        ("TRUSTED_HOSTS", "a, *"),
        ("PROXIES", "-1"), ("PROXIES", "yes"), ("PROXIES", "10"), ("PROXIES", "１"),
        ("SESSION_IDLE_HOURS", "0"), ("TOKEN_RATE", "0"), ("SESSION_IDLE_HOURS", "1.5"), ("SESSION_HOURS", "169"),
        ("SECOND_FACTOR", "yes"), ("SECOND_FACTOR", "All"),
        ("HISTORY_DAYS", "0"), ("IMPORT_LIMIT", "0"), ("IMPORT_LIMIT", "1 GB"),
        ("AUDIT_DAYS", "0"), ("AUDIT_DAYS", "3654"), ("AUDIT_DAYS", "a year"),
        ("HTMX_URL", "htmx.js"), ("HTMX_URL", "https://cdn.example/a.js; script-src *"), ("HTMX_URL", "javascript:x"),
    ],
)  # fmt: skip
def test_invalid_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Settings.read({**KEY, name: value})


def test_defaults_trust_no_host_list_and_no_proxy() -> None:
    plain = Settings.read(KEY)
    assert (plain.audit_days, plain.history_days) == (400, 90)
    assert (plain.trusted_hosts, plain.proxies, plain.session_idle_hours, plain.session_hours) == ((), 0, 8, 12)
    own = Settings.read({**KEY, "TRUSTED_HOSTS": "A.example, .b.example", "PROXIES": "2", "SESSION_HOURS": "24"})
    assert (own.trusted_hosts, own.proxies, own.session_hours) == (("a.example", ".b.example"), 2, 24)


MAIL = {
    "SMTP_URL": "smtps://ann:se%20cret@mail.partner.example",
    "MAIL_FROM": "reports@partner.example",
    "BASE_URL": "https://reports.partner.example",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", ""), ("MAIL_FROM", ""), ("BASE_URL", ""),
        ("SMTP_URL", "mail.partner.example"), ("SMTP_URL", "http://mail.partner.example"),
        ("SMTP_URL", "smtp://mail.partner.example?tls=no"), ("SMTP_URL", "smtps://mail.partner.example?tls=no"),
        ("SMTP_URL", "smtp://mail.partner.example:port"), ("SMTP_URL", "smtp://ann:hidden@:587"),
        ("MAIL_FROM", "Reports <reports@partner.example>"), ("MAIL_FROM", "a@b\r\nBcc: c@d"),
        ("BASE_URL", "http://reports.partner.example"), ("BASE_URL", "https://reports.partner.example/?a"),
    ],
)  # fmt: skip
def test_settings_of_mails_are_all_right_or_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name) as refused:
        Settings.read({**KEY, **MAIL, name: value})
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (MAIL["SMTP_URL"], MailServer("mail.partner.example", 465, "ann", "se cret", "tls")),
        ("smtp://mail.partner.example", MailServer("mail.partner.example", 587, "", "", "starttls")),
        ("smtp://127.0.0.1:1025?tls=no", MailServer("127.0.0.1", 1025, "", "", "")),
    ],
)
def test_mail_server_of_its_address(url: str, server: MailServer) -> None:
    settings = Settings.read({**KEY, **MAIL, "SMTP_URL": url})
    assert settings.mail
    assert settings.mail.server == server
    assert "se cret" not in repr(settings)
    assert Settings.read(KEY).mail is None


OIDC = {
    "OIDC_ISSUER": "https://id.partner.example/tenant",
    "OIDC_CLIENT_ID": "reports",
    "OIDC_CLIENT_SECRET": "hidden",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", ""), ("OIDC_CLIENT_ID", ""), ("OIDC_CLIENT_SECRET", ""),
        ("OIDC_ISSUER", "http://id.partner.example"), ("OIDC_ISSUER", "id.partner.example"),
        ("OIDC_ISSUER", "https://id.partner.example/?tenant=1"), ("OIDC_ISSUER", "https://ann@id.partner.example"),
        ("OIDC_CLIENT_ID", "two words"), ("OIDC_CLIENT_SECRET", "hidden words"),
        ("LOCAL_SIGN_IN", "never"),
    ],
)  # fmt: skip
def test_provider_is_set_wholly_and_rightly(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name) as refused:
        Settings.read({**KEY, **OIDC, name: value})
    assert "hidden" not in str(refused.value), "a secret isn't repeated"


def test_provider_settings() -> None:
    plain, own = Settings.read(KEY), Settings.read({**KEY, **OIDC, "LOCAL_SIGN_IN": "admins", "OIDC_ACR": "a  b"})
    assert (plain.oidc_issuer, plain.oidc_acr, plain.local_sign_in) == ("", (), "yes")
    assert (own.oidc_issuer, own.oidc_client_id) == ("https://id.partner.example/tenant", "reports")
    assert (own.oidc_acr, own.local_sign_in) == (("a", "b"), "admins")
    assert "hidden" not in repr(own)
    for local in ("admins", "no"):
        with pytest.raises(BadSetting, match=f"LOCAL_SIGN_IN: “{local}” needs a provider"):
            Settings.read({**KEY, "LOCAL_SIGN_IN": local})
    for issuer in ("http://localhost:8080/realms/a", "http://127.0.0.1:9"):
        assert Settings.read({**KEY, **OIDC, "OIDC_ISSUER": issuer}).oidc_issuer == issuer


@pytest.mark.parametrize(
    "url",
    ["mysql://x/y", "sqlite://", "sqlite:///", "reports.db", "postgresql://u:p%ss@h/n", "sqlite:///instance/access.db"],
)
def test_invalid_database_url_is_named(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("SECRET_KEY", "k" * 32)
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(BadSetting, match="DATABASE_URL") as refused:
        create_app()
    assert "p%ss" not in str(refused.value), "a password isn't repeated"


def test_postgresql_needs_a_secret_key() -> None:
    with pytest.raises(BadSetting, match="SECRET_KEY: none is set; with PostgreSQL it must be"):
        Settings.read({"DATABASE_URL": "postgresql://ann:secret@server/reports"})


def test_postgresql_needs_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "models.postgres", None)
    monkeypatch.setenv("SECRET_KEY", "k" * 32)
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:secret@server/reports")
    with pytest.raises(BadSetting, match=r"PostgreSQL needs psycopg, which requirements-postgres\.txt brings"):
        create_app()


def test_secret_key_is_created_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = Settings.read({}).secret_key
    assert len(first) >= 32
    assert Settings.read({}).secret_key == first
    file = tmp_path / "instance/secret_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret_key"]


def test_folder_that_cannot_be_created_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "instance").write_text("in the way")
    with pytest.raises(BadSetting, match="secret_key can't be kept"):
        Settings.read({})
    monkeypatch.setenv("SECRET_KEY", "k" * 32)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/instance/reports.db")
    with pytest.raises(BadSetting, match=r"reports\.db, with access\.db beside it, can't be made"):
        create_app()


def test_start_with_a_bad_setting_prints_one_line() -> None:
    environment = {**os.environ, **KEY, "CURRENCY": "€"}
    result = subprocess.run(
        [sys.executable, "-c", "import wsgi"], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr == "Partner Reports can't start: CURRENCY: “€” is not an ISO 4217 code such as USD\n"


def test_own_htmx_url_keeps_the_hash_and_changes_the_policy(monkeypatch: pytest.MonkeyPatch, app: object) -> None:
    monkeypatch.setenv("HTMX_URL", "https://files.example/htmx.js")
    monkeypatch.setenv("PARTNER_NAME", "Ann & Sons")
    monkeypatch.setenv("CURRENCY", "EUR")
    client = signed_in(create_app())
    answer = client.get("/reports/customer-transactions")
    assert "script-src 'self' https://files.example/htmx.js;" in answer.headers["Content-Security-Policy"]
    assert 'src="https://files.example/htmx.js" integrity="sha384-' in answer.text
    assert "Ann &amp; Sons" in answer.text
    assert answer.text.count("EUR") == 1
