"""The throttle limits guesses, and nobody can lock somebody else out."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from app.auth import throttle
from app.auth.known_browsers import LIFETIME, KnownBrowsers
from app.auth.passwords import hashing_turn
from app.auth.throttle import TooManyAttempts, clear_attempts, count_attempt
from app.auth.users import authenticate, reset_password
from models import Attempt, access_db, timestamp
from tests.auth.conftest import PASSWORD, Person
from tests.databases import on_both, stored
from tests.databases import sqlite_first as database_url
from tests.support import BY

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("app")

ANN, EVE = "ann@partner.example", "eve@partner.example"
HERE, THERE = "198.51.100.7", "203.0.113.9"


def admitted(tries: int, email: str = ANN, address: str = HERE) -> int:
    """Make `tries` attempts, and count the admitted ones."""
    return sum(map(is_admitted, [email] * tries, [address] * tries))


def is_admitted(email: str, address: str, known_browser: str = "") -> bool:
    try:
        count_attempt(email, address, known_browser)
    except TooManyAttempts:
        return False
    return True


@on_both
def test_11th_attempt_at_an_account_is_refused() -> None:
    assert [is_admitted(ANN, HERE) for _ in range(12)] == [True] * 10 + [False] * 2


def test_50th_attempt_from_an_address_is_refused() -> None:
    emails = (f"{number}@x.example" for number in count())
    assert [is_admitted(next(emails), HERE) for _ in range(51)] == [True] * 49 + [False] * 2


def test_unknown_account_is_throttled_alike(person: Person) -> None:
    person(ANN)
    for email in (ANN, "nobody@x.example"):
        admitted(9, email)
        assert authenticate(email, "wrong", HERE) is None
        with pytest.raises(TooManyAttempts):
            authenticate(email, "wrong", HERE)


def test_right_password_is_throttled_too(person: Person) -> None:
    person(ANN)
    admitted(10)
    with pytest.raises(TooManyAttempts):
        authenticate(ANN, PASSWORD, HERE)
    assert authenticate(ANN, PASSWORD, THERE), "another address is not throttled"


def test_successful_sign_in_clears_attempts(person: Person) -> None:
    person(ANN)
    for _ in range(11):
        assert authenticate(ANN, PASSWORD, HERE)
    admitted(3, EVE)
    authenticate(ANN, "wrong", HERE)
    authenticate(ANN, PASSWORD, HERE)
    assert Attempt.select().count() == 3


def test_throttle_ignores_case_of_email() -> None:
    admitted(7)
    for email in (" ANN@partner.example", "Ann@PARTNER.example ", ANN):
        assert authenticate(email, "wrong", HERE) is None
    with pytest.raises(TooManyAttempts):
        authenticate("aNN@partner.example", "wrong", HERE)


@on_both
def test_attempts_expire_after_15_minutes() -> None:
    admitted(11)
    Attempt.update(at=timestamp(-14 * 60)).execute()
    assert not is_admitted(ANN, HERE)
    Attempt.update(at=timestamp(-15 * 60)).execute()
    assert is_admitted(ANN, HERE)
    assert Attempt.select().count() == 1


def test_refused_attempts_do_not_extend_the_wait() -> None:
    admitted(40)
    assert Attempt.select().count() == 11


def test_first_refusal_is_marked() -> None:
    admitted(10)
    firsts = []
    for _ in range(3):
        with pytest.raises(TooManyAttempts) as refused:
            count_attempt(ANN, HERE)
        firsts.append(refused.value.is_first)
    assert firsts == [True, False, False]


@on_both
def test_parallel_attempts_are_all_counted() -> None:
    def attempt(_: int) -> bool:
        try:
            return is_admitted(ANN, HERE)
        finally:
            access_db.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(40))) == 10


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::7", "2001:db8:1:3::7", False),
        ("::ffff:198.51.100.7", "::ffff:198.51.100.8", False), ("::ffff:198.51.100.7", "198.51.100.7", True),
        ("", "unknown", True), ("unknown", "198.51.100.7", False), ("198.51.100.7:4000", "198.51.100.7:4001", True),
        ("[2001:db8:1:2::7]:4000", "2001:db8:1:2::9", True), ("[2001:db8:1:2::7]", "2001:db8:1:2::9", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
    ],
)  # fmt: skip
def test_addresses_of_one_network_count_together(one: str, other: str, together: bool) -> None:
    admitted(10, address=one)
    assert is_admitted(ANN, other) is not together


def test_48_network_has_its_own_limits() -> None:
    """Twelve /64 of one /48 have 30 attempts at one account together, and 149 at all accounts."""
    networks = [f"2001:db8:1:{number}::7" for number in range(12)]
    assert [is_admitted(ANN, networks[number % 12]) for number in range(20)] == [True] * 20
    set_age(600)
    for number in range(10):
        assert is_admitted(ANN, networks[number])
        set_age(600)
    with pytest.raises(TooManyAttempts) as refused:
        count_attempt(ANN, networks[11])
    assert refused.value.wait == throttle.WINDOW
    assert is_admitted(EVE, networks[11])
    emails = (f"{number}@x.example" for number in count())
    assert [is_admitted(next(emails), networks[number % 12]) for number in range(120)].count(True) == 118
    assert is_admitted(EVE, "2001:db8:2::7")


def set_age(seconds: int) -> None:
    """Make all attempts look so old. For 0 they are from the future: a slow machine doesn't make them older."""
    Attempt.update(at=timestamp(-seconds or 60)).execute()


