"""Signed-in viewers who want the server for themselves, beside people who read pages."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import quantiles
from threading import Event
from time import monotonic

import pytest

from app.auth.sessions import Sessions
from bench.databases import CACHE
from models import User, close_connections, open_database, timestamp
from tests.serving import OWN, ROOT, flask, server
from tests.trials.conftest import Trial
from tests.trials.hostile import hostile_viewers
from tests.trials.proxy import proxied
from tests.trials.test_load import PAGES
from tests.trials.visitor import Visitor

pytestmark = pytest.mark.slow_trial

TRANSACTIONS = 100_000
IDLE, LOADED = 20, 60  # seconds
BOUND = 300  # milliseconds of the p95 beside them


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The benchmark's database of 100,000 transactions, made if it is missing, with users of its own."""
    kept = CACHE / f"{TRANSACTIONS}.db"
    if not kept.exists():
        making = f"from bench.databases import make_database; make_database({TRANSACTIONS})"
        subprocess.run([sys.executable, "-c", making], cwd=ROOT, check=True)
    (tmp_path / "reports.db").symlink_to(kept)
    url = f"sqlite:///{tmp_path}/reports.db"
    flask("migrate", DATABASE_URL=url)
    return url


def sessions(url: str, number: int) -> list[str]:
    """Tokens of so many viewers of the whole partner, who have no passwords."""
    open_database(url)
    store = Sessions(OWN["SECRET_KEY"], 8, 12)
    emails = [f"viewer{each}@partner.example" for each in range(number)]
    fields = {"password_hash": "", "role": "viewer", "created_at": timestamp()}
    tokens = [store.create(User.create(email=email, email_key=email, **fields)) for email in emails]
    close_connections()
    return [token for token in tokens if token]


def test_hostile_viewers(trial: Trial, url: str, tmp_path: Path) -> None:
    """Twenty hostile viewers make pages of others slower, but nobody else is refused or waits for seconds."""
    honest, *hostile = sessions(url, 21)
    with (
        server(DATABASE_URL=url, PROXIES="1") as backend,
        proxied(backend, tmp_path / "nginx", limits=True) as address,
        ProcessPoolExecutor(1, get_context("spawn")) as others,
    ):
        visitor = Visitor(address, honest)
        read(visitor, trial.dice, monotonic() + 3)  # fills caches
        idle = read(visitor, trial.dice, monotonic() + IDLE)
        attack = others.submit(hostile_viewers, address, hostile, 1, LOADED, trial.seed)
        beside = read(visitor, trial.dice, monotonic() + LOADED)
        statuses = attack.result()
    ratio = p95(beside) / p95(idle)
    trial.tell(
        f"20 viewers who send {statuses.total():,} expensive requests in {LOADED} s through nginx, somebody who reads "
        f"{len(beside)} pages beside them",
        f"p95 {p95(beside):.0f} ms, {ratio:.1f} × that without them; {statuses[429]:,} requests of theirs were "
        "refused, and none of others",
    )
    assert statuses[429]
    assert not {status for status in statuses if status >= 500 and status != 503}
    assert p95(beside) <= BOUND


def read(visitor: Visitor, dice: Random, until: float) -> list[float]:
    """Read pages like a person who clicks twice a second, and return the milliseconds of each."""
    times, never = [], Event()
    while monotonic() < until:
        start = monotonic()
        answer = visitor.get(dice.choice(PAGES[:10]))
        times.append((monotonic() - start) * 1000)
        assert answer.status == 200
        never.wait(dice.uniform(0.2, 0.8))
    return times


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]
