"""Saved views: save, find, share, rename, delete and restore them, and choose the one with which a report opens."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from peewee import Value

from app.auth.visitor import Visitor
from app.table.statements import compiled, placeholder
from app.validation import ValidationError, valid_name
from models import SavedView, User, access_db, audit, timestamp
from models.audit import AuditActor

MAX_VIEWS = 100  # saved views of one user, and as many deleted ones that can be restored
MAX_SHARED = 50  # views of colleagues in a list, until somebody asks for all
RESTORE_SECONDS = 24 * 3600  # for which a deleted view is kept at least
NOTICE_SECONDS = 60  # for which a report's page offers to restore a deleted view

_LIVE = SavedView.deleted_at.is_null()


class NameTaken(ValidationError):
    """The user has an `existing` view with this name and another query for the same report."""

    def __init__(self, existing: SavedView) -> None:
        error = f"You have a view “{existing.name}” of this report already; replace it, or choose another name."
        super().__init__({"name": error})
        self.existing = existing


class ReportView(NamedTuple):
    """A saved view in the list of a report's page. `owner` is a colleague's email, "" for the visitor's own views."""

    id: int
    name: str
    query: str
    shared: bool
    is_default: bool
    is_deleted: bool
    owner: str


def report_views(visitor: Visitor, report: str) -> list[ReportView]:
    """Return the views for a report's page: the visitor's own, then up to MAX_SHARED of colleagues, each by name.

    Views of the visitor that were deleted within NOTICE_SECONDS are among them. The statements are compiled, as each
    page of a report runs them.
    """
    key = ("report views", visitor.reseller is None)
    own, shared = compiled(key, lambda: [_own_views_query(), _colleagues_views_query(visitor)])
    rows = own.run(visitor.id, report, timestamp(-NOTICE_SECONDS), on=access_db).fetchall()
    rows += shared.run(visitor.id, report, visitor.reseller, on=access_db).fetchall()
    return [ReportView(*row) for row in rows]


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


def visible_ids(visitor: Visitor, view_ids: Iterable[int]) -> set[int]:
    """Return those of the views that the visitor may see."""
    return {view.id for view in _visible_to(visitor).where(SavedView.id.in_(list(view_ids)))}


def default_view(visitor: Visitor, report: str) -> SavedView | None:
    """Return the view with which a report, given by its slug, opens for the visitor, None for the report as it is."""
    view: SavedView | None = _own(visitor).where(SavedView.report == report, SavedView.is_default).first()
    return view


def find_deleted_view(visitor: Visitor, view_id: int) -> SavedView | None:
    """Return the visitor's own view with this id, None unless it was deleted and can be restored."""
    deleted = SavedView.select().where(SavedView.user == visitor.id, ~_LIVE)
    view: SavedView | None = deleted.where(SavedView.id == view_id).first()
    return view


def save_view(visitor: Visitor, report: str, name: str, query: str) -> SavedView:
    """Save a view, given by its canonical query string, and return it. Saving the same view again changes nothing.

    Raises NameTaken, and ValidationError for an invalid name or too many views.
    """
    name = valid_name(name)
    with access_db.write_transaction():
        existing = _find_by_name(visitor.id, report, name)
        if existing and existing.query == query:
            return existing
        if existing:
            raise NameTaken(existing)
        _check_limit(visitor.id)
        _remove_deleted(visitor.id)
        return SavedView.create(user=visitor.id, report=report, name=name, query=query)


def replace_view(actor: AuditActor, view: SavedView, query: str) -> None:
    """Change the query of a view, for those who share it too."""
    with access_db.write_transaction():
        _update(view, query=query)
        if view.shared:
            view.query = query
            _record("view replaced", actor, view)


def set_shared(actor: AuditActor, view: SavedView, shared: bool) -> None:
    """Show a view to everybody who sees the same customers as its owner, or to its owner only.

    Raises ValidationError when the owner's reseller has changed since `view` was read. The view may name customers of
    the former reseller, so that `change_user` has ended its sharing.
    """
    with access_db.write_transaction():
        if shared and User.get_by_id(view.user_id).reseller != view.user.reseller:
            raise ValidationError({"shared": "You see other customers now than when you saved this view."})
        changed = SavedView.update(shared=shared).where(SavedView.id == view.id, SavedView.shared != shared).execute()
        if changed:
            _record("view shared" if shared else "view unshared", actor, view)


def set_default(view: SavedView, is_default: bool) -> None:
    """Open the report with this view for its owner, instead of any other, or with none."""
    of_report = (SavedView.user == view.user_id) & (SavedView.report == view.report)
    with access_db.write_transaction():
        if is_default:
            SavedView.update(is_default=False).where(of_report).execute()
        _update(view, is_default=is_default)


def rename_view(actor: AuditActor, view: SavedView, name: str) -> None:
    """Give a view another name. Raises ValidationError for an invalid name, or one that another view has."""
    name = valid_name(name)
    with access_db.write_transaction():
        _check_name_is_free(view, name)
        _update(view, name=name)
        if view.shared and view.name != name:
            _record("view renamed", actor, view, new_name=name)


