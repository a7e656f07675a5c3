"""Codes of an authenticator app and recovery codes: what is accepted, once, and by whom it can be removed."""

from dataclasses import replace

import pytest
from flask import Flask
from pyotp import TOTP

from app.auth import users
from app.auth.second_factor import (
    SecondFactors,
    count_recovery_codes,
    find_second_factor,
    renew_recovery_codes,
    reset_second_factor,
    valid_seed,
)
from app.auth.throttle import TooManyAttempts
from app.validation import ValidationError
from app.web.services import services
from models import AuditEvent, RecoveryCode, SecondFactor, User, access_db
from tests.auth.conftest import Person
from tests.authenticator import SEED, Clock, clock
from tests.databases import on_both, stored
from tests.databases import sqlite_first as database_url
from tests.support import BY

__all__ = ["clock", "database_url"]

HERE, THERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def factors(app: Flask) -> SecondFactors:
    found: SecondFactors = services(app).second_factors
    return found


def code_of(factors: SecondFactors, user: User, seconds: float) -> str:
    return factors.authenticator(user.id, user.email, SEED).at(int(seconds))


def set_up(factors: SecondFactors, user: User, clock: Clock) -> list[str]:
    """Give a user a second factor, and let a minute pass."""
    codes = factors.set_up(BY, user, SEED, code_of(factors, user, clock.now), "")
    clock.now += 60
    return codes


def accepts(factors: SecondFactors, user: User, code: str, recovery_code: str = "") -> bool:
    return bool(factors.authenticate(user, code, recovery_code, HERE))


