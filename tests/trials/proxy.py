"""Debian's nginx with docs/deploy/nginx.conf in front of a server."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.provision import Missing, nginx
from tests.serving import ROOT, free_port, wait_until_healthy

_MAIN = """
daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections {connections}; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {site}
}}
"""


@contextmanager
def proxied(address: str, folder: Path, connections: int = 4096, limits: bool = False) -> Iterator[str]:
    """Run nginx in front of `address` and yield its own address. Skips the test where nginx can't be had.

    With `limits` it limits requests, but still not connections: here all clients have the same address.
    """
    try:
        command = nginx()
    except Missing as missing:
        pytest.skip(str(missing))
    folder.mkdir()
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(_MAIN.format(folder=folder, connections=connections, site=_site(port, address, folder, limits)))
    with subprocess.Popen([command, "-p", folder, "-c", file, "-e", folder / "error.log"]) as process:
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _site(port: int, address: str, folder: Path, limits: bool) -> str:
    """The documented file without TLS and without limits, but for those of requests where they are wanted."""
    text = (ROOT / "docs/deploy/nginx.conf").read_text()
    text = re.sub(r"server \{\s+listen 80;.*?\n\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\n    (ssl_\w+|limit_conn) [^;]*;", "", text)
    if not limits:
        text = re.sub(r"limit_req [^;]*;", "", text)
    text = text.replace("listen [::]:443 ssl http2;", "").replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    text = text.replace("/var/log/nginx", str(folder)).replace("http://127.0.0.1:8000", address)
    return text.replace("server_name reports.partner.example;", "server_name _;")
