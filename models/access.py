"""Who may use this installation, who is signed in, and who tried. In a database of its own: an import that holds the
reports' write lock never blocks a sign-in, and no report's query can reach these tables."""

from typing import Any

from peewee import BooleanField, DateTimeField, ForeignKeyField, Model, TextField

from models.connections import access_db


class AccessRecord(Model):
    id: Any

    class Meta:
        database = access_db
        legacy_table_names = False


class User(AccessRecord):
    """A person who may sign in. `email_key` is the email as it is compared: ignoring case.

    `reseller` is the name of the reseller to whose customers the person is confined, None for the whole partner. It
    is a name, because numbers of resellers may change with the reports' database.
    `temporary_until` is when a password that somebody else made stops working, None for one's own.
    """

    email = TextField()
    email_key = TextField(unique=True)
    password_hash = TextField()
    role = TextField()
    reseller = TextField(null=True)
    disabled = BooleanField(default=False)
    temporary_until = DateTimeField(null=True)
    created_at = DateTimeField()


class Session(AccessRecord):
    """A person signed in at one browser, which holds the token that `token_hash` is made from."""

    token_hash = TextField(unique=True)
    user = ForeignKeyField(User, on_delete="CASCADE")
    created_at = DateTimeField(index=True)
    seen_at = DateTimeField(index=True)


class SavedView(AccessRecord):
    """A view of a report that a person keeps under a name. `query` is its canonical query, without place and open rows.

    A `shared` one is seen by everybody with the owner's `reseller`. The default is what opening the report begins with.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: int
    report = TextField()
    name = TextField()
    query = TextField()
    shared = BooleanField(default=False)
    is_default = BooleanField(default=False)

    class Meta:
        indexes = ((("user", "report", "name"), True),)


class Attempt(AccessRecord):
    """A sign-in that was tried and has not succeeded. `account` is a digest of whatever was typed as the email."""

    account = TextField()
    address = TextField()
    at = DateTimeField(index=True)

    class Meta:
        indexes = ((("address", "at"), False),)
