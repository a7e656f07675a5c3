"""What docs/deploy.md and its files say is so, and nginx, Caddy and systemd take the files."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.serving import OWN, ROOT

DOCUMENT = (ROOT / "docs/deploy.md").read_text()
FILES = sorted((ROOT / "docs/deploy").iterdir())
UNITS = [file for file in FILES if file.suffix in (".service", ".socket", ".timer")]
README = (ROOT / "README.md").read_text()
HOME = "/opt/partner-reports/"
CADDY = (2, 8)
"""The first version that shows a client that a download has broken off."""


def test_every_file_is_told_in_the_document_and_every_link_leads_somewhere() -> None:
    linked = set(re.findall(r"\]\(([A-Za-z/.-]+?)(?:#[a-z-]+)?\)", DOCUMENT))
    assert {f"deploy/{file.name}" for file in FILES} <= linked
    assert [link for link in linked if not (ROOT / "docs" / link).exists()] == []


def test_every_setting_that_is_given_is_one() -> None:
    given = re.findall(r"^([A-Z_]+)=", (ROOT / "docs/deploy/environment").read_text(), re.MULTILINE)
    assert {"DATABASE_URL", "SECRET_KEY", "PROXIES"} <= set(given)
    assert [name for name in given if not _is_setting(name)] == []


def test_every_setting_that_is_named_is_one() -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+|HOST|PORT|PROXIES)\b", DOCUMENT))
    assert named
    assert [name for name in named if not _is_setting(name)] == []


def test_every_command_is_one(app: Flask) -> None:
    commands = re.findall(r"(?:flask|partner-reports) ((?:user )?[a-z]+)(?= |`|$)", _text(), re.MULTILINE)
    assert {"migrate", "user add", "import"} <= set(commands)
    for command in commands:
        group, _, inner = command.partition(" ")
        assert group in app.cli.commands
        assert not inner or inner in app.cli.commands[group].commands  # type: ignore[attr-defined]


def test_every_unit_runs_what_an_installation_has() -> None:
    for unit in UNITS:
        for path in re.findall(rf"{HOME}([^\s\"']+)", unit.read_text()):
            assert path in (".venv/bin/gunicorn", ".venv/bin/flask") or (ROOT / path).exists()


def test_a_reload_is_the_signal_that_the_server_hears() -> None:
    unit = (ROOT / "docs/deploy/partner-reports.service").read_text()
    assert "ExecStart=/opt/partner-reports/.venv/bin/gunicorn wsgi:app" in unit
    assert "ExecReload=/bin/kill -USR2 $MAINPID" in unit
    assert "Type=notify" in unit
    assert "NotifyAccess=all" in unit


def test_the_longest_address_passes_nginx() -> None:
    proxy = (ROOT / "docs/deploy/nginx.conf").read_text()
    assert int(re.findall(r"large_client_header_buffers \d+ (\d+)k;", proxy)[0]) * 1024 >= 2 * 8190


def test_a_backup_is_made_and_old_ones_go_with_what_is_beside_them(in_file: str, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    for name in ("old.db", "old.db.users", "old.db.json"):
        (backups / name).touch()
        os.utime(backups / name, (0, 0))
    unit = (ROOT / "docs/deploy/partner-reports-backup.service").read_text()
    for said, here in (("/var/backups/partner-reports", backups), ("%%", "%"), ("$$", "$")):
        unit = unit.replace(said, str(here))
    unit = unit.replace(".venv/bin", str(Path(sys.executable).parent))
    for command in re.findall("^ExecStart(?:Post)?=(.+)", unit, re.MULTILINE):
        _run(*shlex.split(command), **OWN, DATABASE_URL=in_file)
    made, *beside = sorted(file.name for file in backups.iterdir())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}\.db", made)
    assert beside == [f"{made}.json", f"{made}.users"]


@pytest.mark.skipif(not shutil.which("nginx") or not shutil.which("openssl"), reason="nginx and openssl aren't here")
def test_nginx_takes_its_file(tmp_path: Path) -> None:
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    _run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=x",
        "-keyout",
        key,
        "-out",
        certificate,
    )
    site = (ROOT / "docs/deploy/nginx.conf").read_text().replace("/etc/ssl/partner-reports", str(tmp_path))
    (tmp_path / "site.conf").write_text(re.sub(r"listen (\[::\]:)?(80|443)\b", r"listen \g<1>18\2", site))
    whole = (
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; include {tmp_path}/site.conf; }}"
    )
    (tmp_path / "nginx.conf").write_text(whole)
    assert "test is successful" in _run("nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")


@pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy isn't here")
def test_caddy_takes_its_file_unless_it_would_hide_a_broken_download(tmp_path: Path) -> None:
    file = tmp_path / "Caddyfile"
    file.write_text((ROOT / "docs/deploy/Caddyfile").read_text().replace("/var/log/caddy", str(tmp_path)))
    version = re.findall(r"\d+", _run("caddy", "version"))
    recent = (int(version[0]), int(version[1])) >= CADDY
    said = _run("caddy", "validate", "--config", file, "--adapter", "caddyfile", fails=not recent, HOME=str(tmp_path))
    assert ("Valid configuration" if recent else "request_buffers") in said


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd isn't here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        here = unit.read_text().replace(f"{HOME}.venv/bin", str(Path(sys.executable).parent)).replace(HOME, f"{ROOT}/")
        (tmp_path / unit.name).write_text(here)
    assert _run("systemd-analyze", "verify", *(tmp_path / unit.name for unit in UNITS)) == ""
    for unit in UNITS:
        if unit.suffix == ".service":
            _run("systemd-analyze", "security", "--offline=true", "--threshold=20", tmp_path / unit.name)


def _is_setting(name: str) -> bool:
    return f"`{name}`" in README or name in ("TMPDIR",)


def _text() -> str:
    return "\n".join([DOCUMENT, *(file.read_text() for file in FILES)])


def _run(*command: str | Path, fails: bool = False, **environment: str) -> str:
    """What a command says on both ways."""
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert bool(ran.returncode) is fails, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr
