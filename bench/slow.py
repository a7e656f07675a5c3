"""How long pages take while exports run whose clients are slow, against none: `python -m bench.slow DATABASE`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET, socket
from statistics import median, quantiles
from threading import Event, Thread
from time import perf_counter

from bench.crowd import REPORT, asked
from bench.databases import opened, signed_in
from bench.exports import ADDRESS
from bench.paper import held, say, show
from bench.server import OURS, Server, serving

_ABOUT = """The first page of transactions for 8 clients that pause for 0.1 s, while 10 others export all transactions
and take 10 kB a second. Wall time, of two processes with our own settings. Exports are written ahead of their clients,
and then only read."""

BOUND = 2
EXPORTS = 10
_SECONDS = 10.0
_PAUSE = 0.1
_SIP, _SIPS = 1000, 10
"""Bytes that a slow client takes at a time, and how often a second."""

_BUSY = 0.5
"""CPU seconds in a second above which exports are still being written."""


def main(path: Path) -> None:
    cookie = signed_in(opened(path))
    with serving(OURS, path, cookie) as server:
        asked(server, f"/reports/{REPORT.slug}", 1, _PAUSE)
        none = asked(server, f"/reports/{REPORT.slug}", _SECONDS, _PAUSE)
        with _sipping(server) as begun:
            writing = _while_busy(server, lambda: asked(server, f"/reports/{REPORT.slug}", 0.5, _PAUSE))
            reading = asked(server, f"/reports/{REPORT.slug}", _SECONDS, _PAUSE)
    say("Slow exports", _ABOUT, f"{begun} of {EXPORTS} exports were let in; the others were told to come back.")
    floor = _p95(none)
    phases = {"no exports": none, "exports are written": writing, "exports are read": reading}
    rows = [(name, f"{len(t):,}", f"{median(t):.1f}", f"{_p95(t):.1f}", held(_p95(t) / floor, BOUND, 2))
            for name, t in phases.items()]  # fmt: skip
    show(("page while", "asked", "median ms", "p95 ms", f"p95 × (≤ {BOUND})"), rows)


def _while_busy(server: Server, ask: Callable[[], list[float]]) -> list[float]:
    """What is asked as long as the server has much else to do; at least once."""
    times: list[float] = []
    while True:
        cpu, start = server.cpu(), perf_counter()
        times += ask()
        if (server.cpu() - cpu) / (perf_counter() - start) < _BUSY:
            return times


@contextmanager
def _sipping(server: Server) -> Iterator[int]:
    """Slow clients, for as long as it is open; gives how many of them are let in."""
    gone = Event()
    with ExitStack() as stack:
        clients = [stack.enter_context(_exporting(server)) for _ in range(EXPORTS)]
        begun = sum(b" 200 " in client.recv(_SIP) for client in clients)
        reader = Thread(target=_sip, args=(clients, gone))
        reader.start()
        try:
            yield begun
        finally:
            gone.set()
            reader.join()


def _exporting(server: Server) -> socket:
    """A client with a small buffer, which can't take what it doesn't read."""
    client = socket()
    client.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {ADDRESS} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {server.cookie}\r\n\r\n".encode())
    return client


def _sip(clients: list[socket], gone: Event) -> None:
    while not gone.wait(1 / _SIPS):
        for client in clients:
            client.recv(_SIP)


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
