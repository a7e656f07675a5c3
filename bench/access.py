"""What signing in and scope add to a page: `python -m bench.access DATABASE`."""

import sys
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, g

from app.auth.permissions import Visitor
from app.reports import REPORTS
from app.table.scope import Scope
from bench.bare import bare, floor
from bench.clock import Call, least, request
from bench.databases import opened, signed_in
from bench.paper import held, say, show
from models import NONE_ID, Reseller

_ABOUT = """First pages in the process alone, with the gate and with the gate open. Without gunicorn on either side
the bare route is so little that no bound is set to the ratio; it shows where our own time goes."""

BOUND = 1
"""Milliseconds of CPU."""


@dataclass(frozen=True)
class Known(Visitor):
    """A visitor whom nothing has to be asked."""

    known: Scope

    @property
    def scope(self) -> Scope:
        return self.known


def main(path: Path) -> None:
    app, floors = opened(path), bare(str(path))
    reseller = Reseller.select().where(Reseller.id != NONE_ID).order_by(Reseller.name_key).get()
    rows = []
    for name, scope in ((None, Scope(None)), (reseller.name, Scope(reseller.id))):
        cookie = signed_in(app, name)
        for report in REPORTS.values():
            address = f"/reports/{report.slug}"
            open_ = _opened(app, request(app, address), Known(0, "", "admin", name, False, "", scope))
            with_gate, without, least_page = least(request(app, address, cookie), open_, request(floors, floor(report)))
            numbers = (with_gate, without, least_page, with_gate / least_page)
            who = "one reseller" if name else "whole partner"
            rows.append((f"{report.slug}, {who}", *(f"{n:.2f}" for n in numbers), held(with_gate - without, BOUND, 2)))
    say("Sign-in and scope", _ABOUT)
    show(("page of 50", "ms", "without sign-in ms", "bare ms", "× bare", f"sign-in adds ms (≤ {BOUND})"), rows)


def _opened(app: Flask, call: Call, visitor: Visitor) -> Call:
    """The same call with the gate open, and `visitor` standing in it."""
    steps = app.before_request_funcs[None]
    gate = list(steps)

    def know() -> None:
        g.request_id, g.visitor = "", visitor

    def called() -> None:
        steps[:] = [know]
        try:
            call()
        finally:
            steps[:] = gate

    return called


if __name__ == "__main__":
    main(Path(sys.argv[1]))
