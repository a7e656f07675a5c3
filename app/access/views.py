"""Saved views: kept under a name, shared with colleagues, one of them what opening a report begins with."""

from typing import Any
from unicodedata import category

from app.access.faults import Unacceptable
from app.access.visitor import By, Visitor
from models import SavedView, User, access, audit, writing

LONGEST_NAME = 80
MOST = 100
"""Views that a person can keep."""


class Taken(Unacceptable):
    """A name under which somebody keeps another `view` of the same report."""

    def __init__(self, view: SavedView) -> None:
        why = f"You have a view “{view.name}” of this report already; replace it, or choose another name"
        super().__init__({"name": why})
        self.view = view


def views_of(visitor: Visitor, most: int | None = None) -> list[SavedView]:
    """A person's own views and those that their colleagues share, by name; of the latter no more than `most`."""
    shared = _shared_with(visitor).order_by(SavedView.name, SavedView.id).limit(most)
    return sorted([*_own(visitor), *shared], key=lambda view: (view.name, view.id))


def number_shared_with(visitor: Visitor) -> int:
    """How many views a person's colleagues share."""
    number: int = _shared_with(visitor).count()
    return number


def find_view(visitor: Visitor, number: int) -> SavedView | None:
    """The view with this number, None when there is none in sight."""
    found: SavedView | None = _in_sight(visitor).where(SavedView.id == number).first()
    return found


def default_view(visitor: Visitor, report: str) -> SavedView | None:
    """What opening a report begins with for a person, None when that is the report as it is declared."""
    found: SavedView | None = _own(visitor).where(SavedView.report == report, SavedView.is_default).first()
    return found


def save(visitor: Visitor, report: str, name: str, query: str) -> SavedView:
    """Keep a view under a name; when it is kept already, that is enough.

    Raises Taken when another one is, and Unacceptable for a name that can't be and for too many.
    """
    name = name.strip()
    if why := _fault(name):
        raise Unacceptable({"name": why})
    with writing(access):
        kept: SavedView | None = _own(visitor).where(SavedView.report == report, SavedView.name == name).first()
        if kept and kept.query == query:
            return kept
        if kept:
            raise Taken(kept)
        if _own(visitor).count() >= MOST:
            raise Unacceptable(
                {"name": f"You have {MOST} saved views, which is as many as there can be; delete one first"}
            )
        return SavedView.create(user=visitor.id, report=report, name=name, query=query)


def replace(by: By, view: SavedView, query: str) -> None:
    """Keep something else under the name of a view, for those who share it too."""
    with writing(access):
        _change(view, query=query)
        if view.shared:
            view.query = query
            _tell("view replaced", by, view)


def share(by: By, view: SavedView) -> None:
    """Show a view to everybody who sees the same customers as its owner."""
    with writing(access):
        _change(view, shared=True)
        _tell("view shared", by, view)


def unshare(by: By, view: SavedView) -> None:
    with writing(access):
        _change(view, shared=False)
        _tell("view unshared", by, view)


def unshare_all(user: int) -> None:
    """Show none of a person's views to others any more."""
    SavedView.update(shared=False).where(SavedView.user == user).execute()


def make_default(_: By, view: SavedView) -> None:
    """Let opening the report begin with a view, and with no other."""
    same = (SavedView.user == view.user_id) & (SavedView.report == view.report)
    with writing(access):
        SavedView.update(is_default=False).where(same).execute()
        _change(view, is_default=True)


def drop_default(_: By, view: SavedView) -> None:
    _change(view, is_default=False)


def delete(by: By, view: SavedView) -> None:
    with writing(access):
        SavedView.delete().where(SavedView.id == view.id).execute()
        if view.shared:
            _tell("view deleted", by, view)


def _in_sight(visitor: Visitor) -> Any:
    """Colleagues see the customers of the same reseller, or all: a view names only what they might see themselves."""
    colleague = (User.reseller == visitor.reseller) & ~User.disabled
    query = SavedView.select(SavedView, User).join(User)
    return query.where((SavedView.user == visitor.id) | (SavedView.shared & colleague))


def _shared_with(visitor: Visitor) -> Any:
    return _in_sight(visitor).where(SavedView.user != visitor.id)


def _own(visitor: Visitor) -> Any:
    return SavedView.select().where(SavedView.user == visitor.id)


def _change(view: SavedView, **values: bool | str) -> None:
    SavedView.update(values).where(SavedView.id == view.id).execute()


def _tell(event: str, by: By, view: SavedView) -> None:
    """Others saw it, or did: that stands in the trail."""
    audit.record(event, about=view.name, report=view.report, query=view.query, **by)


def _fault(name: str) -> str:
    """What keeps a name from being one, "" when nothing does."""
    kinds = {category(letter) for letter in name}
    if kinds & {"Cc", "Zl", "Zp", "Cs"}:
        return "A name is one line without control characters"
    if not any(kind[0] not in "CZ" for kind in kinds):
        return "Enter a name"
    return f"A name has at most {LONGEST_NAME} characters; this one has {len(name)}" if len(name) > LONGEST_NAME else ""
