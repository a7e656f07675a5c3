"""Random tokens in cookies, beside that of a session: of browsers that wait for a code, and of remembered ones."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from app.auth.sessions import may_sign_in, token_digest
from app.auth.visitor import SignInMethod
from models import PendingSignIn, RememberedBrowser, User, access_db, timestamp

PENDING_SECONDS = 10 * 60  # between the password and the code
REMEMBERED_SECONDS = 30 * 24 * 60 * 60  # during which a sign-in needs no code


@dataclass(frozen=True)
class BrowserTokens:
    """The tokens whose HMACs, made with `key`, are in `table`. Each is of one user and works for `seconds`."""

    key: str = field(repr=False)
    table: type[PendingSignIn] | type[RememberedBrowser]
    seconds: int

    def create(self, user: User, **fields: str) -> str | None:
        """Return a new token, None when the password has changed since `user` was read. `fields` are stored too."""
        token = secrets.token_urlsafe(32)
        with access_db.write_transaction():
            self.table.delete().where(self.table.created_at <= timestamp(-self.seconds)).execute()
            if not may_sign_in(user):
                return None
            self.table.create(token_hash=token_digest(self.key, token), user=user, created_at=timestamp(), **fields)
        return token

    def find(self, token: str) -> User | None:
        """Return the token's user, None if it is unknown or too old, or the account is disabled."""
        is_valid = (self.table.created_at > timestamp(-self.seconds)) & ~User.disabled
        user: User | None = User.select().join(self.table).where(self._has_digest(token), is_valid).first()
        return user

    def find_method(self, token: str) -> SignInMethod:
        """Return the sign-in method of the pending sign-in."""
        row = self.table.get_or_none(self._has_digest(token))
        return SignInMethod(row.origin) if isinstance(row, PendingSignIn) else SignInMethod.PASSWORD

    def delete(self, token: str) -> None:
        self.table.delete().where(self._has_digest(token)).execute()

    def _has_digest(self, token: str) -> Any:
        return self.table.token_hash == token_digest(self.key, token)
