"""nginx, Caddy and systemd accept the files of docs/deploy, and these name what there is."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask

from app.settings import Settings
from tests.serving import OWN, ROOT

FILES = sorted((ROOT / "docs/deploy").iterdir())
UNITS = [file for file in FILES if file.suffix in (".service", ".socket", ".timer")]
SERVICE = (ROOT / "docs/deploy/partner-reports.service").read_text()
HOME = "/opt/partner-reports/"
CADDY = (2, 8)  # the first version that shows a client that a download has broken off


def test_environment_holds_settings() -> None:
    names = re.findall(r"^([A-Z_]+)=", (ROOT / "docs/deploy/environment").read_text(), re.MULTILINE)
    assert {"DATABASE_URL", "SECRET_KEY", "PROXIES"} <= set(names)
    assert set(names) <= {field.name.upper() for field in fields(Settings)}


def test_commands_exist(app: Flask) -> None:
    text = "\n".join(file.read_text() for file in FILES)
    commands = set(re.findall(r"\.venv/bin/flask ([a-z]+)", text))
    assert "backup" in commands
    assert commands <= set(app.cli.commands)


def test_units_run_what_an_installation_has() -> None:
    for unit in UNITS:
        for path in re.findall(rf"{HOME}([^\s\"']+)", unit.read_text()):
            assert path.startswith(".venv/bin/") or (ROOT / path).exists()


def test_reload_checks_that_the_code_can_start(sqlite_file: str) -> None:
    """systemd runs the commands in order and stops when one fails."""
    check, signal = re.findall(r"^ExecReload=(.+)$", SERVICE, re.MULTILINE)
    assert signal == "/bin/kill -HUP $MAINPID"
    command = shlex.split(check.replace(f"{HOME}.venv/bin", str(Path(sys.executable).parent)))
    settings = {**OWN, "DATABASE_URL": sqlite_file}
    assert _run(*command, **settings) == ""
    message = _run(*command, fails=True, **settings | {"CURRENCY": "x"})
    assert message == "Partner Reports can't start: CURRENCY: “x” is not an ISO 4217 code such as USD\n"


def test_nginx_reads_the_longest_address() -> None:
    proxy = (ROOT / "docs/deploy/nginx.conf").read_text()
    assert int(re.findall(r"large_client_header_buffers \d+ (\d+)k;", proxy)[0]) * 1024 >= 2 * 8190


def test_backup_unit_makes_one_and_removes_old_ones(sqlite_file: str, tmp_path: Path) -> None:
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
        _run(*shlex.split(command), **OWN, DATABASE_URL=sqlite_file)
    made, *beside = sorted(file.name for file in backups.iterdir())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}\.db", made)
    assert beside == [f"{made}.users"]


@pytest.mark.skipif(not shutil.which("nginx") or not shutil.which("openssl"), reason="nginx and openssl aren't here")
def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    _run(*shlex.split("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout"), key, "-out", certificate)
    site = (ROOT / "docs/deploy/nginx.conf").read_text().replace("/etc/ssl/partner-reports", str(tmp_path))
    (tmp_path / "site.conf").write_text(re.sub(r"listen (\[::\]:)?(80|443)\b", r"listen \g<1>18\2", site))
    whole = (
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; include {tmp_path}/site.conf; }}"
    )
    (tmp_path / "nginx.conf").write_text(whole)
    assert "test is successful" in _run("nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")


@pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy isn't here")
def test_caddy_accepts_its_file_unless_too_old(tmp_path: Path) -> None:
    file = tmp_path / "Caddyfile"
    file.write_text((ROOT / "docs/deploy/Caddyfile").read_text().replace("/var/log/caddy", str(tmp_path)))
    version = re.findall(r"\d+", _run("caddy", "version"))
    recent = (int(version[0]), int(version[1])) >= CADDY
    said = _run("caddy", "validate", "--config", file, "--adapter", "caddyfile", fails=not recent, HOME=str(tmp_path))
    assert ("Valid configuration" if recent else "request_buffers") in said


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd isn't here")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        here = unit.read_text().replace(f"{HOME}.venv/bin", str(Path(sys.executable).parent)).replace(HOME, f"{ROOT}/")
        (tmp_path / unit.name).write_text(here)
    assert _run("systemd-analyze", "verify", *(tmp_path / unit.name for unit in UNITS)) == ""
    for unit in UNITS:
        if unit.suffix == ".service":
            _run("systemd-analyze", "security", "--offline=true", "--threshold=20", tmp_path / unit.name)


def _run(*command: str | Path, fails: bool = False, **environment: str) -> str:
    """Run a command and return its output and errors."""
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert bool(ran.returncode) is fails, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr
