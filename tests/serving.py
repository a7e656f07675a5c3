"""The production server in a process of its own, for tests that need a real one."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from signal import SIGINT
from threading import Thread
from typing import IO
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
TODAY = "2026-11-22"

Serve = Callable[..., AbstractContextManager[str]]
"""Starts a server with settings, given as keywords; gives its address."""

_UNSET = ("CURRENCY", "PARTNER_NAME", "TRUSTED_HOSTS", "PROXIES", "SESSION_IDLE_HOURS", "SESSION_HOURS")
OWN = {"HOST": "127.0.0.1", "PORT": "0", "SECRET_KEY": "not a secret at all " * 2, **dict.fromkeys(_UNSET, "")}
"""Settings of every server here, whatever the shell that runs the tests has set. Port 0 is one that is free."""


@contextmanager
def server(log: IO[bytes] | None = None, /, **settings: str) -> Iterator[str]:
    """Start gunicorn as `make run` does, and give its address once it answers there. What it logs goes into `log`."""
    command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
    environment = os.environ | OWN | settings
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().removeprefix("Partner Reports is at ").strip()
            _await_health(address)
            yield address
        finally:
            process.send_signal(SIGINT)  # at once: SIGTERM would wait for what is under way


@contextmanager
def htmx_server(content: bytes) -> Iterator[str]:
    """Serve one script on an origin of its own and share it with others, as the CDN does; give its address."""

    class Script(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Script) as httpd:
        Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}/htmx.min.js"
        httpd.shutdown()


def flask(*arguments: str, says: str = "", **settings: str) -> None:
    """Run one of the app's commands, with what it reads from standard input."""
    with command(*arguments, **settings) as process:
        said, wrong = process.communicate(says)
    assert process.returncode == 0, f"{said}{wrong}"


def command(*arguments: str, **settings: str) -> subprocess.Popen[str]:
    """Start one of the app's commands."""
    environment, pipe = os.environ | OWN | settings, subprocess.PIPE
    whole = [sys.executable, "-m", "flask", *arguments]
    return subprocess.Popen(whole, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def token(address: str, email: str, password: str) -> str:
    """Sign in at the server, and return what its cookie holds."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
    form = urlencode({"email": email, "password": password})
    headers = {"Origin": address, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/login", form, headers)
    cookie = SimpleCookie(connection.getresponse().headers["Set-Cookie"])
    connection.close()
    return cookie["session"].value


def _await_health(address: str) -> None:
    """The server listens before its workers are up; the first answer waits for them."""
    assert address, "the server didn't start; what it said is on standard error"
    connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
