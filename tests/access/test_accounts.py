"""Accounts are added, changed and disabled by rules that can't be got round."""

import pytest
from argon2 import PasswordHasher

from app.access import accounts
from app.access.accounts import Unacceptable
from app.access.sessions import Sessions
from models import User, moment
from tests.access.conftest import PASSWORD, Person

pytestmark = pytest.mark.usefixtures("nasty")

RESELLER = "Zebra Resale"
HERE = "198.51.100.7"


@pytest.mark.parametrize(
    "email", ["", "ann", "@", "ann@", "@x", "a b@x.example", "a@b@c", "a\0@x.example", "a" * 250 + "@x.io"]
)
def test_an_email_that_cannot_be_is_named(email: str) -> None:
    with pytest.raises(Unacceptable) as wrong:
        accounts.add(email, "admin", None, PASSWORD)
    assert email in wrong.value.errors["email"]
    assert not User.select().exists()


def test_an_email_has_one_account_however_it_is_written(person: Person) -> None:
    person("Ann@Partner.example")
    with pytest.raises(Unacceptable, match="has an account already"):
        accounts.add(" ANN@partner.EXAMPLE ", "viewer", None, PASSWORD)
    assert accounts.find("ann@PARTNER.example ")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Unacceptable) as wrong:
        accounts.add("ann", "boss", "Zebra", None)
    assert set(wrong.value.errors) == {"email", "role", "reseller"}


@pytest.mark.parametrize("name", ["", " ", "-", "Zebra", "zebra resale ", "Nobody & Co"])
def test_nobody_is_confined_to_a_reseller_that_is_not_there(name: str) -> None:
    with pytest.raises(Unacceptable) as wrong:
        accounts.add("ann@partner.example", "admin", name, PASSWORD)
    assert set(wrong.value.errors) == {"reseller"}


def test_a_name_that_was_nearly_right_is_suggested() -> None:
    with pytest.raises(Unacceptable, match=f"did you mean “{RESELLER}”"):
        accounts.add("ann@partner.example", "admin", "zebra RESALE", PASSWORD)


def test_the_last_admin_of_the_whole_partner_stays_one(person: Person) -> None:
    ann = person()
    person("bob@zebra.example", "admin", RESELLER)
    person("vic@partner.example", "viewer")
    for harm in (
        lambda: accounts.disable(ann),
        lambda: accounts.change(ann, "viewer", None),
        lambda: accounts.change(ann, "admin", RESELLER),
    ):
        with pytest.raises(Unacceptable, match="last enabled admin"):
            harm()
    accounts.disable(person("eve@partner.example"))
    with pytest.raises(Unacceptable, match="last enabled admin"):
        accounts.disable(ann)
    kept = User.get_by_id(ann.id)
    assert (kept.role, kept.reseller, kept.disabled) == ("admin", None, False)


def test_the_last_but_one_may_go(person: Person) -> None:
    ann, _ = person(), person("eve@partner.example")
    accounts.disable(ann)
    assert User.get_by_id(ann.id).disabled


@pytest.mark.parametrize("ending", [accounts.disable, accounts.set_password])
def test_disabling_and_a_new_password_end_all_sessions(person: Person, sessions: Sessions, ending: object) -> None:
    person("eve@partner.example")
    tokens = [sessions.begin(ann := person()), sessions.begin(ann)]
    assert all(map(sessions.find, tokens))
    ending(ann)  # type: ignore[operator]
    assert not any(map(sessions.find, tokens))


def test_a_password_that_somebody_else_made_is_temporary() -> None:
    secret = accounts.add("ann@partner.example", "admin", None)
    user = accounts.checked("ann@partner.example", secret, HERE)
    assert user
    assert str(user.temporary_until) > moment(6 * 24 * 3600)
    User.update(temporary_until=moment(-1)).execute()
    assert accounts.checked("ann@partner.example", secret, HERE) is None


def test_a_password_of_ones_own_is_not(person: Person) -> None:
    assert person().temporary_until is None
    accounts.set_password(User.get())
    assert User.get().temporary_until
    accounts.set_password(User.get(), "four other unrelated words")
    assert User.get().temporary_until is None


def test_a_weak_password_changes_nothing(person: Person) -> None:
    with pytest.raises(Unacceptable, match="at least 12"):
        accounts.set_password(person(), "short")
    assert accounts.checked("ann@partner.example", PASSWORD, HERE)


def test_a_disabled_person_is_nobody_until_enabled(person: Person) -> None:
    person("eve@partner.example")
    accounts.disable(person())
    assert accounts.checked("ann@partner.example", PASSWORD, HERE) is None
    accounts.enable(User.get(email="ann@partner.example"))
    assert accounts.checked("ann@partner.example", PASSWORD, HERE)


def test_one_hash_is_verified_whoever_asks(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person("eve@partner.example")
    person("off@partner.example")
    accounts.disable(User.get(email="off@partner.example"))
    person()
    verified: list[str] = []

    def counted(hasher: object, kept: str, password: str) -> bool:
        verified.append(kept)
        return verify(hasher, kept, password)

    verify = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", counted)
    asked = {
        "ann@partner.example": PASSWORD,
        "eve@partner.example": "wrong",
        "off@partner.example": PASSWORD,
        "x@y": "wrong",
    }
    answers = [accounts.checked(email, password, HERE) for email, password in asked.items()]
    assert [bool(answer) for answer in answers] == [True, False, False, False]
    assert len(verified) == len(asked)
    assert len({kept.rsplit("$", 2)[0] for kept in verified}) == 1, "the parameters tell who has no account"
