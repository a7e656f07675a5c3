"""Accounts and their identities at the OpenID Connect provider, and the permission to sign in through it."""

from app.auth.oidc import Claims
from app.auth.sessions import end_user_sessions
from app.auth.users import find_user
from app.auth.visitor import SignInMethod
from models import AccessToken, Identity, UsedState, User, access_db, audit, timestamp
from models.audit import AuditActor

FLOW_SECONDS = 10 * 60  # that a sign-in at the provider may take


class IdentityRefused(Exception):
    """Somebody whom the provider knows may not sign in. `user` is the account that it is about, if there is one.

    The message is for the audit trail; the person learns only that an admin has to allow it.
    """

    def __init__(self, why: str, user: User | None = None) -> None:
        super().__init__(why)
        self.user = user


def find_identified_user(actor: AuditActor, claims: Claims) -> User:
    """Return the account of whoever has signed in at the provider. Raises IdentityRefused.

    The first time it is the one with their verified email, which is then bound to the provider's subject: the email may
    later be another's there. No account is ever made.
    """
    with access_db.write_transaction():
        known = (Identity.issuer == claims.issuer) & (Identity.subject == claims.subject)
        bound: User | None = User.select().join(Identity).where(known).first()
        user = bound or _find_by_email(claims.email)
        if user is None:
            raise IdentityRefused("no such account" if claims.email else "no verified email")
        if user.disabled:
            raise IdentityRefused("disabled", user)
        if not user.may_use_provider:
            raise IdentityRefused("not allowed through the provider", user)
        if bound is None:
            if Identity.select().where(Identity.user == user, Identity.issuer == claims.issuer).exists():
                raise IdentityRefused("the account is bound to another subject", user)
            names = {"issuer": claims.issuer, "subject": claims.subject}
            Identity.create(user=user, created_at=timestamp(), **names)
            audit.record("provider bound", about=user.email, **names, **{**actor, "who": user.email})
        return user


def is_bound(user_id: int, claims: Claims) -> bool:
    """Return whether the claims are those of this user."""
    same = (Identity.user == user_id) & (Identity.issuer == claims.issuer) & (Identity.subject == claims.subject)
    return bool(Identity.select().where(same).exists())


def find_identity(user_id: int, issuer: str) -> Identity | None:
    identity: Identity | None = Identity.get_or_none(Identity.user == user_id, Identity.issuer == issuer)
    return identity


def allow_provider(actor: AuditActor, user: User) -> None:
    """Let a user sign in through the provider."""
    with access_db.write_transaction():
        User.update(may_use_provider=True).where(User.id == user.id).execute()
        audit.record("provider allowed", about=user.email, **actor)


def forbid_provider(actor: AuditActor, user: User) -> None:
    """Let a user sign in with a password only, and forget who they are at the provider.

    Their sessions end, and the tokens that they have made after signing in there.
    """
    with access_db.write_transaction():
        User.update(may_use_provider=False).where(User.id == user.id).execute()
        Identity.delete().where(Identity.user == user).execute()
        end_user_sessions(user.id)
        AccessToken.delete().where(
            AccessToken.user == user, AccessToken.origin != SignInMethod.PASSWORD.value
        ).execute()
        audit.record("provider forbidden", about=user.email, **actor)


def consume_state(state_hash: str) -> bool:
    """Mark the state of a sign-in at the provider as used, and return whether it wasn't before."""
    with access_db.write_transaction():
        UsedState.delete().where(UsedState.used_at <= timestamp(-FLOW_SECONDS)).execute()
        if UsedState.select().where(UsedState.state_hash == state_hash).exists():
            return False
        UsedState.create(state_hash=state_hash, used_at=timestamp())
        return True


def _find_by_email(email: str) -> User | None:
    """Find an account by an email that another system has verified.

    Emails are compared ignoring case, for which Unicode maps `ſ` to `s` and the Kelvin sign to `k`. Such an email can
    be somebody else's mailbox, so that it has to be the account's to the letter.
    """
    user = find_user(email) if email else None
    return user if user and (email.isascii() or email == user.email) else None
