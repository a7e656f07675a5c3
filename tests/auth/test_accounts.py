"""Add, change, disable and authenticate accounts."""

import pytest
from argon2 import PasswordHasher
from peewee import DatabaseError

from app.auth import users
from app.auth.sessions import Sessions
from app.auth.users import authenticate, choose_password, find_user, reset_password
from app.validation import ValidationError
from models import AuditEvent, Session, User, timestamp
from tests.auth.conftest import PASSWORD, ZEBRA, Person
from tests.databases import refuse_rows
from tests.support import BY

pytestmark = pytest.mark.usefixtures("reseller")

HERE = "198.51.100.7"


@pytest.mark.parametrize(
    "email", ["", "ann", "@", "ann@", "@x", "a b@x.example", "a@b@c", "a\0@x.example", "a" * 250 + "@x.io"]
)
def test_invalid_email_is_refused(email: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        users.add_user(BY, email, "admin", None, PASSWORD)
    error = wrong.value.errors["email"]
    assert email in error if len(email) <= 254 else "at most 254" in error and email not in error
    assert not User.select().exists()


def test_email_is_unique_ignoring_case(person: Person) -> None:
    person("Ann@Partner.example")
    with pytest.raises(ValidationError, match="has an account already"):
        users.add_user(BY, " ANN@partner.EXAMPLE ", "viewer", None, PASSWORD)
    assert find_user("ann@PARTNER.example ")


def test_all_errors_are_reported_at_once() -> None:
    with pytest.raises(ValidationError) as wrong:
        users.add_user(BY, "ann", "boss", "Zebra", None)
    assert set(wrong.value.errors) == {"email", "role", "reseller"}


@pytest.mark.parametrize("name", ["", " ", "-", "Zebra", "zebra resale ", "Nobody & Co"])
def test_unknown_reseller_is_refused(name: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        users.add_user(BY, "ann@partner.example", "admin", name, PASSWORD)
    assert set(wrong.value.errors) == {"reseller"}


def test_similar_reseller_is_suggested() -> None:
    with pytest.raises(ValidationError, match=f"did you mean “{ZEBRA}”"):
        users.add_user(BY, "ann@partner.example", "admin", "zebra RESALE", PASSWORD)


def test_last_partner_admin_stays(person: Person) -> None:
    ann = person()
    person("bob@zebra.example", "admin", ZEBRA)
    person("vic@partner.example", "viewer")
    for change in (
        lambda: users.disable_user(BY, ann),
        lambda: users.change_user(BY, ann, "viewer", None, may_see_costs=True),
        lambda: users.change_user(BY, ann, "admin", ZEBRA, may_see_costs=True),
    ):
        with pytest.raises(ValidationError, match="last enabled admin"):
            change()
    users.disable_user(BY, person("eve@partner.example"))
    with pytest.raises(ValidationError, match="last enabled admin"):
        users.disable_user(BY, ann)
    user = User.get_by_id(ann.id)
    assert (user.role, user.reseller, user.disabled) == ("admin", None, False)


def test_admin_with_expired_password_does_not_count(person: Person) -> None:
    ann = person()
    users.add_user(BY, "eve@partner.example", "admin", None)
    User.update(temporary_until=timestamp(-1)).where(User.email == "eve@partner.example").execute()
    with pytest.raises(ValidationError, match="last enabled admin"):
        users.disable_user(BY, ann)


def test_present_reseller_stays_valid(person: Person) -> None:
    bob = person("bob@zebra.example", "viewer", ZEBRA)
    User.update(reseller="Gone Ltd").execute()
    users.change_user(BY, User.get_by_id(bob.id), "admin", "Gone Ltd", may_see_costs=True)
    assert User.get().role == "admin"
    with pytest.raises(ValidationError):
        users.change_user(BY, User.get(), "admin", "Gone too", may_see_costs=True)


def test_one_of_two_admins_can_be_disabled(person: Person) -> None:
    ann, _ = person(), person("eve@partner.example")
    users.disable_user(BY, ann)
    assert User.get_by_id(ann.id).disabled


@pytest.mark.parametrize("ending", [users.disable_user, reset_password])
def test_disabling_and_reset_end_all_sessions(person: Person, sessions: Sessions, ending: object) -> None:
    person("eve@partner.example")
    tokens = [sessions.create(ann := person()), sessions.create(ann)]
    assert all(map(sessions.find, tokens))
    ending(BY, ann)  # type: ignore[operator]
    assert not any(map(sessions.find, tokens))


def test_generated_password_is_temporary() -> None:
    secret = users.add_user(BY, "ann@partner.example", "admin", None)
    user = authenticate("ann@partner.example", secret, HERE)
    assert user
    assert str(user.temporary_until) > timestamp(6 * 24 * 3600)
    User.update(temporary_until=timestamp(-1)).execute()
    assert authenticate("ann@partner.example", secret, HERE) is None


def test_chosen_password_is_not_temporary(person: Person) -> None:
    assert person().temporary_until is None
    reset_password(BY, User.get())
    assert User.get().temporary_until
    reset_password(BY, User.get(), "four other unrelated words")
    assert User.get().temporary_until is None


def test_no_session_after_reset_during_sign_in(person: Person, sessions: Sessions) -> None:
    person("eve@partner.example")
    for ending in (reset_password, users.disable_user):
        slow = (
            authenticate("ann@partner.example", PASSWORD, HERE)
            if User.get_or_none(email="ann@partner.example")
            else person()
        )
        assert slow
        ending(BY, slow)
        assert sessions.create(slow) is None
        users.enable_user(BY, slow)
        reset_password(BY, slow, PASSWORD)
    assert not Session.select().exists()


def test_choose_password_needs_the_present_one(person: Person) -> None:
    thief = person()
    made = reset_password(BY, thief)
    with pytest.raises(ValidationError, match="not your present password any more"):
        choose_password(BY, thief, "four other unrelated words")
    assert authenticate("ann@partner.example", made, HERE)


def test_change_rolls_back_without_audit_event(person: Person) -> None:
    ann, eve = person(), person("eve@partner.example", "viewer")
    before = list(User.select().order_by(User.id).dicts())
    refuse_rows(AuditEvent)
    for change in (
        lambda: users.add_user(BY, "new@partner.example", "admin", None),
        lambda: users.change_user(BY, eve, "admin", None, may_see_costs=True),
        lambda: users.disable_user(BY, eve),
        lambda: users.enable_user(BY, eve),
        lambda: reset_password(BY, eve),
        lambda: choose_password(BY, ann, "four other unrelated words"),
    ):
        with pytest.raises(DatabaseError, match="disk is full"):
            change()
    assert list(User.select().order_by(User.id).dicts()) == before


def test_every_change_is_audited(person: Person) -> None:
    eve = person("eve@partner.example")
    person()
    users.change_user(BY, eve, "viewer", ZEBRA, may_see_costs=True)
    users.disable_user(BY, eve)
    users.enable_user(BY, eve)
    users.sign_out_user(BY, eve)
    reset_password(BY, eve)
    choose_password(BY, User.get_by_id(eve.id), "four other unrelated words")
    events = [event.event for event in AuditEvent.select().where(AuditEvent.about == eve.email).order_by(AuditEvent.id)]
    assert events == [
        "user added", "user changed", "user disabled", "user enabled", "sessions ended", "password replaced",
        "password",
    ]  # fmt: skip
    assert {event.who for event in AuditEvent.select()} == {"the tests"}


def test_weak_password_changes_nothing(person: Person) -> None:
    with pytest.raises(ValidationError, match="at least 12"):
        reset_password(BY, person(), "short")
    assert authenticate("ann@partner.example", PASSWORD, HERE)


def test_disabled_user_cannot_authenticate(person: Person) -> None:
    person("eve@partner.example")
    users.disable_user(BY, person())
    assert authenticate("ann@partner.example", PASSWORD, HERE) is None
    users.enable_user(BY, User.get(email="ann@partner.example"))
    assert authenticate("ann@partner.example", PASSWORD, HERE)


def test_exactly_one_hash_is_verified(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person("eve@partner.example")
    person("off@partner.example")
    users.disable_user(BY, User.get(email="off@partner.example"))
    person()
    verified: list[str] = []

    def counted(hasher: object, password_hash: str, password: str) -> bool:
        verified.append(password_hash)
        return verify(hasher, password_hash, password)

    verify = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", counted)
    attempts = {
        "ann@partner.example": PASSWORD,
        "eve@partner.example": "wrong",
        "off@partner.example": PASSWORD,
        "x@y": "wrong",
    }
    answers = [authenticate(email, password, HERE) for email, password in attempts.items()]
    assert [bool(answer) for answer in answers] == [True, False, False, False]
    assert len(verified) == len(attempts)
    assert len({password_hash.rsplit("$", 2)[0] for password_hash in verified}) == 1, (
        "the hash parameters differ: their time tells which accounts exist"
    )
