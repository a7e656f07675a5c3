"""What a request is told that can't be one."""

from contextlib import suppress
from socket import socket

from app.web.headers import FIXED

_HEADERS = FIXED | {
    "Cache-Control": "no-store",
    "Connection": "close",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Content-Type": "text/plain; charset=utf-8",
}


def refuse(sock: socket, status: str) -> None:
    """Answer with a status alone, to whoever still takes it."""
    text = f"{status}\n"
    headers = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())
    with suppress(OSError):
        sock.setblocking(False)
        sock.sendall(f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(text)}\r\n\r\n{text}".encode("ascii"))


class Answered:
    """Stands for a client's socket where gunicorn would repeat to it what can't be, and passes on the status alone."""

    def __init__(self, sock: socket) -> None:
        self._sock = sock

    def gettimeout(self) -> float:
        return 0

    def sendall(self, answer: bytes) -> None:
        refuse(self._sock, answer.partition(b"\r\n")[0].decode("ascii").partition(" ")[2])
