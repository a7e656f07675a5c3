"""Saved views: names, who sees which, and what becomes of them."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.access import accounts, views
from app.access.faults import Unacceptable, find
from app.access.visitor import Visitor
from models import AuditEvent, SavedView, User
from tests.access.conftest import Person
from tests.databases import refuse_rows
from tests.support import BY

pytestmark = pytest.mark.usefixtures("nasty")

SLUG, ZEBRA = "customer-usage", "Zebra Resale"

Visit = Callable[..., Visitor]


@pytest.fixture
def visit(app: Flask) -> Visit:
    """Somebody with these rights, who gets an account if they have none."""

    def visit(email: str = "ann", reseller: str | None = None, role: str = "admin") -> Visitor:
        rights = {"role": role, "reseller": reseller}
        if not find(email):
            User.create(email=email, email_key=email, password_hash="", created_at="2026-11-22 13:05:00", **rights)
        user = find(email)
        assert user
        return Visitor(user.id, user.email, user.role, user.reseller, temporary=False, session="")

    return visit


def seen(visitor: Visitor) -> set[str]:
    """The names of the views that somebody sees, each of which they also find by its number."""
    found = views.views_of(visitor)
    assert all(views.find_view(visitor, view.id) for view in found)
    hidden = set(SavedView.select()) - set(found)
    assert not any(views.find_view(visitor, view.id) for view in hidden)
    return {view.name for view in found}


@pytest.mark.parametrize("name", ["a", "  Ends soon ", "é" * 80, "<b>&", "数量", "🙂", "می‌خواهم"])
def test_a_name_is_one_line_of_1_to_80_characters(visit: Visit, name: str) -> None:
    views.save(visit(), SLUG, name, "sort=-used")
    assert seen(visit()) == {name.strip()}


@pytest.mark.parametrize("name", ["", " ", "\n", "\u200b", "a\nb", "a\0", "a\u2028b", "a\x1b[0m", "a" * 81])
def test_no_other_name_is_kept(visit: Visit, name: str) -> None:
    with pytest.raises(Unacceptable) as wrong:
        views.save(visit(), SLUG, name, "")
    assert set(wrong.value.errors) == {"name"}
    assert not seen(visit())


def test_a_name_is_taken_only_for_its_owner_and_its_report(visit: Visit) -> None:
    first = views.save(visit(), SLUG, "Mine", "sort=-used")
    with pytest.raises(Unacceptable, match="“Mine” of this report already"):
        views.save(visit(), SLUG, " Mine ", "")
    views.save(visit(), "customer-transactions", "Mine", "")
    views.save(visit("bob"), SLUG, "Mine", "")
    assert SavedView.get_by_id(first.id).query == "sort=-used"
    assert SavedView.select().count() == 3


def test_what_is_kept_already_is_kept_once(visit: Visit) -> None:
    first, second = (views.save(visit(), SLUG, "Mine", "sort=-used") for _ in range(2))
    assert first == second
    assert SavedView.select().count() == 1


def test_a_view_is_replaced_in_its_place_and_the_trail_tells_when_others_see_it(visit: Visit) -> None:
    view = views.save(visit(), SLUG, "Mine", "sort=-used")
    views.make_default(BY, view)
    views.replace(BY, views.views_of(visit())[0], "sort=used")
    assert not AuditEvent.select().count()
    views.share(BY, view)
    views.replace(BY, views.views_of(visit("bob"))[0], "q=a")
    [kept] = views.views_of(visit("bob"))
    assert (kept.id, kept.name, kept.query, kept.shared, kept.is_default) == (view.id, "Mine", "q=a", True, True)
    last = AuditEvent.select().order_by(AuditEvent.id.desc()).first()
    assert (last.event, last.about) == ("view replaced", "Mine")
    assert "q=a" in last.details


def test_all_of_ones_own_views_are_listed_and_of_colleagues_as_many_as_are_asked_for(visit: Visit) -> None:
    for number in range(9):
        views.share(BY, views.save(visit(), SLUG, f"{number} of Ann", ""))
        views.save(visit("bob"), SLUG, f"{number} of Bob", "")
    names = [view.name for view in views.views_of(visit("bob"), 2)]
    assert names == ["0 of Ann", "0 of Bob", "1 of Ann", *(f"{number} of Bob" for number in range(1, 9))]
    assert len(views.views_of(visit("bob"))) == 18
    assert [views.number_shared_with(visit(who)) for who in ("ann", "bob")] == [0, 9]


def test_a_person_keeps_100_views_and_is_told_when_those_are_there(visit: Visit) -> None:
    for number in range(views.MOST):
        views.save(visit(), SLUG, str(number), "")
    with pytest.raises(Unacceptable, match="100 saved views"):
        views.save(visit(), SLUG, "one more", "")
    views.save(visit("bob"), SLUG, "another's", "")
    views.delete(BY, views.views_of(visit())[0])
    views.save(visit(), SLUG, "one more", "")


def test_a_view_is_its_owners_until_it_is_shared_and_then_their_colleagues_too(visit: Visit) -> None:
    partner, zebra = visit("ann"), visit("zoe", ZEBRA)
    everybody = [
        partner, visit("vic", None, "viewer"), zebra, visit("zac", ZEBRA, "viewer"), visit("bea", "Beta"),
        visit("eve", ""),
    ]  # fmt: skip
    of_all, of_zebra = (views.save(who, SLUG, who.email, "") for who in (partner, zebra))
    assert [seen(who) for who in everybody] == [{"ann"}, set(), {"zoe"}, set(), set(), set()]
    views.share(BY, of_all)
    views.share(BY, of_zebra)
    assert [seen(who) for who in everybody] == [{"ann"}, {"ann"}, {"zoe"}, {"zoe"}, set(), set()]
    views.unshare(BY, of_all)
    views.unshare(BY, of_zebra)
    assert [seen(who) for who in everybody] == [{"ann"}, set(), {"zoe"}, set(), set(), set()]


def test_who_gets_other_customers_to_see_brings_their_new_colleagues_nothing(visit: Visit, person: Person) -> None:
    person()
    mover, colleague, new = visit("mo"), visit("ann@partner.example"), visit("zoe", ZEBRA)
    views.share(BY, views.save(mover, SLUG, "names everybody", "reseller=Beta"))
    accounts.change(BY, User.get_by_id(mover.id), "viewer", None)
    assert seen(colleague), "another role leaves them colleagues"
    accounts.change(BY, User.get_by_id(mover.id), "viewer", ZEBRA)
    assert (seen(new), seen(colleague)) == (set(), set())
    assert seen(visit("mo")) == {"names everybody"}
    accounts.change(BY, User.get_by_id(mover.id), "viewer", None)
    assert not seen(colleague)


def test_who_is_disabled_shares_nothing_until_they_are_back(visit: Visit, person: Person) -> None:
    bob = person("bob@partner.example")
    person()
    views.share(BY, views.save(visit(bob.email), SLUG, "his", ""))
    accounts.disable(BY, bob)
    assert not seen(visit())
    accounts.enable(BY, bob)
    assert seen(visit()) == {"his"}


def test_a_report_has_one_default_for_each_person(visit: Visit) -> None:
    one, two = (views.save(visit(), SLUG, name, "") for name in "12")
    other, theirs = views.save(visit(), "customer-transactions", "3", ""), views.save(visit("bob"), SLUG, "4", "")
    for view in (other, theirs, one, two):
        views.make_default(BY, view)
    assert views.default_view(visit(), SLUG) == two
    assert views.default_view(visit("bob"), SLUG) == theirs
    views.drop_default(BY, two)
    assert views.default_view(visit(), SLUG) is None
    assert views.default_view(visit(), "customer-transactions") == other


def test_the_trail_tells_what_others_saw_and_what_they_see_no_more(visit: Visit) -> None:
    view = views.save(visit(), SLUG, "Mine", "sort=-used")
    views.make_default(BY, view)
    assert not AuditEvent.select().exists()
    views.share(BY, view)
    views.delete(BY, SavedView.get_by_id(view.id))
    views.delete(BY, views.save(visit(), SLUG, "Mine", ""))
    events = [(each.event, each.who, each.about) for each in AuditEvent.select().order_by(AuditEvent.id)]
    assert events == [("view shared", "the tests", "Mine"), ("view deleted", "the tests", "Mine")]


def test_nothing_is_shared_or_deleted_that_the_trail_cannot_tell(visit: Visit) -> None:
    shared, own = (views.save(visit(), SLUG, name, "") for name in "12")
    views.share(BY, shared)
    shared = SavedView.get_by_id(shared.id)
    refuse_rows(AuditEvent)
    for change, view in ((views.share, own), (views.unshare, shared), (views.delete, shared)):
        with pytest.raises(Exception, match="disk is full"):
            change(BY, view)
    assert [view.shared for view in views.views_of(visit())] == [True, False]


def test_what_a_person_saved_goes_with_their_account(visit: Visit) -> None:
    views.save(visit(), SLUG, "Mine", "")
    User.delete().execute()
    assert not SavedView.select().exists()
