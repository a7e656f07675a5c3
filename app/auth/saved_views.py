"""Saved views: save, find, share and delete them, and choose the view that opening a report starts with."""

from typing import Any
from unicodedata import category

from app.auth.permissions import AuditActor, Visitor
from app.auth.users import ValidationError
from models import SavedView, User, access_db, audit

MAX_NAME_LENGTH = 80  # characters
MAX_VIEWS = 100  # saved views of one user


class NameTaken(ValidationError):
    """The user has an `existing` view with this name and another query for the same report."""

    def __init__(self, existing: SavedView) -> None:
        error = f"You have a view “{existing.name}” of this report already; replace it, or choose another name"
        super().__init__({"name": error})
        self.existing = existing


def visible_views(visitor: Visitor, shared_limit: int | None = None, shared_offset: int = 0) -> list[SavedView]:
    """Return the visitor's own views and up to `shared_limit` that colleagues share, sorted by name.

    Of the shared ones, leave the first `shared_offset` out.
    """
    shared = _shared_with(visitor).order_by(SavedView.name, SavedView.id).limit(shared_limit).offset(shared_offset)
    return sorted([*_own(visitor), *shared], key=lambda view: (view.name, view.id))


def count_shared_with(visitor: Visitor) -> int:
    """Count the views that colleagues share."""
    return int(_shared_with(visitor).count())


def find_view(visitor: Visitor, view_id: int) -> SavedView | None:
    """Return the view with this id, None when there is none that the visitor may see."""
    view: SavedView | None = _visible_to(visitor).where(SavedView.id == view_id).first()
    return view


def default_view(visitor: Visitor, report: str) -> SavedView | None:
    """Return the view with which a report, given by its slug, opens for the visitor, None for the report as it is."""
    view: SavedView | None = _own(visitor).where(SavedView.report == report, SavedView.is_default).first()
    return view


def save_view(visitor: Visitor, report: str, name: str, query: str) -> SavedView:
    """Save a view, given by its canonical query string, and return it. Saving the same view again changes nothing.

    Raises NameTaken, and ValidationError for an invalid name or too many views.
    """
    name = name.strip()
    if error := _name_error(name):
        raise ValidationError({"name": error})
    with access_db.write_transaction():
        existing: SavedView | None = _own(visitor).where(SavedView.report == report, SavedView.name == name).first()
        if existing and existing.query == query:
            return existing
        if existing:
            raise NameTaken(existing)
        if _own(visitor).count() >= MAX_VIEWS:
            raise ValidationError(
                {"name": f"You have {MAX_VIEWS} saved views, which is as many as there can be; delete one first"}
            )
        return SavedView.create(user=visitor.id, report=report, name=name, query=query)


def replace_view(actor: AuditActor, view: SavedView, query: str) -> None:
    """Change the query of a view, for those who share it too."""
    with access_db.write_transaction():
        _update(view, query=query)
        if view.shared:
            view.query = query
            _record("view replaced", actor, view)


def set_shared(actor: AuditActor, view: SavedView, shared: bool) -> None:
    """Show a view to everybody who sees the same customers as its owner, or to its owner only."""
    with access_db.write_transaction():
        _update(view, shared=shared)
        _record("view shared" if shared else "view unshared", actor, view)


def set_default(view: SavedView, is_default: bool) -> None:
    """Open the report with this view for its owner, instead of any other, or with none."""
    of_report = (SavedView.user == view.user_id) & (SavedView.report == view.report)
    with access_db.write_transaction():
        if is_default:
            SavedView.update(is_default=False).where(of_report).execute()
        _update(view, is_default=is_default)


def delete_view(actor: AuditActor, view: SavedView) -> None:
    with access_db.write_transaction():
        SavedView.delete().where(SavedView.id == view.id).execute()
        if view.shared:
            _record("view deleted", actor, view)


def _visible_to(visitor: Visitor) -> Any:
    """Colleagues have the same reseller, or none: a view's filters name only customers that they may see anyway."""
    is_colleague = (User.reseller == visitor.reseller) & ~User.disabled
    query = SavedView.select(SavedView, User).join(User)
    return query.where((SavedView.user == visitor.id) | (SavedView.shared & is_colleague))


def _shared_with(visitor: Visitor) -> Any:
    return _visible_to(visitor).where(SavedView.user != visitor.id)


def _own(visitor: Visitor) -> Any:
    return SavedView.select().where(SavedView.user == visitor.id)


def _update(view: SavedView, **values: bool | str) -> None:
    SavedView.update(values).where(SavedView.id == view.id).execute()


def _record(event: str, actor: AuditActor, view: SavedView) -> None:
    audit.record(event, about=view.name, report=view.report, query=view.query, **actor)


def _name_error(name: str) -> str:
    """Say what is wrong with a name, "" if nothing is."""
    categories = {category(character) for character in name}
    if categories & {"Cc", "Zl", "Zp", "Cs"}:
        return "A name is one line without control characters"
    if not any(each[0] not in "CZ" for each in categories):  # only spaces and invisible characters
        return "Enter a name"
    if len(name) > MAX_NAME_LENGTH:
        return f"A name has at most {MAX_NAME_LENGTH} characters; this one has {len(name)}"
    return ""
