"""How gunicorn waits for clients: none of them has a thread while a request is on its way, or while they hang up.

Its own threads wait for each client by itself, so that sixteen slow ones would keep all others from every page. Here
the process waits for all of them together, and a request is read by a thread when it is there whole.
"""

from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from selectors import EVENT_READ
from socket import SHUT_WR, socket
from time import monotonic
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from app.serving.refusal import Answered, refuse
from app.serving.request import LONGEST_HEAD, judged
from app.serving.threads import Threads
from app.web.security import MAX_FORM_BYTES

PATIENCE = 10
"""Seconds in which a request must come whole, and in which a client that was answered must hang up."""


class PatientWorker(ThreadWorker):
    def get_thread_pool(self) -> Threads:
        return Threads(self.cfg.threads)

    def accept(self, listener: socket) -> None:
        """Take one client more. Where that is one too many, who has been waited for the longest gives way."""
        super().accept(listener)
        if self.nr_conns >= self.worker_connections and self.pending_conns:
            self._hang_up(self._wait_no_more(self.pending_conns[0]))

    def enqueue_req(self, conn: TConn) -> None:
        """Wait for the next request of a connection, of which a part may have been read with the last one."""
        conn.come = bytearray(conn.parser.unreader.take_buffered() if conn.parser else b"")
        self._wait(conn, self._listen)
        self._listen(conn)

    def finish_request(self, conn: TConn, done: Future[bool]) -> None:
        if done.cancelled() or done.exception() or done.result():
            super().finish_request(conn, done)
        else:
            self._part(conn)

    def handle_error(self, req: Any, client: socket, addr: Any, exc: BaseException) -> None:
        """Answer a request that can't be with gunicorn's status, in our words and with our headers."""
        super().handle_error(req, Answered(client), addr, exc)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Stop between two events: the signal may come while a lock is held that stopping takes, too."""
        self.method_queue.defer(super().handle_quit, sig, frame)

    def _cap_keepalive(self, deadline: float) -> None:
        """Of a process that stops, clients that it waits for have no more time than those that may ask again."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _wait(self, conn: TConn, heard: Callable[[TConn], None]) -> None:
        conn.timeout = monotonic() + PATIENCE
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, lambda _: heard(conn) if conn.sock.fileno() >= 0 else None)

    def _wait_no_more(self, conn: TConn) -> TConn:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        return conn

    def _listen(self, conn: TConn) -> None:
        """Take what has come. A whole request gets a thread; what can't become one is refused."""
        piece = _received(conn.sock)
        conn.come += piece or b""
        verdict = judged(conn.come)
        if verdict is HTTPStatus.CONTINUE and piece != b"":
            return
        self._wait_no_more(conn)
        if verdict is HTTPStatus.OK:
            conn.init()
            conn.parser.unreader.unread(bytes(conn.come))
            conn.come.clear()
            super().enqueue_req(conn)
        else:
            if verdict is not HTTPStatus.CONTINUE:
                refuse(conn.sock, f"{verdict} {verdict.phrase}")
            self._part(conn)

    def _part(self, conn: TConn) -> None:
        """Wait for the client to hang up: who does so first may take away the answer that is on its way."""
        conn.left = MAX_FORM_BYTES
        try:
            conn.sock.shutdown(SHUT_WR)
            self._wait(conn, self._see_off)
        except OSError:
            self._hang_up(conn)

    def _see_off(self, conn: TConn) -> None:
        piece = _received(conn.sock)
        conn.left -= len(piece or b"")
        if piece == b"" or conn.left < 0:
            self._hang_up(self._wait_no_more(conn))

    def _hang_up(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


def _received(sock: socket) -> bytes | None:
    """What has come, b"" when nothing more will, None when nothing has just now."""
    try:
        return sock.recv(LONGEST_HEAD)
    except BlockingIOError:
        return None
    except OSError:
        return b""
