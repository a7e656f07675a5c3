"""How the production server runs; `gunicorn wsgi:app` finds this file by itself."""

import ctypes
import gc
import os
import signal
import sys
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from gunicorn.systemd import sd_notify

import models
from app.serving.turns import in_turn
from app.settings import BadSetting, Settings
from app.web.request_log import configure_logging

host = os.environ.get("HOST") or "127.0.0.1"
port = os.environ.get("PORT") or "8000"

bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
wsgi_app = "wsgi:app"
worker_class = "app.serving.worker.PatientWorker"
workers = 2
threads = 8
worker_connections = 900  # of the 1,024 files that systems let a process open, databases and exports need some
timeout = 60
graceful_timeout = 600
"""Seconds in which processes that are replaced, or stopped, end what they have begun; then exports break off."""
limit_request_line = 8190  # the most that gunicorn allows: the address of a report holds its whole state
limit_request_field_size = 2 * limit_request_line  # htmx says in a header on which page it is: host and address
control_socket_disable = True  # its path is the user's, so that two installations would fight over it
loglevel = "warning"
_M_ARENA_MAX = -8  # in malloc.h

STALLED = 30
"""Seconds in which a client must take the 64 kB that it is sent at a time."""
_TURN = 0.0005
"""Seconds after which a file that is exported lets a page go on; Python's own are ten times as many."""
forwarder_headers = ""  # what proxies say is believed by the application, and only when PROXIES says so
secure_scheme_headers: dict[str, str] = {}
_replaced = 0  # the process that SIGUSR2 was sent to and that started this one


def on_starting(_: Any) -> None:
    """Say at once what would keep every page from working."""
    _share_arenas()
    configure_logging()
    try:
        models.open_database(Settings.read(os.environ).database_url)
        models.check()
    except (BadSetting, models.BadDatabaseURL, models.SchemaMismatch) as wrong:
        sys.exit(f"Partner Reports can't start: {wrong}")
    except models.DATABASE_ERRORS as error:
        sys.exit(f"Partner Reports can't start: {models.describe_error(error)}")
    finally:
        models.close_connections()


def _share_arenas() -> None:
    """Let glibc have two heaps for all threads: of one for each, as it wants, little is given back."""
    with suppress(AttributeError, OSError):  # where the C library is another
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def pre_exec(server: Any) -> None:
    """A socket of systemd has another number since gunicorn took it; by its own way it tells its successor which."""
    server.systemd = False


def pre_fork(_: Any, worker: Any) -> None:
    """Tell a new process whom it replaces, as long as that is there: its number may be another's later. What there is
    by now it shares with this one, if nobody looks whether that is garbage."""
    gc.freeze()
    worker.replaces = _replaced if os.getppid() == _replaced else None


def post_worker_init(worker: Any) -> None:
    _keep_templates(worker.wsgi.jinja_env)
    _collect_seldom()
    sys.setswitchinterval(_TURN)
    worker.wsgi = in_turn(worker.wsgi)
    if worker.replaces:
        _take_over(worker)


def _keep_templates(environment: Any) -> None:
    """Read them all: code that runs on while an update lies beside it goes with no other templates than its own."""
    for name in environment.list_templates():
        environment.get_template(name)


def _collect_seldom() -> None:
    """What is there by now stays, and a page makes thousands of objects that go by themselves: to look for those that
    don't after every 700, as Python would, is a twentieth of a page's time."""
    gc.freeze()
    gc.set_threshold(20_000)


def _take_over(worker: Any) -> None:
    """The first process that can answer sends home those that SIGUSR2 replaces: they end what they have begun."""
    sd_notify(f"MAINPID={worker.ppid}", worker.log)
    with suppress(ProcessLookupError):
        os.kill(worker.replaces, signal.SIGTERM)


def pre_request(_: Any, request: Any) -> None:
    """Give up on a client that takes or sends nothing for so long: its thread is wanted by others."""
    request.unreader.sock.settimeout(STALLED)


def when_ready(server: Any) -> None:
    _stand_alone(server)
    print("Partner Reports is at", *server.LISTENERS, flush=True)
    if any(isinstance(address, tuple) and not _is_loopback(address[0]) for address in server.cfg.address):
        print("Other machines can reach it. Let a proxy in front of it speak HTTPS, and set PROXIES=1.", flush=True)


def _stand_alone(server: Any) -> None:
    """A server that replaces another can be replaced at once, too: gunicorn would wait until the other has ended."""
    global _replaced
    _replaced, server.master_pid = server.master_pid, 0
    os.environ.pop("GUNICORN_PID", None)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
