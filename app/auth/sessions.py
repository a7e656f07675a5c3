"""Sessions: create them at sign-in, find them by the token in the cookie, list and end them."""

import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from peewee import JOIN, fn

from app.auth.visitor import VISITOR_FIELDS, SignInMethod, Visitor
from app.table.statements import compiled, placeholder
from models import (
    DATABASE_ERRORS,
    PendingSignIn,
    RememberedBrowser,
    SecondFactor,
    Session,
    User,
    access_db,
    timestamp,
)

CONFIRMED_FOR = 15 * 60  # seconds for which a visitor who entered the password or a code isn't asked again
_HOUR = 3600  # seconds
_SEEN_INTERVAL = 60  # seconds between two updates of `seen_at`: most requests write nothing


@dataclass(frozen=True)
class Sessions:
    """A session ends after `idle_hours` without a request, and after `max_hours` in any case.

    The database stores an HMAC of each token, made with `key`: another key ends all sessions.
    """

    key: str = field(repr=False)
    idle_hours: int
    max_hours: int

    def create(
        self, user: User, browser: str = "", address: str = "", method: SignInMethod = SignInMethod.PASSWORD
    ) -> str | None:
        """Start a session and return its token. `browser` and `address` are shown to the user.

        Return None when the user may not sign in by this method any more.
        """
        token, now = secrets.token_urlsafe(32), timestamp()
        with access_db.write_transaction():
            Session.delete().where(~_is_live(*self._limits())).execute()
            if not may_sign_in(user, method):
                return None
            Session.create(
                token_hash=token_digest(self.key, token),
                user=user,
                created_at=now,
                seen_at=now,
                confirmed_at=now,
                browser=browser,
                address=address,
                origin=method.value,
            )
        return token

    def find(self, token: str, address: str = "") -> Visitor | None:
        """Return the token's user, None if it is unknown, the session is over or the account is disabled.

        `address` is where the request comes from.
        """
        digest = token_digest(self.key, token)
        visitor, is_stale = self._load(digest)
        if is_stale:
            _update_seen_at(digest, address)
        return visitor

    def reload_visitor(self, visitor: Visitor) -> Visitor | None:
        """Return the visitor as of this moment, None if the session is over. It doesn't count as a request."""
        return self._load(visitor.session)[0]

    def _load(self, digest: str) -> tuple[Visitor | None, bool]:
        """Return the visitor of a live session, and whether its `seen_at` is stale."""
        (statement,) = compiled("session", lambda: [_session_query()])
        times = (timestamp(-_SEEN_INTERVAL), timestamp(-CONFIRMED_FOR))
        row = statement.run(digest, *self._limits(), *times, on=access_db).fetchone()
        if row is None:
            return None, False
        *user, method, recently_confirmed, is_stale = row
        visitor = Visitor.from_row(user, method, session=digest, recently_confirmed=bool(recently_confirmed))
        return visitor, bool(is_stale)

    def confirm(self, digest: str) -> str:
        """Note that the user of a session has entered the password or a code again, and return its new token."""
        token = secrets.token_urlsafe(32)
        changes = {"token_hash": token_digest(self.key, token), "confirmed_at": timestamp()}
        Session.update(changes).where(Session.token_hash == digest).execute()
        return token

    def list_live(self, user_id: int) -> list[Session]:
        """Return a user's live sessions, the one that was used last first."""
        query = Session.select().where(Session.user == user_id, _is_live(*self._limits()))
        return list(query.order_by(Session.seen_at.desc(), Session.id.desc()))

    def activity_by_user(self) -> dict[int, tuple[int, str]]:
        """For each user id, the number of live sessions and the time of the latest request in one of them."""
        query = Session.select(Session.user, fn.COUNT(Session.id), fn.MAX(Session.seen_at))
        query = query.where(_is_live(*self._limits()))
        return {user: (count, seen_at) for user, count, seen_at in access_db.execute(query.group_by(Session.user))}

    def _limits(self) -> tuple[str, str]:
        """A live session was created after the first time and seen after the second."""
        return timestamp(-self.max_hours * _HOUR), timestamp(-self.idle_hours * _HOUR)


def may_sign_in(user: User, method: SignInMethod) -> bool:
    """Return whether a user who has signed in a moment ago still may.

    Their account allows the method, and has the same password as when `user` was read.
    """
    same_password = User.password_hash == user.password_hash
    return bool(User.select().where(allows_method(user.id, method), same_password).exists())


def allows_method(user_id: int, method: SignInMethod) -> Any:
    """Return the condition that an account is enabled and allows a sign-in method."""
    is_enabled = (User.id == user_id) & ~User.disabled
    return is_enabled if method is SignInMethod.PASSWORD else is_enabled & User.may_use_provider


def token_digest(key: str, token: str) -> str:
    """Return the HMAC that the database stores in place of a token."""
    return hmac.digest(key.encode(), token.encode(), "sha256").hex()


def _is_live(created_after: Any, seen_after: Any) -> Any:
    return (Session.created_at > created_after) & (Session.seen_at > seen_after)


def _session_query() -> Any:
    """Placeholders: 0 the digest, 1 and 2 the limits of a live session, 3 the time before which `seen_at` is stale,
    4 the time before which a confirmation is too old.
    """
    recently_confirmed, is_stale = Session.confirmed_at > placeholder(4), Session.seen_at < placeholder(3)
    query = Session.select(*VISITOR_FIELDS, Session.origin, recently_confirmed, is_stale)
    query = query.join(User).join(SecondFactor, JOIN.LEFT_OUTER)
    return query.where(Session.token_hash == placeholder(0), _is_live(placeholder(1), placeholder(2)), ~User.disabled)


def end_session(digest: str) -> None:
    """End the session whose token has this digest."""
    Session.delete().where(Session.token_hash == digest).execute()


def end_user_sessions(user_id: int, keep: str = "") -> None:
    """Sign a user out in every browser, and remember none; but keep the session with the digest `keep`."""
    Session.delete().where(Session.user == user_id, Session.token_hash != keep).execute()
    for table in (PendingSignIn, RememberedBrowser):
        table.delete().where(table.user == user_id).execute()


def _update_seen_at(digest: str, address: str) -> None:
    """Skip the update when the database is locked: a page never waits for it."""
    with suppress(*DATABASE_ERRORS), access_db.fail_if_locked():
        Session.update(seen_at=timestamp(), address=address).where(Session.token_hash == digest).execute()
