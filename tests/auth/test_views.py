"""Saved views: names, visibility, defaults, audit events."""

import json
from collections.abc import Callable
from functools import partial
from threading import Thread

import pytest
from flask import Flask

from app import saved_views
from app.auth import users
from app.auth.users import find_user
from app.auth.visitor import Visitor
from app.validation import ValidationError
from models import AuditEvent, SavedView, User, access_db, audit, timestamp
from tests.auth.conftest import ZEBRA, Person
from tests.databases import on_both, refuse_rows
from tests.databases import sqlite_first as database_url
from tests.support import BY

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("app")
SLUG = "customer-usage"

Visit = Callable[..., Visitor]


@pytest.fixture
def visit(app: Flask) -> Visit:
    """Somebody with these rights, who gets an account if they have none."""

    def visit(email: str = "ann", reseller: str | None = None, role: str = "admin") -> Visitor:
        rights = {"role": role, "reseller": reseller}
        if not find_user(email):
            User.create(email=email, email_key=email, password_hash="", created_at="2026-11-22 13:05:00", **rights)
        user = find_user(email)
        assert user
        return Visitor(user.id, user.email, user.role, user.reseller, must_change_password=False, session="")

    return visit


def visible_names(visitor: Visitor) -> set[str]:
    """The names of the views that somebody sees, each of which they also find by its number."""
    found = saved_views.visible_views(visitor)
    assert all(saved_views.find_view(visitor, view.id) for view in found)
    hidden = set(SavedView.select()) - set(found)
    assert not any(saved_views.find_view(visitor, view.id) for view in hidden)
    return {view.name for view in found}


def restore(visitor: Visitor, view: SavedView) -> None:
    deleted = saved_views.find_deleted_view(visitor, view.id)
    assert deleted
    saved_views.restore_view(BY, deleted, view.name)


def delete_and_restore(visitor: Visitor, view: SavedView) -> None:
    saved_views.delete_view(BY, view)
    restore(visitor, view)


@pytest.mark.parametrize("name", ["a", "  Ends soon ", "é" * 80, "<b>&", "数量", "🙂", "می‌خواهم"])
def test_valid_names(visit: Visit, name: str) -> None:
    saved_views.save_view(visit(), SLUG, name, "sort=-used")
    assert visible_names(visit()) == {name.strip()}