def delete_view(actor: AuditActor, view: SavedView) -> None:
    """Delete a view so that `restore_view` can bring it back. Nobody sees it, and its name is free."""
    with access_db.write_transaction():
        _update(view, deleted_at=timestamp())
        _remove_deleted(view.user_id)
        if view.shared:
            _record("view deleted", actor, view)


def restore_view(actor: AuditActor, view: SavedView, name: str) -> None:
    """Bring a deleted view back under a name. It keeps its id, and is shared if it was.

    It is the default view if it was and no other has become that since. Restoring it again changes nothing. Raises
    ValidationError for an invalid name, one that another view has, or too many views.
    """
    name = valid_name(name)
    with access_db.write_transaction():
        if view.deleted_at is None:
            return
        _check_name_is_free(view, name)
        _check_limit(view.user_id)
        _update(view, deleted_at=None, name=name)
        if view.shared:
            view.name = name
            _record("view restored", actor, view)


def is_visible_to(user_id: Any, has_same_reseller: Any) -> Any:
    """Return the condition that a user sees a view, which is joined with its owner.

    Colleagues have the same reseller, or none: a view's filters name only customers that they may see anyway. A user
    whose own reseller changes during the request sees none.
    """
    return _LIVE & has_same_reseller & ((SavedView.user == user_id) | (SavedView.shared & ~User.disabled))


def _visible_to(visitor: Visitor) -> Any:
    condition = is_visible_to(visitor.id, User.reseller == visitor.reseller)
    return SavedView.select(SavedView, User).join(User).where(condition)


def _shared_with(visitor: Visitor) -> Any:
    return SavedView.select(SavedView, User).join(User).where(_is_shared_with(visitor.id, visitor.reseller))


def _is_shared_with(user_id: Any, reseller: Any) -> Any:
    """Return the condition that a colleague shares a view, which is joined with its owner."""
    is_colleague = (SavedView.user != user_id) & (User.reseller == reseller) & ~User.disabled
    return SavedView.shared & _LIVE & is_colleague


def _own(visitor: Visitor) -> Any:
    return SavedView.select().where(SavedView.user == visitor.id, _LIVE)


# What `ReportView` is made of, but for the owner.
_REPORT_VIEW_COLUMNS = (
    SavedView.id,
    SavedView.name,
    SavedView.query,
    SavedView.shared,
    SavedView.is_default,
    SavedView.deleted_at.is_null(False),
)


def _own_views_query() -> Any:
    """Placeholders: 0 the visitor's id, 1 the report, 2 the time before which deleted views are left out."""
    query = SavedView.select(*_REPORT_VIEW_COLUMNS, Value("")).order_by(SavedView.name, SavedView.id)
    is_listed = _LIVE | (SavedView.deleted_at >= placeholder(2))
    return query.where(SavedView.user == placeholder(0), SavedView.report == placeholder(1), is_listed)


def _colleagues_views_query(visitor: Visitor) -> Any:
    """Placeholders: 0 the visitor's id, 1 the report, 2 the visitor's reseller, if they have one."""
    reseller = None if visitor.reseller is None else placeholder(2)
    query = (
        SavedView.select(*_REPORT_VIEW_COLUMNS, User.email).join(User).where(_is_shared_with(placeholder(0), reseller))
    )
    return query.where(SavedView.report == placeholder(1)).order_by(SavedView.name, SavedView.id).limit(MAX_SHARED)


def _find_by_name(user_id: int, report: str, name: str) -> SavedView | None:
    same_name = (SavedView.user == user_id) & (SavedView.report == report) & (SavedView.name == name)
    view: SavedView | None = SavedView.select().where(same_name, _LIVE).first()
    return view


def _check_name_is_free(view: SavedView, name: str) -> None:
    existing = _find_by_name(view.user_id, view.report, name)
    if existing and existing.id != view.id:
        raise ValidationError({"name": f"You have another view “{name}” of this report; choose another name."})


def _check_limit(user_id: int) -> None:
    if SavedView.select().where(SavedView.user == user_id, _LIVE).count() >= MAX_VIEWS:
        error = f"You have {MAX_VIEWS} saved views, which is as many as there can be; delete one first."
        raise ValidationError({"name": error})


def _remove_deleted(user_id: int) -> None:
    """Remove a user's deleted views for good. The last MAX_VIEWS stay until RESTORE_SECONDS are over."""
    deleted = (SavedView.user == user_id) & ~_LIVE
    kept = SavedView.select(SavedView.id).where(deleted, SavedView.deleted_at >= timestamp(-RESTORE_SECONDS))
    kept = kept.order_by(SavedView.deleted_at.desc(), SavedView.id.desc()).limit(MAX_VIEWS)
    SavedView.delete().where(deleted, SavedView.id.not_in(kept)).execute()


def _update(view: SavedView, **values: bool | str | None) -> None:
    SavedView.update(values).where(SavedView.id == view.id).execute()


def _record(event: str, actor: AuditActor, view: SavedView, **details: str) -> None:
    """Record what was done to a shared view. Repetitions are counted in one row, so that they don't fill the disk."""
    audit.record_counted(
        event, match="details", about=view.name, report=view.report, query=view.query, **details, **actor
    )
