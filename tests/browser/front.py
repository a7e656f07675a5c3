"""What stands between a browser and the server, and can fail as networks and proxies do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

_PIECE = 65536


class Front:
    """Passes requests on to the server at `to`, or to none when that is "", and gives back `most` bytes of each answer.

    With `most` below 0 that is all of it.
    """

    def __init__(self, to: str) -> None:
        self.to, self.most = to, -1
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
        """One request and its answer; the connection ends with it, so that the next one finds what is there then."""
        with client, suppress(OSError):
            request = _head(client)
            if not self.to:
                return
            with socket.create_connection(_place(self.to)) as server:
                server.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
                Thread(target=_pass, args=(client, server), daemon=True).start()
                _pass(server, client, self.most)
                client.shutdown(socket.SHUT_RDWR)  # closing alone waits for the thread that reads


@contextmanager
def fronted(to: str) -> Iterator[Front]:
    front = Front(to)
    yield front
    front.close()


def _head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (piece := client.recv(_PIECE)):
        head += piece
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(kept)


def _pass(source: socket.socket, to: socket.socket, most: int = -1) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            to.sendall(piece if most < 0 else piece[:most])
            if 0 <= most <= len(piece):
                return
            most -= len(piece) if most >= 0 else 0


def _place(address: str) -> Any:
    host, _, port = address.removeprefix("http://").partition(":")
    return host, int(port)