@pytest.mark.parametrize("name", ["", " ", "\n", "\u200b", "a\nb", "a\0", "a\u2028b", "a\x1b[0m", "a" * 81])
def test_invalid_names(visit: Visit, name: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        saved_views.save_view(visit(), SLUG, name, "")
    assert set(wrong.value.errors) == {"name"}
    assert not visible_names(visit())


@on_both
def test_name_is_unique_per_owner_and_report(visit: Visit) -> None:
    first = saved_views.save_view(visit(), SLUG, "Mine", "sort=-used")
    with pytest.raises(ValidationError, match="“Mine” of this report already"):
        saved_views.save_view(visit(), SLUG, " Mine ", "")
    saved_views.save_view(visit(), "customer-transactions", "Mine", "")
    saved_views.save_view(visit("bob"), SLUG, "Mine", "")
    assert SavedView.get_by_id(first.id).query == "sort=-used"
    assert SavedView.select().count() == 3


def test_saving_twice_changes_nothing(visit: Visit) -> None:
    first, second = (saved_views.save_view(visit(), SLUG, "Mine", "sort=-used") for _ in range(2))
    assert first == second
    assert SavedView.select().count() == 1


def test_replace_keeps_id_sharing_and_default(visit: Visit) -> None:
    view = saved_views.save_view(visit(), SLUG, "Mine", "sort=-used")
    saved_views.set_default(view, is_default=True)
    saved_views.replace_view(BY, saved_views.visible_views(visit())[0], "sort=used")
    assert not AuditEvent.select().count()
    saved_views.set_shared(BY, view, shared=True)
    saved_views.replace_view(BY, saved_views.visible_views(visit("bob"))[0], "q=a")
    [view] = saved_views.visible_views(visit("bob"))
    assert (view.id, view.name, view.query, view.shared, view.is_default) == (view.id, "Mine", "q=a", True, True)
    last = AuditEvent.select().order_by(AuditEvent.id.desc()).first()
    assert (last.event, last.about) == ("view replaced", "Mine")
    assert "q=a" in last.details


def test_limit_applies_to_shared_views_only(visit: Visit) -> None:
    for number in range(9):
        saved_views.set_shared(BY, saved_views.save_view(visit(), SLUG, f"{number} of Ann", ""), shared=True)
        saved_views.save_view(visit("bob"), SLUG, f"{number} of Bob", "")
    names = [view.name for view in saved_views.visible_views(visit("bob"), 2)]
    assert names == ["0 of Ann", "0 of Bob", "1 of Ann", *(f"{number} of Bob" for number in range(1, 9))]
    assert len(saved_views.visible_views(visit("bob"))) == 18
    assert [saved_views.count_shared_with(visit(who)) for who in ("ann", "bob")] == [0, 9]


def test_limit_of_saved_views(visit: Visit) -> None:
    for number in range(saved_views.MAX_VIEWS):
        saved_views.save_view(visit(), SLUG, str(number), "")
    with pytest.raises(ValidationError, match="100 saved views"):
        saved_views.save_view(visit(), SLUG, "one more", "")
    saved_views.save_view(visit("bob"), SLUG, "another's", "")
    saved_views.delete_view(BY, saved_views.visible_views(visit())[0])
    saved_views.save_view(visit(), SLUG, "one more", "")


def test_shared_view_is_visible_to_colleagues(visit: Visit) -> None:
    partner, zebra = visit("ann"), visit("zoe", ZEBRA)
    everybody = [
        partner, visit("vic", None, "viewer"), zebra, visit("zac", ZEBRA, "viewer"), visit("bea", "Beta"),
        visit("eve", ""),
    ]  # fmt: skip
    of_all, of_zebra = (saved_views.save_view(who, SLUG, who.email, "") for who in (partner, zebra))
    assert [visible_names(who) for who in everybody] == [{"ann"}, set(), {"zoe"}, set(), set(), set()]
    saved_views.set_shared(BY, of_all, shared=True)
    saved_views.set_shared(BY, of_zebra, shared=True)
    assert [visible_names(who) for who in everybody] == [{"ann"}, {"ann"}, {"zoe"}, {"zoe"}, set(), set()]
    saved_views.set_shared(BY, of_all, shared=False)
    saved_views.set_shared(BY, of_zebra, shared=False)
    assert [visible_names(who) for who in everybody] == [{"ann"}, set(), {"zoe"}, set(), set(), set()]


@on_both
@pytest.mark.usefixtures("reseller")
def test_changing_reseller_ends_sharing(visit: Visit, person: Person) -> None:
    person()
    mover, colleague, new = visit("mo"), visit("ann@partner.example"), visit("zoe", ZEBRA)
    saved_views.set_shared(BY, saved_views.save_view(mover, SLUG, "names everybody", "reseller=Beta"), shared=True)
    users.change_user(BY, User.get_by_id(mover.id), "viewer", None, may_see_costs=True)
    assert visible_names(colleague), "another role leaves them colleagues"
    users.change_user(BY, User.get_by_id(mover.id), "viewer", ZEBRA, may_see_costs=True)
    assert (visible_names(new), visible_names(colleague)) == (set(), set())
    assert visible_names(visit("mo")) == {"names everybody"}
    users.change_user(BY, User.get_by_id(mover.id), "viewer", None, may_see_costs=True)
    assert not visible_names(colleague)


@on_both
@pytest.mark.usefixtures("reseller")
def test_sharing_in_flight_does_not_outlast_a_change_of_reseller(visit: Visit, person: Person) -> None:
    """A view is read, its owner's reseller changes, and only then the view is shared."""
    person()
    mover, new = visit("mo"), visit("zoe", ZEBRA)
    view_id = saved_views.save_view(mover, SLUG, "names everybody", "reseller=Beta").id
    view = saved_views.find_view(mover, view_id)
    assert view
    refused: list[ValidationError] = []

    def share() -> None:
        try:
            saved_views.set_shared(BY, view, shared=True)
        except ValidationError as error:
            refused.append(error)
        finally:
            access_db.close()

    with access_db.write_transaction():
        sharing = Thread(target=share)
        sharing.start()  # waits for this transaction
        users.change_user(BY, User.get_by_id(mover.id), "viewer", ZEBRA, may_see_costs=True)
    sharing.join()
    assert refused
    assert not visible_names(new)
    assert saved_views.find_view(mover, view_id) is None, "what the session said before is no longer true"
    moved = saved_views.find_view(visit("mo"), view_id)
    assert moved
    saved_views.set_shared(BY, moved, shared=True)
    assert visible_names(new) == {"names everybody"}


@pytest.mark.usefixtures("reseller")
def test_second_change_of_reseller_ends_sharing_too(visit: Visit, person: Person) -> None:
    """Of two admins, one still sees the user as before the other's change."""
    person()
    seen_before = User.get_by_id(visit("mo").id)
    users.change_user(BY, User.get_by_id(seen_before.id), "viewer", ZEBRA, may_see_costs=True)
    saved_views.set_shared(BY, saved_views.save_view(visit("mo"), SLUG, "of Zebra", ""), shared=True)
    users.change_user(BY, seen_before, "viewer", None, may_see_costs=True)
    assert not visible_names(visit("ann@partner.example"))


def test_views_of_disabled_user_are_hidden(visit: Visit, person: Person) -> None:
    bob = person("bob@partner.example")
    person()
    saved_views.set_shared(BY, saved_views.save_view(visit(bob.email), SLUG, "his", ""), shared=True)
    users.disable_user(BY, bob)
    assert not visible_names(visit())
    users.enable_user(BY, bob)
    assert visible_names(visit()) == {"his"}


def test_one_default_per_user_and_report(visit: Visit) -> None:
    one, two = (saved_views.save_view(visit(), SLUG, name, "") for name in "12")
    other, of_bob = (
        saved_views.save_view(visit(), "customer-transactions", "3", ""),
        saved_views.save_view(visit("bob"), SLUG, "4", ""),
    )
    for view in (other, of_bob, one, two):
        saved_views.set_default(view, is_default=True)
    assert saved_views.default_view(visit(), SLUG) == two
    assert saved_views.default_view(visit("bob"), SLUG) == of_bob
    saved_views.set_default(one, is_default=False)
    assert saved_views.default_view(visit(), SLUG) == two
    saved_views.set_default(two, is_default=False)
    assert saved_views.default_view(visit(), SLUG) is None
    assert saved_views.default_view(visit(), "customer-transactions") == other


def test_only_shared_views_are_audited(visit: Visit) -> None:
    view = saved_views.save_view(visit(), SLUG, "Mine", "sort=-used")
    saved_views.set_default(view, is_default=True)
    saved_views.rename_view(BY, view, "Ours")
    view = SavedView.get()
    delete_and_restore(visit(), view)
    assert not AuditEvent.select().exists()
    saved_views.set_shared(BY, view, shared=True)
    saved_views.rename_view(BY, SavedView.get_by_id(view.id), "Theirs")
    delete_and_restore(visit(), SavedView.get_by_id(view.id))
    saved_views.delete_view(BY, saved_views.save_view(visit(), SLUG, "Mine", ""))
    events = [(each.event, each.who, each.about) for each in AuditEvent.select().order_by(AuditEvent.id)]
    assert events == [
        ("view shared", "the tests", "Ours"), ("view renamed", "the tests", "Ours"),
        ("view deleted", "the tests", "Theirs"), ("view restored", "the tests", "Theirs"),
    ]  # fmt: skip


@on_both
def test_sharing_again_and_again_is_one_event_a_minute(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (saved_views.save_view(visit(), slug, "Mine", "") for slug in (SLUG, "customer-transactions"))
    for minute, times in ((10, 3), (11, 1)):
        monkeypatch.setattr(audit, "timestamp", lambda: f"2026-11-22 10:{minute}:05")  # noqa: B023 - called at once
        for _ in range(times):
            for shared in (True, False):
                saved_views.set_shared(BY, one, shared=shared)
        saved_views.set_shared(BY, two, shared=True)
    events = [(each.event, json.loads(each.details)) for each in AuditEvent.select().order_by(AuditEvent.id)]
    mine, other = {"report": SLUG, "query": ""}, {"report": "customer-transactions", "query": ""}
    assert events == [
        ("view shared", mine | {"times": 3}), ("view unshared", mine | {"times": 3}), ("view shared", other),
        ("view shared", mine), ("view unshared", mine),
    ]  # fmt: skip


def test_deleted_view_is_nobodys(visit: Visit) -> None:
    view = saved_views.save_view(visit(), SLUG, "Mine", "")
    saved_views.set_shared(BY, view, shared=True)
    saved_views.set_default(view, is_default=True)
    saved_views.delete_view(BY, view)
    assert visible_names(visit()) == visible_names(visit("bob")) == set()
    assert saved_views.count_shared_with(visit("bob")) == 0
    assert saved_views.default_view(visit(), SLUG) is None
    assert not saved_views.report_views(visit("bob"), SLUG)
    assert saved_views.find_deleted_view(visit("bob"), view.id) is None
    assert saved_views.save_view(visit(), SLUG, "Mine", "").id != view.id, "its name is free"


def test_restored_view_is_as_it_was(visit: Visit) -> None:
    view = saved_views.save_view(visit(), SLUG, "Mine", "q=a")
    saved_views.set_default(view, is_default=True)
    saved_views.set_shared(BY, view, shared=True)
    before = SavedView.select().dicts().get()
    delete_and_restore(visit(), SavedView.get())
    assert SavedView.select().dicts().get() == before


def test_one_default_after_a_restore(visit: Visit) -> None:
    one, two = (saved_views.save_view(visit(), SLUG, name, "") for name in "12")
    saved_views.set_default(one, is_default=True)
    saved_views.delete_view(BY, one)
    saved_views.set_default(two, is_default=True)
    restore(visit(), one)
    assert [view.name for view in SavedView.select().where(SavedView.is_default)] == ["2"]


def test_restoring_checks_name_and_number(visit: Visit) -> None:
    view = saved_views.save_view(visit(), SLUG, "Mine", "")
    saved_views.delete_view(BY, view)
    for number in range(saved_views.MAX_VIEWS - 1):
        saved_views.save_view(visit(), SLUG, str(number), "")
    last = saved_views.save_view(visit(), SLUG, "Mine", "")
    with pytest.raises(ValidationError, match="another view “Mine”"):
        restore(visit(), view)
    saved_views.rename_view(BY, last, "Other")
    with pytest.raises(ValidationError, match="100 saved views"):
        restore(visit(), view)
    saved_views.delete_view(BY, last)
    restore(visit(), view)
    assert "Mine" in visible_names(visit())


@pytest.mark.usefixtures("reseller")
def test_view_is_not_restored_to_new_colleagues(visit: Visit, person: Person) -> None:
    person()
    mover, new = visit("mo"), visit("zoe", ZEBRA)
    view = saved_views.save_view(mover, SLUG, "names everybody", "reseller=Beta")
    saved_views.set_shared(BY, view, shared=True)
    saved_views.delete_view(BY, view)
    users.change_user(BY, User.get_by_id(mover.id), "viewer", ZEBRA, may_see_costs=True)
    restore(mover, view)
    assert not visible_names(new)


@on_both
def test_deleted_views_are_removed_after_a_day(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MAX_VIEWS", 2)
    ages = {"old": 25 * 3600, "recent": 23 * 3600, "new": 0, "newest": -1}
    for name, age in ages.items():
        SavedView.create(user=visit().id, report=SLUG, name=name, query="", deleted_at=timestamp(-age))
    SavedView.create(user=visit("bob").id, report=SLUG, name="of bob", query="", deleted_at=timestamp(-25 * 3600))
    saved_views.save_view(visit(), SLUG, "Mine", "")
    assert {view.name for view in SavedView.select()} == {"new", "newest", "of bob", "Mine"}


@on_both
def test_views_for_a_report_page(visit: Visit) -> None:
    for who, reseller in (("ann", None), ("bob", None), ("zoe", ZEBRA)):
        for number in (2, 1, 3):
            view = saved_views.save_view(visit(who, reseller), SLUG, f"{number} of {who}", f"q={number}")
            saved_views.set_shared(BY, view, shared=number != 3)
        saved_views.save_view(visit(who, reseller), "customer-transactions", "other report", "")
    for name, age in (("just now", 0), ("long ago", saved_views.NOTICE_SECONDS + 5)):
        SavedView.create(user=visit().id, report=SLUG, name=name, query="", shared=True, deleted_at=timestamp(-age))

    def listed(visitor: Visitor) -> list[tuple[str, str, bool]]:
        return [(each.name, each.owner, each.is_deleted) for each in saved_views.report_views(visitor, SLUG)]

    own = [(f"{number} of ann", "", False) for number in (1, 2, 3)]
    shared = [(f"{number} of bob", "bob", False) for number in (1, 2)]
    assert listed(visit()) == [*own, ("just now", "", True), *shared]
    assert listed(visit("zoe", ZEBRA)) == [(f"{number} of zoe", "", False) for number in (1, 2, 3)]
    assert listed(visit("eve", "")) == []


def test_report_page_lists_50_shared_views(visit: Visit) -> None:
    rows = [{"user": visit("bob").id, "report": SLUG, "name": f"{number:03}", "query": ""} for number in range(60)]
    SavedView.insert_many([row | {"shared": True} for row in rows]).execute()
    names = [view.name for view in saved_views.report_views(visit(), SLUG)]
    assert names == [f"{number:03}" for number in range(50)]


@on_both
def test_sharing_rolls_back_without_audit_event(visit: Visit) -> None:
    shared, own = (saved_views.save_view(visit(), SLUG, name, "") for name in "12")
    saved_views.set_shared(BY, shared, shared=True)
    shared = SavedView.get_by_id(shared.id)
    refuse_rows(AuditEvent)
    for change, view in (
        (partial(saved_views.set_shared, shared=True), own),
        (partial(saved_views.set_shared, shared=False), shared),
        (saved_views.delete_view, shared),
        (partial(saved_views.rename_view, name="3"), shared),
    ):
        with pytest.raises(Exception, match="disk is full"):
            change(BY, view)
    assert [(view.name, view.shared) for view in saved_views.visible_views(visit())] == [("1", True), ("2", False)]


def test_views_are_deleted_with_their_user(visit: Visit) -> None:
    saved_views.save_view(visit(), SLUG, "Mine", "")
    User.delete().execute()
    assert not SavedView.select().exists()
