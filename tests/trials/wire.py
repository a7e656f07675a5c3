"""A server seen from below: connections that carry any bytes."""

import re
import socket
from email import message_from_bytes
from email.message import Message
from typing import NamedTuple

SECONDS = 30  # in which anything is answered or given up here

_BEGINNING = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n(.*?)\r\n\r\n", re.DOTALL)


class Answer(NamedTuple):
    status: int
    headers: Message


def connect(address: str) -> socket.socket:
    host, _, port = address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), SECONDS)


def send_bytes(address: str, data: bytes, half_close: bool = True) -> bytes:
    """Everything that is answered to some bytes. nginx doesn't answer a client that has closed its half."""
    with connect(address) as connection:
        came = b""
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                came += piece
        except ConnectionError:  # what is left unread may be answered by a reset
            pass
    return came


def answers(came: bytes) -> list[Answer]:
    """The final answers in what came."""
    found = [Answer(int(status), message_from_bytes(head)) for status, head in _BEGINNING.findall(came)]
    return [answer for answer in found if answer.status != 100]
