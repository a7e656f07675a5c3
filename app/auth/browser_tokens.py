"""Random tokens in cookies, beside that of a session: of browsers that wait for a code, and of remembered ones."""

import secrets
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from app.auth.sessions import may_sign_in, token_digest
from app.auth.visitor import SignInMethod
from models import PendingSignIn, RememberedBrowser, User, access_db, timestamp

PENDING_SECONDS = 10 * 60  # between the password and the code
REMEMBERED_SECONDS = 30 * 24 * 60 * 60  # during which a sign-in needs no code

Row = TypeVar("Row", PendingSignIn, RememberedBrowser)


@dataclass(frozen=True)
class BrowserTokens(Generic[Row]):
    """The tokens whose HMACs, made with `key`, are in `table`. Each is of one user and works for `seconds`."""

    key: str = field(repr=False)
    table: type[Row]
    seconds: int

    def create(self, user: User, method: SignInMethod = SignInMethod.PASSWORD) -> str | None:
        """Return a new token, None when the user may not sign in by this method any more."""
        token = secrets.token_urlsafe(32)
        origin = {"origin": method.value} if self.table is PendingSignIn else {}
        with access_db.write_transaction():
            self.table.delete().where(self.table.created_at <= timestamp(-self.seconds)).execute()
            if not may_sign_in(user, method):
                return None
            self.table.create(token_hash=token_digest(self.key, token), user=user, created_at=timestamp(), **origin)
        return token

    def find(self, token: str) -> Row | None:
        """Return the row of a token, with its user; None if it is unknown or too old, or the account is disabled."""
        is_valid = (self.table.created_at > timestamp(-self.seconds)) & ~User.disabled
        rows = self.table.select(self.table, User).join(User)
        row: Row | None = rows.where(self._has_digest(token), is_valid).first()
        return row

    def delete(self, token: str) -> bool:
        """Delete a token. Return False when it was deleted before."""
        return bool(self.table.delete().where(self._has_digest(token)).execute())

    def _has_digest(self, token: str) -> Any:
        return self.table.token_hash == token_digest(self.key, token)
