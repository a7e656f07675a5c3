"""Settings of gunicorn; `gunicorn wsgi:app` reads this file by itself.

The main process imports nothing of the application, so that SIGHUP starts workers with the code that is there then.
"""

import os
import subprocess
import sys
from ipaddress import ip_address
from typing import Any

host = os.environ.get("HOST") or "127.0.0.1"
port = os.environ.get("PORT") or "8000"

bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
wsgi_app = "wsgi:app"
worker_class = "gthread"
workers = min(max(2, os.cpu_count() or 1), 4)  # one per core: with more, pages find their process's caches cold
threads = 10  # two exports run and two wait, which keep a thread each; the others are for pages
timeout = 60
graceful_timeout = 120  # seconds for exports under way when a worker is replaced; behind nginx the longest takes 20
keepalive = 5
limit_request_line = 8190  # gunicorn's maximum: the address of a report holds its whole state
limit_request_field_size = 2 * limit_request_line  # htmx repeats the address, with the host, in a header
forwarder_headers = ""  # the application itself trusts X-Forwarded-*, and only when PROXIES says so
secure_scheme_headers: dict[str, str] = {}
control_socket_disable = True  # its path belongs to the user: two installations would share it
loglevel = "warning"
json_format: dict[str, Any] = {
    "fmt": ["levelname", "name", "message"],
    "timestamp": "at",
    "rename_fields": {"levelname": "level", "name": "log", "exc_info": "trace"},
}
is_terminal = sys.stderr is not None and sys.stderr.isatty()
logconfig_dict: dict[str, Any] = {}
if not is_terminal:  # the main process logs JSON lines as its workers do
    logconfig_dict = {
        "loggers": {"gunicorn.error": {"level": "WARNING", "handlers": ["error_console"], "propagate": False}},
        "formatters": {"generic": {"()": "pythonjsonlogger.json.JsonFormatter", **json_format}},
    }


def on_starting(_: Any) -> None:
    """Stop with one line that says why when the settings or the databases don't fit."""
    if subprocess.run([sys.executable, "-m", "flask", "check"], check=False).returncode:
        sys.exit(1)


def post_worker_init(_: Any) -> None:
    from app.web.request_log import configure_logging  # noqa: PLC0415 - see above

    configure_logging(None if is_terminal else json_format)


def when_ready(server: Any) -> None:
    print("Partner Reports is at", *server.LISTENERS, flush=True)
    if any(isinstance(address, tuple) and not _is_loopback(address[0]) for address in server.cfg.address):
        print("Other machines can reach it. Let a proxy in front of it speak HTTPS, and set PROXIES=1.", flush=True)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
