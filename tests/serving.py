"""The production server in a process of its own, for tests that need a real one."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import randrange
from signal import SIGINT
from socket import create_server
from threading import Thread
from time import monotonic, sleep
from typing import IO
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
TODAY = "2026-11-22"

# Starts a server with settings, given as keywords; yields its address.
Serve = Callable[..., AbstractContextManager[str]]

# Settings of every server here, whatever the shell that runs the tests has set. Port 0 is one that is free.
_UNSET = (
    "CURRENCY",
    "PARTNER_NAME",
    "TRUSTED_HOSTS",
    "PROXIES",
    "TOKEN_RATE",
    "SESSION_IDLE_HOURS",
    "SESSION_HOURS",
    "SECOND_FACTOR",
    "AUDIT_DAYS",
    "IMPORT_LIMIT",
    "HISTORY_DAYS",
    "OIDC_ISSUER",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "OIDC_ACR",
    "LOCAL_SIGN_IN",
    "SMTP_URL",
    "MAIL_FROM",
    "BASE_URL",
)
OWN = {
    **dict.fromkeys(_UNSET, ""),
    "HOST": "127.0.0.1",
    "PORT": "0",
    "SECRET_KEY": "not a secret at all " * 2,
    "GUNICORN_CMD_ARGS": "--workers 2",  # on any machine
}

_PATIENCE = 30  # seconds


@contextmanager
def server(log: IO[bytes] | None = None, application: str = "wsgi:app", /, **settings: str) -> Iterator[str]:
    """Start gunicorn as `make run` does and yield its address once it answers. `log` gets what it logs."""
    command = [sys.executable, "-m", "gunicorn", application]
    environment = os.environ | OWN | settings
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().removeprefix("Partner Reports is at ").strip()
            assert address, "the server didn't start; standard error says why"
            wait_until_healthy(address)
            yield address
        finally:
            process.send_signal(SIGINT)  # at once: SIGTERM would wait for requests under way


def free_port() -> int:
    """Return a port that nobody listens to. No server with port 0 gets it, in no process."""
    while True:
        port = randrange(20_000, 30_000)
        with suppress(OSError), create_server(("127.0.0.1", port)):
            return port


@contextmanager
def htmx_server(content: bytes) -> Iterator[str]:
    """Serve one script on an origin of its own with CORS, as the CDN does; yield its address."""

    class Script(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Script) as httpd:
        Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/htmx.min.js"
        httpd.shutdown()


def flask(*arguments: str, says: str = "", **settings: str) -> None:
    """Run a flask command with `says` as its standard input; it must succeed."""
    with command(*arguments, **settings) as process:
        output, errors = process.communicate(says)
    assert process.returncode == 0, f"{output}{errors}"


def command(*arguments: str, **settings: str) -> subprocess.Popen[str]:
    """Start a flask command."""
    environment, pipe = os.environ | OWN | settings, subprocess.PIPE
    whole = [sys.executable, "-m", "flask", *arguments]
    return subprocess.Popen(whole, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def token(address: str, email: str, password: str) -> str:
    """Sign in, and return the token in the session cookie."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=_PATIENCE)
    form = urlencode({"email": email, "password": password})
    headers = {"Origin": address, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/login", form, headers)
    cookie = SimpleCookie(connection.getresponse().headers["Set-Cookie"])
    connection.close()
    return cookie["session"].value


def wait_until_healthy(address: str) -> None:
    """Wait for a 200 from /healthz. A server listens before its workers are up, nginx perhaps not yet."""
    deadline = monotonic() + _PATIENCE
    while True:
        connection = HTTPConnection(address.removeprefix("http://"), timeout=_PATIENCE)
        try:
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
        except ConnectionRefusedError:
            assert monotonic() < deadline
            sleep(0.05)
        else:
            return
        finally:
            connection.close()
