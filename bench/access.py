"""What signing in and scope add to a page: `python -m bench.access DATABASE`."""

import sys
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, g

from app.access.visitor import Visitor
from app.reports import REPORTS
from app.table.scope import Scope
from bench.clock import Call, least, request, show
from bench.databases import opened, signed_in
from models import NONE, Reseller

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
    app = opened(path)
    reseller = Reseller.select().where(Reseller.id != NONE).order_by(Reseller.name_key).get()
    rows = []
    for name, scope in ((None, Scope(None)), (reseller.name, Scope(reseller.id))):
        cookie = signed_in(app, name)
        for slug in REPORTS:
            gated = request(app, f"/reports/{slug}", cookie)
            open_ = _opened(app, request(app, f"/reports/{slug}"), Known(0, "", "admin", name, False, "", scope))
            with_gate, without = least(gated, open_)
            added = with_gate - without
            who = "one reseller" if name else "whole partner"
            row = (
                f"{slug}, {who}",
                f"{with_gate:.2f}",
                f"{without:.2f}",
                f"{added:.2f}{'' if added <= BOUND else ' !'}",
            )
            rows.append(row)
    show(("page of 50, CPU in the process", "ms", "without sign-in ms", f"added ms (≤ {BOUND})"), rows)


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
