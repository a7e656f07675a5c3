"""The phone of a user: an authenticator app, and a clock that only tests move."""

import pytest
from flask import Flask

from app.auth import second_factor
from app.auth.second_factor import find_second_factor
from app.web.services import services
from models import User
from tests.support import BY

SEED = "0123456789abcdef" * 2


class Clock:
    """The server's time in seconds, as far as it is about codes."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(second_factor, "time", stopped)
    return stopped


def code(app: Flask, user: User, clock: Clock, seconds: int = 0) -> str:
    """Return what the user's app shows, `seconds` from now."""
    factor = find_second_factor(user.id)
    seed = str(factor.seed) if factor else SEED
    shown: str = services(app).second_factors.authenticator(user.id, user.email, seed).at(int(clock.now) + seconds)
    return shown


def next_code(app: Flask, user: User, clock: Clock) -> str:
    """Wait for a code that wasn't shown before."""
    clock.now += 60
    return code(app, user, clock)


def set_up(app: Flask, user: User, clock: Clock) -> list[str]:
    """Give a user a second factor, and return its recovery codes."""
    factors = services(app).second_factors
    codes: list[str] = factors.set_up(BY, user, SEED, code(app, user, clock), "")
    return codes
