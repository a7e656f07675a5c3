"""A proxy between browser and server that fails as networks and proxies do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

_CHUNK = 65536


class FaultyProxy:
    """Forwards requests to `target`, or drops them if that is "", and returns `limit` bytes of each response.

    A `limit` below 0 returns all of it.
    """

    def __init__(self, target: str) -> None:
        self.target, self.limit = target, -1
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Forward one request and its response, and close: the next request finds what `target` is by then."""
        with client, suppress(OSError):
            request = _head(client)
            if not self.target:
                return
            with socket.create_connection(_host_and_port(self.target)) as server:
                server.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
                Thread(target=_copy, args=(client, server), daemon=True).start()
                _copy(server, client, self.limit)
                client.shutdown(socket.SHUT_RDWR)  # closing alone waits for the thread that reads


@contextmanager
def proxy_to(target: str) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(target)
    yield proxy
    proxy.close()


def _head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (chunk := client.recv(_CHUNK)):
        head += chunk
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(lines)


def _copy(source: socket.socket, to: socket.socket, limit: int = -1) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK):
            to.sendall(chunk if limit < 0 else chunk[:limit])
            if 0 <= limit <= len(chunk):
                return
            limit -= len(chunk) if limit >= 0 else 0


def _host_and_port(address: str) -> Any:
    host, _, port = address.removeprefix("http://").partition(":")
    return host, int(port)