def test_code_counts_around_its_time(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann = person()
    for offset, is_accepted in ((-31, False), (-30, True), (0, True), (59, True), (60, False)):
        SecondFactor.delete().execute()
        set_up(factors, ann, clock)
        clock.now = clock.now // 30 * 30 + 600
        assert accepts(factors, ann, code_of(factors, ann, clock.now + offset)) is is_accepted, offset


@on_both
def test_each_code_counts_once(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann = person()
    first = code_of(factors, ann, clock.now)
    factors.set_up(BY, ann, SEED, first, "")
    assert not accepts(factors, ann, first), "it was used to set the factor up"
    clock.now += 60
    earlier, code = (code_of(factors, ann, clock.now - ago) for ago in (30, 0))
    assert accepts(factors, ann, f" {code[:3]} {code[3:]} ")
    assert not accepts(factors, ann, code)
    assert not accepts(factors, ann, earlier), "a code from before the last one doesn't count either"


@pytest.mark.parametrize("typed", ["", "000000", "12345", "１２３４５６", "\0", "é" * 6, "9" * 10_000, "' OR 1=1"])
def test_wrong_codes(person: Person, factors: SecondFactors, clock: Clock, typed: str) -> None:
    ann = person()
    set_up(factors, ann, clock)
    clock.now = 1_800_000_600  # whose codes are none of the above
    assert not accepts(factors, ann, typed)
    assert not accepts(factors, ann, "", typed)
    assert count_recovery_codes(ann.id) == 10


def test_code_belongs_to_user_seed_and_key(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann, eve = person(), person("eve@partner.example")
    secrets = {
        factors.authenticator(user.id, user.email, seed).secret
        for user in (ann, eve)
        for seed in (SEED, valid_seed(""))
    } | {replace(factors, key="k" * 40).authenticator(ann.id, ann.email, SEED).secret}
    assert len(secrets) == 5
    assert all(len(secret) == 32 for secret in secrets), "160 bits"
    set_up(factors, ann, clock)
    set_up(factors, eve, clock)
    assert not accepts(factors, eve, code_of(factors, ann, clock.now))
    assert accepts(factors, ann, code_of(factors, ann, clock.now))


def test_wrong_code_sets_nothing_up(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann = person()
    for seed, code in ((SEED, "000000"), (SEED, ""), (SEED, code_of(factors, ann, clock.now - 90))):
        with pytest.raises(ValidationError):
            factors.set_up(BY, ann, seed, code, "")
    assert find_second_factor(ann.id) is None
    set_up(factors, ann, clock)
    with pytest.raises(ValidationError, match="already"):
        set_up(factors, ann, clock)


def test_database_tells_no_secret_and_no_code(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann = person()
    codes = set_up(factors, ann, clock)
    content = stored(access_db)
    secret = factors.authenticator(ann.id, ann.email, SEED).secret
    assert SEED.encode() in content
    for text in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert text.encode() not in content
    recorded = repr([event.__data__ for event in AuditEvent.select()])
    assert not any(text in recorded for text in (SEED, secret, *codes))
    assert TOTP(secret).at(int(clock.now)) == code_of(factors, ann, clock.now), "this is the secret of the app"


@on_both
def test_recovery_code_counts_once_however_it_is_typed(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann, eve = person(), person("eve@partner.example")
    codes = set_up(factors, ann, clock)
    assert len(set(codes)) == 10
    set_up(factors, eve, clock)
    assert not accepts(factors, eve, "", codes[0]), "another's"
    for code in (codes[0], codes[1].upper(), f" {codes[2].replace('-', ' ')} "):
        assert accepts(factors, ann, "", code)
        assert not accepts(factors, ann, "", code)
    assert count_recovery_codes(ann.id) == 7


@on_both
def test_new_recovery_codes_replace_the_old(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann = person()
    with pytest.raises(ValidationError):
        renew_recovery_codes(BY, ann)
    old = set_up(factors, ann, clock)
    new = renew_recovery_codes(BY, ann)
    assert not accepts(factors, ann, "", old[0])
    assert accepts(factors, ann, "", new[0])


def test_recovery_codes_outlive_another_key(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann = person()
    codes = set_up(factors, ann, clock)
    other = replace(factors, key="k" * 40)
    assert not accepts(other, ann, code_of(factors, ann, clock.now))
    assert accepts(other, ann, "", codes[0])


def test_codes_are_throttled_whatever_the_password(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann = person()
    codes = set_up(factors, ann, clock)
    for attempt in range(10):
        assert not accepts(factors, ann, "000000" if attempt % 2 else "", "wrong")
        assert users.authenticate(ann.email, "correct horse battery", HERE), "which clears no count of codes"
    for code, recovery_code in ((code_of(factors, ann, clock.now), ""), ("", codes[0])):
        with pytest.raises(TooManyAttempts):
            factors.authenticate(ann, code, recovery_code, HERE)
    assert factors.authenticate(ann, "", codes[0], THERE) == "recovery code"


@on_both
def test_right_code_clears_attempts(person: Person, factors: SecondFactors, clock: Clock) -> None:
    ann = person()
    set_up(factors, ann, clock)
    for _ in range(12):
        clock.now += 30
        assert accepts(factors, ann, code_of(factors, ann, clock.now))


@pytest.mark.parametrize(
    ("required", "admins", "viewers"), [("optional", False, False), ("admins", True, False), ("all", True, True)]
)
def test_required_factor_can_only_be_reset(
    person: Person, factors: SecondFactors, clock: Clock, required: str, admins: bool, viewers: bool
) -> None:
    factors = replace(factors, required=required)
    for role, is_required in (("admin", admins), ("viewer", viewers)):
        user = person(f"{role}@partner.example", role)
        assert factors.is_required(role) is is_required
        set_up(factors, user, clock)
        if is_required:
            with pytest.raises(ValidationError, match="can't be removed"):
                factors.remove(BY, user, "")
            reset_second_factor(BY, user)
        else:
            factors.remove(BY, user, "")
        assert find_second_factor(user.id) is None
        with pytest.raises(ValidationError, match="has no second factor"):
            reset_second_factor(BY, user)
    assert not RecoveryCode.select().exists()


def test_factor_goes_with_its_user(person: Person, factors: SecondFactors, clock: Clock) -> None:
    set_up(factors, person(), clock)
    User.delete().execute()
    assert not SecondFactor.select().exists()
    assert not RecoveryCode.select().exists()
