"""People who use much are refused while others are at work, and nobody else is."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth.fair_use import BUSY, MAX_OTHERS, MAX_SECONDS, WINDOW, FairUse
from tests.support import OURS, add_token, program, replace_services, signed_in

REPORT = "/reports/customer-usage"
PERSON = 1000


class Clock:
    """A clock that stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fair_use(clock: Clock) -> FairUse:
    return FairUse(clock)


def use(fair_use: FairUse, person: int, seconds: float) -> None:
    assert fair_use.begin(person)
    fair_use.end(person, seconds)


def keep_busy(fair_use: FairUse, clock: Clock, others: int) -> None:
    """Let as many other people be at work, for a while already."""
    for other in range(others):
        assert fair_use.begin(-1 - other)
    clock.now += 10 * WINDOW


def test_who_is_alone_is_never_refused(fair_use: FairUse, clock: Clock) -> None:
    for _ in range(50):
        use(fair_use, PERSON, MAX_SECONDS)
        assert fair_use.begin(PERSON)
        clock.now += 0.1


def test_own_requests_at_work_are_not_those_of_others(fair_use: FairUse, clock: Clock) -> None:
    assert all(fair_use.begin(PERSON) for _ in range(50))
    clock.now += 10 * WINDOW
    assert fair_use.begin(-1)
    assert fair_use.begin(PERSON), "others have only begun"
    clock.now += 10 * WINDOW
    fair_use.end(-1, 0.0)
    assert fair_use.begin(PERSON), "others have ended"


@pytest.mark.parametrize("others", [1, 2, 3, MAX_OTHERS])
def test_more_others_leave_less(fair_use: FairUse, clock: Clock, others: int) -> None:
    keep_busy(fair_use, clock, others)
    use(fair_use, PERSON, 0.9 * MAX_SECONDS / others)
    use(fair_use, PERSON, 0.2 * MAX_SECONDS / others)
    assert not fair_use.begin(PERSON)


def test_who_uses_little_is_not_refused_however_many_are_at_work(fair_use: FairUse, clock: Clock) -> None:
    keep_busy(fair_use, clock, 5 * MAX_OTHERS)
    use(fair_use, PERSON, 0.9 * MAX_SECONDS / MAX_OTHERS)
    assert fair_use.begin(PERSON)


def test_requests_at_work_count(fair_use: FairUse, clock: Clock) -> None:
    keep_busy(fair_use, clock, MAX_OTHERS)
    assert [fair_use.begin(PERSON) for _ in range(20)].count(True) < 10


def test_nobody_is_refused_where_others_have_only_begun(fair_use: FairUse, clock: Clock) -> None:
    use(fair_use, PERSON, 10 * MAX_SECONDS)
    assert fair_use.begin(PERSON + 1)
    clock.now += BUSY / 2 * WINDOW
    assert fair_use.begin(PERSON)
    clock.now += 2 * WINDOW
    assert not fair_use.begin(PERSON)


def test_nobody_is_refused_where_others_have_ended(fair_use: FairUse, clock: Clock) -> None:
    keep_busy(fair_use, clock, 1)
    use(fair_use, PERSON, 2 * MAX_SECONDS)
    assert not fair_use.begin(PERSON)
    fair_use.end(-1, 0.0)
    assert fair_use.begin(PERSON)


def test_use_is_forgotten(fair_use: FairUse, clock: Clock) -> None:
    keep_busy(fair_use, clock, 1)
    use(fair_use, PERSON, 2 * MAX_SECONDS)
    assert not fair_use.begin(PERSON)
    clock.now += WINDOW
    assert fair_use.begin(PERSON)


def test_who_goes_on_asking_is_not_let_in(fair_use: FairUse, clock: Clock) -> None:
    keep_busy(fair_use, clock, MAX_OTHERS)
    use(fair_use, PERSON, MAX_SECONDS)
    use(fair_use, PERSON + 1, MAX_SECONDS)
    for _ in range(20):
        assert not fair_use.begin(PERSON)
        clock.now += 0.4
    assert fair_use.begin(PERSON + 1)


@pytest.fixture
def busy_app(app: Flask, fair_use: FairUse, clock: Clock) -> Flask:
    """An application in whose process as many others are at work as count."""
    replace_services(app, fair_use=fair_use)
    keep_busy(fair_use, clock, MAX_OTHERS)
    return app


def get_until_refused(client: FlaskClient, path: str) -> TestResponse:
    """Ask for a page of some milliseconds again and again while the clock stands still, and return the refusal."""
    for _ in range(300):
        response = client.get(path, headers={"Accept": "text/html"})
        if response.status_code == 429:
            return response
    raise AssertionError("300 requests are not refused")


@pytest.mark.parametrize("path", [REPORT, f"{REPORT}.csv", "/account", "/no/such/page", f"{REPORT}?sort=no"])
def test_refusal_says_when_to_come_again(busy_app: Flask, clock: Clock, path: str) -> None:
    client, other = signed_in(busy_app, "viewer"), signed_in(busy_app, "viewer", "Zebra")
    client.get(path)  # the first request compiles templates, and counts for more than others
    clock.now += 10 * WINDOW
    response = get_until_refused(client, path)
    assert response.headers["Retry-After"] == "5"
    assert "Try again in 5 seconds" in response.text
    assert other.get(REPORT).status_code == 200
    clock.now += 5
    assert client.get(REPORT).status_code == 200


def test_program_is_its_owner(busy_app: Flask) -> None:
    client = program(busy_app, add_token(busy_app))
    get_until_refused(signed_in(busy_app), REPORT)
    response = client.get(REPORT, headers={"Accept": "application/json"})
    assert (response.status_code, response.mimetype) == (429, "application/problem+json")


def test_exports_and_signing_out_have_no_such_limit(busy_app: Flask) -> None:
    client = signed_in(busy_app)
    get_until_refused(client, REPORT)
    assert client.get(f"{REPORT}.csv").status_code == 200
    assert client.post("/logout", headers=OURS).status_code == 303


def test_requests_end_whatever_comes_of_them(app: Flask, fair_use: FairUse, clock: Clock) -> None:
    """Of requests that have ended, none counts as one at work."""
    replace_services(app, fair_use=fair_use)
    client = signed_in(app)
    for path in (REPORT, "/no/such/page", f"{REPORT}?sort=no", f"{REPORT}.csv", "/healthz", "/logout"):
        client.get(path)
    clock.now += 10 * WINDOW
    use(fair_use, PERSON, 10 * MAX_SECONDS)
    assert fair_use.begin(PERSON)
