"""Saved views: kept under a name, shared with colleagues, one of them what opening a report begins with."""

from typing import Any
from unicodedata import category

from app.auth.permissions import AuditActor, Visitor
from app.auth.validation import ValidationError
from models import SavedView, User, access_db, audit, write_transaction

MAX_NAME_LENGTH = 80
MAX_VIEWS = 100
"""Views that a person can keep."""


class NameTaken(ValidationError):
    """A name under which somebody keeps another `view` of the same report."""

    def __init__(self, view: SavedView) -> None:
        why = f"You have a view “{view.name}” of this report already; replace it, or choose another name"
        super().__init__({"name": why})
        self.view = view


def visible_views(visitor: Visitor, most: int | None = None) -> list[SavedView]:
    """A person's own views and those that their colleagues share, by name; of the latter no more than `most`."""
    shared = _shared_with(visitor).order_by(SavedView.name, SavedView.id).limit(most)
    return sorted([*_own(visitor), *shared], key=lambda view: (view.name, view.id))


def count_shared_with(visitor: Visitor) -> int:
    """How many views a person's colleagues share."""
    number: int = _shared_with(visitor).count()
    return number


def find_view(visitor: Visitor, number: int) -> SavedView | None:
    """The view with this number, None when there is none in sight."""
    found: SavedView | None = _visible_to(visitor).where(SavedView.id == number).first()
    return found


def default_view(visitor: Visitor, report: str) -> SavedView | None:
    """What opening a report begins with for a person, None when that is the report as it is declared."""
    found: SavedView | None = _own(visitor).where(SavedView.report == report, SavedView.is_default).first()
    return found


def save_view(visitor: Visitor, report: str, name: str, query: str) -> SavedView:
    """Keep a view under a name; when it is kept already, that is enough.

    Raises Taken when another one is, and Unacceptable for a name that can't be and for too many.
    """
    name = name.strip()
    if why := _name_error(name):
        raise ValidationError({"name": why})
    with write_transaction(access_db):
        kept: SavedView | None = _own(visitor).where(SavedView.report == report, SavedView.name == name).first()
        if kept and kept.query == query:
            return kept
        if kept:
            raise NameTaken(kept)
        if _own(visitor).count() >= MAX_VIEWS:
            raise ValidationError(
                {"name": f"You have {MAX_VIEWS} saved views, which is as many as there can be; delete one first"}
            )
        return SavedView.create(user=visitor.id, report=report, name=name, query=query)


def replace_view(by: AuditActor, view: SavedView, query: str) -> None:
    """Keep something else under the name of a view, for those who share it too."""
    with write_transaction(access_db):
        _update(view, query=query)
        if view.shared:
            view.query = query
            _audit("view replaced", by, view)


def share_view(by: AuditActor, view: SavedView) -> None:
    """Show a view to everybody who sees the same customers as its owner."""
    with write_transaction(access_db):
        _update(view, shared=True)
        _audit("view shared", by, view)


def unshare_view(by: AuditActor, view: SavedView) -> None:
    with write_transaction(access_db):
        _update(view, shared=False)
        _audit("view unshared", by, view)


def unshare_all_views(user: int) -> None:
    """Show none of a person's views to others any more."""
    SavedView.update(shared=False).where(SavedView.user == user).execute()


def set_default_view(_: AuditActor, view: SavedView) -> None:
    """Let opening the report begin with a view, and with no other."""
    same = (SavedView.user == view.user_id) & (SavedView.report == view.report)
    with write_transaction(access_db):
        SavedView.update(is_default=False).where(same).execute()
        _update(view, is_default=True)


def clear_default_view(_: AuditActor, view: SavedView) -> None:
    _update(view, is_default=False)


def delete_view(by: AuditActor, view: SavedView) -> None:
    with write_transaction(access_db):
        SavedView.delete().where(SavedView.id == view.id).execute()
        if view.shared:
            _audit("view deleted", by, view)


def _visible_to(visitor: Visitor) -> Any:
    """Colleagues see the customers of the same reseller, or all: a view names only what they might see themselves."""
    colleague = (User.reseller == visitor.reseller) & ~User.disabled
    query = SavedView.select(SavedView, User).join(User)
    return query.where((SavedView.user == visitor.id) | (SavedView.shared & colleague))


def _shared_with(visitor: Visitor) -> Any:
    return _visible_to(visitor).where(SavedView.user != visitor.id)


def _own(visitor: Visitor) -> Any:
    return SavedView.select().where(SavedView.user == visitor.id)


def _update(view: SavedView, **values: bool | str) -> None:
    SavedView.update(values).where(SavedView.id == view.id).execute()


def _audit(event: str, by: AuditActor, view: SavedView) -> None:
    """Others saw it, or did: that stands in the trail."""
    audit.record(event, about=view.name, report=view.report, query=view.query, **by)


def _name_error(name: str) -> str:
    """What keeps a name from being one, "" when nothing does."""
    kinds = {category(letter) for letter in name}
    if kinds & {"Cc", "Zl", "Zp", "Cs"}:
        return "A name is one line without control characters"
    if not any(kind[0] not in "CZ" for kind in kinds):
        return "Enter a name"
    return (
        f"A name has at most {MAX_NAME_LENGTH} characters; this one has {len(name)}"
        if len(name) > MAX_NAME_LENGTH
        else ""
    )
