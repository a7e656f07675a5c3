"""How the production server runs; `gunicorn wsgi:app` finds this file by itself."""

import os
import sys
from ipaddress import ip_address
from typing import Any

host = os.environ.get("HOST") or "127.0.0.1"
port = os.environ.get("PORT") or "8000"

bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
wsgi_app = "wsgi:app"
worker_class = "gthread"
workers = 2
threads = 8
timeout = 60
limit_request_line = 8190  # the most that gunicorn allows: the address of a report holds its whole state
control_socket_disable = True  # its path is the user's, so that two installations would fight over it
loglevel = "warning"


def on_starting(server: Any) -> None:
    """Refuse every way of being reached from elsewhere: nobody has to sign in yet."""
    for address in server.cfg.address:
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            sys.exit(f"Partner Reports can't start: HOST {address[0]} is not this machine alone; use 127.0.0.1 or ::1")


def when_ready(server: Any) -> None:
    print("Partner Reports is at", *server.LISTENERS, flush=True)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