@on_both
def test_delay_grows_with_attempts_from_many_addresses() -> None:
    addresses = (f"203.0.113.{number}" for number in count())
    assert [is_admitted(ANN, next(addresses)) for _ in range(20)] == [True] * 20
    waits = []
    for _ in range(12):
        set_age(0)
        with pytest.raises(TooManyAttempts) as refused:
            count_attempt(ANN, next(addresses))
        waits.append(refused.value.wait)
        set_age(waits[-1] + 1)
        assert is_admitted(ANN, next(addresses)), "the delay has passed"
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert is_admitted(EVE, next(addresses)), "another account is not delayed"


def test_delay_is_the_same_for_unknown_accounts(person: Person) -> None:
    person(ANN)
    for email in (ANN, "nobody@x.example"):
        for number in range(20):
            is_admitted(email, f"203.0.113.{number}")
        set_age(0)
        with pytest.raises(TooManyAttempts) as refused:
            authenticate(email, PASSWORD, HERE)
        assert (refused.value.is_first, refused.value.wait) == (True, 1)


def test_known_browser_is_not_delayed(person: Person) -> None:
    """Not even when others at the same address have used up its attempts."""
    person(ANN)
    for number in range(20):
        is_admitted(ANN, f"203.0.113.{number}")
    Attempt.update(address=HERE, site=HERE).execute()
    assert not is_admitted(ANN, HERE)
    assert authenticate(ANN, PASSWORD, HERE, "Ann's browser")
    assert [is_admitted(ANN, HERE, "Ann's browser") for _ in range(11)] == [True] * 10 + [False]
    assert is_admitted(ANN, HERE, "Ann's telephone")


def test_new_password_ends_the_delay(person: Person) -> None:
    ann = person(ANN)
    for number in range(21):
        is_admitted(ANN, f"203.0.113.{number}")
    assert authenticate(ANN, reset_password(BY, ann), HERE)


@on_both
def test_oldest_attempts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_ROWS", 30)
    for number in range(40):
        assert is_admitted(f"{number}@x.example", f"203.0.113.{number}")
    assert Attempt.select().count() == 30


def test_refusals_store_one_row() -> None:
    for number in range(60):
        is_admitted(ANN, f"203.0.113.{number}")
    assert Attempt.select().where(Attempt.refused).count() <= 3
    assert Attempt.select().count() < 30


def test_refused_attempts_take_no_turn_to_hash(person: Person) -> None:
    """Whoever is refused anyway can't keep others from signing in."""
    person(ANN)
    admitted(11)
    with hashing_turn(), pytest.raises(TooManyAttempts):
        authenticate(ANN, PASSWORD, HERE)


def test_known_browser_cookie(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, eve, browsers = person(ANN), person(EVE), KnownBrowsers("a key")
    cookie = browsers.create(ann)
    assert browsers.find(cookie, ann)
    assert browsers.find(cookie, ann) != browsers.find(browsers.create(ann), ann)
    for forged in ("", "x", cookie[:-1], "é", "." * 5000, KnownBrowsers("another key").create(ann)):
        assert not browsers.find(forged, ann)
    assert not browsers.find(cookie, eve)
    assert not browsers.find(cookie, None)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + LIFETIME + 2)
    assert not browsers.find(cookie, ann)


def test_typed_email_is_not_stored() -> None:
    authenticate("hunter2 hunter2", "wrong", HERE)
    assert b"hunter2" not in stored(access_db)


@on_both
def test_clear_attempts_of_one_account_and_address() -> None:
    for email, address in ((ANN, HERE), (ANN, THERE), (EVE, HERE)):
        admitted(10, email, address)
    clear_attempts(ANN, HERE)
    assert [is_admitted(*pair) for pair in ((ANN, HERE), (ANN, THERE), (EVE, HERE))] == [True, False, False]
