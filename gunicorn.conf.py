"""How the production server runs; `gunicorn wsgi:app` finds this file by itself."""

import ctypes
import logging
import os
import sys
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import models
from app.settings import BadSetting, Settings

host = os.environ.get("HOST") or "127.0.0.1"
port = os.environ.get("PORT") or "8000"

bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
wsgi_app = "wsgi:app"
worker_class = "app.serving.worker.PatientWorker"
workers = 2
threads = 8
worker_connections = 900  # of the 1,024 files that systems let a process open, databases and exports need some
timeout = 60
limit_request_line = 8190  # the most that gunicorn allows: the address of a report holds its whole state
control_socket_disable = True  # its path is the user's, so that two installations would fight over it
loglevel = "warning"
_M_ARENA_MAX = -8  # in malloc.h

STALLED = 30
"""Seconds in which a client must take the 64 kB that it is sent at a time."""
forwarder_headers = ""  # what proxies say is believed by the application, and only when PROXIES says so
secure_scheme_headers: dict[str, str] = {}


def on_starting(_: Any) -> None:
    """Say at once what would keep every page from working."""
    _share_arenas()
    try:
        models.open_database(Settings.read(os.environ).database_url)
        models.check()
    except (BadSetting, models.BadAddress, models.Unfit) as wrong:
        sys.exit(f"Partner Reports can't start: {wrong}")
    except models.TROUBLE as error:
        sys.exit(f"Partner Reports can't start: {models.told(error)}")
    finally:
        models.close()


def _share_arenas() -> None:
    """Let glibc have two heaps for all threads: of one for each, as it wants, little is given back."""
    with suppress(AttributeError, OSError):  # where the C library is another
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def post_worker_init(_: Any) -> None:
    """Write the audit trail's lines of JSON beside what else the server says, on standard error."""
    trail = logging.getLogger("audit")
    trail.setLevel(logging.INFO)
    trail.addHandler(logging.StreamHandler())


def pre_request(_: Any, request: Any) -> None:
    """Give up on a client that takes or sends nothing for so long: its thread is wanted by others."""
    request.unreader.sock.settimeout(STALLED)


def when_ready(server: Any) -> None:
    print("Partner Reports is at", *server.LISTENERS, flush=True)
    if any(isinstance(address, tuple) and not _is_loopback(address[0]) for address in server.cfg.address):
        print("Other machines can reach it. Let a proxy in front of it speak HTTPS, and set PROXIES=1.", flush=True)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
