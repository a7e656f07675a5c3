"""The tables of users: accounts, second factors, sessions, tokens, saved views, deliveries, failed sign-ins, exports,
imports.

They are a database of their own, so that an import never blocks a sign-in, and no report's query can reach them.
"""

from typing import Any

from peewee import (
    BigIntegerField,
    BooleanField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from models.connections import access_db


class AccessModel(Model):
    id: Any

    class Meta:
        database = access_db
        legacy_table_names = False


class User(AccessModel):
    """A person who may sign in.

    `email_key` is the email in the form in which emails are compared. `reseller` is the name of the reseller whose
    customers the person sees, None for all: a name, because ids change when the reports are imported anew.
    `temporary_until` is when a password that somebody else has set expires, None for the person's own.
    `may_use_provider` says whether the person may sign in through the OpenID Connect provider, `may_see_costs` whether
    reports have their columns of amounts.
    """

    email = TextField()
    email_key = TextField(unique=True)
    password_hash = TextField()
    role = TextField()
    reseller = TextField(null=True)
    disabled = BooleanField(default=False)
    temporary_until = DateTimeField(null=True)
    created_at = DateTimeField()
    may_use_provider = BooleanField(default=False)
    may_see_costs = BooleanField(default=True)


class Identity(AccessModel):
    """A user's account at an OpenID Connect provider, which `issuer` and `subject` name for good."""

    user = ForeignKeyField(User, on_delete="CASCADE")
    issuer = TextField()
    subject = TextField()
    created_at = DateTimeField()

    class Meta:
        indexes = ((("issuer", "subject"), True), (("user", "issuer"), True))


class UsedState(AccessModel):
    """The state of a sign-in through the provider that has come back, so that none comes back twice."""

    state_hash = TextField(unique=True)
    used_at = DateTimeField(index=True)


class Session(AccessModel):
    """A user signed in at one browser, whose cookie holds the token that `token_hash` is the hash of.

    `browser` is in words, "Firefox on Windows", and `address` that of the latest request, as of `seen_at`.
    `confirmed_at` is when the user last entered the password or a code, None where that is older than the column.
    `origin` is the sign-in method, one of `SignInMethod` in app/auth/visitor.py.
    """

    token_hash = TextField(unique=True)
    user = ForeignKeyField(User, on_delete="CASCADE")
    created_at = DateTimeField(index=True)
    seen_at = DateTimeField(index=True)
    confirmed_at = DateTimeField(null=True)
    browser = TextField(default="")
    address = TextField(default="")
    origin = TextField(default="")


class SecondFactor(AccessModel):
    """A user's authenticator app. Its secret is derived from `seed`; codes up to `last_step` are used."""

    user = ForeignKeyField(User, on_delete="CASCADE", unique=True)
    seed = TextField()
    last_step = IntegerField()
    created_at = DateTimeField()


class RecoveryCode(AccessModel):
    """A code that replaces the authenticator app once: its row goes when it is used."""

    user = ForeignKeyField(User, on_delete="CASCADE")
    code_hash = TextField(unique=True)


class PendingSignIn(AccessModel):
    """A user who has entered the password, but no code yet, at the browser whose cookie holds the token.

    Or a user who has signed in at the provider, but entered no code yet. `origin` becomes that of the session.
    """

    token_hash = TextField(unique=True)
    user = ForeignKeyField(User, on_delete="CASCADE")
    created_at = DateTimeField(index=True)
    origin = TextField(default="")


class RememberedBrowser(AccessModel):
    """A browser whose cookie holds the token, and where the user signs in without a code."""

    token_hash = TextField(unique=True)
    user = ForeignKeyField(User, on_delete="CASCADE")
    created_at = DateTimeField(index=True)


class AccessToken(AccessModel):
    """A token with which programs act as its owner, until `last_day` is over. `token_hash` is its hash.

    `used_at` and `address` are those of a recent request, and `requests` is how many came in `minute`. `origin` is that
    of the session in which the owner made the token.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    name = TextField()
    token_hash = TextField(unique=True)
    may_import = BooleanField(default=False)
    origin = TextField(default="")
    last_day = DateField()
    created_at = DateTimeField()
    used_at = DateTimeField(null=True)
    address = TextField(default="")
    minute = TextField(default="")
    requests = IntegerField(default=0)


class TokenNetwork(AccessModel):
    """An IPv4 address or an IPv6 /64 network from which a token was used. `seen_at` is when for the first time."""

    token = ForeignKeyField(AccessToken, on_delete="CASCADE")
    network = TextField()
    seen_at = DateTimeField()

    class Meta:
        indexes = ((("token", "network"), True),)


class SavedView(AccessModel):
    """A named view of a report. `query` is its canonical query string, without the page position and open rows.

    Everybody with the same `reseller` as the owner sees a shared view. A report opens with the user's default view.
    Nobody sees a deleted view, which has a `deleted_at`; its owner can restore it.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: int
    report = TextField()
    name = TextField()
    query = TextField()
    shared = BooleanField(default=False)
    is_default = BooleanField(default=False)
    deleted_at = DateTimeField(null=True)


# A user's views of a report have different names, but for deleted ones.
SavedView.add_index(
    SavedView.index(
        SavedView.user,
        SavedView.report,
        SavedView.name,
        unique=True,
        where=SavedView.deleted_at.is_null(),
        name="saved_view_name",
    )
)
SavedView.add_index(
    SavedView.index(
        SavedView.report,
        SavedView.name,
        SavedView.id,
        where=SavedView.shared & SavedView.deleted_at.is_null(),
        name="saved_view_shared",
    )
)


class Delivery(AccessModel):
    """A saved view that goes out by mail, at times that app/deliveries/schedule.py makes of `kind`, `day` and `hour`.

    `user` is its owner. `view` is None when the view was removed for good, `view_name` is its name then. `next_at` is
    when it is due next. `file_format` is "link", "csv" or "xlsx". With `only_rows` no mail goes out about no rows, with
    `only_new` none about the same rows as the time before.
    """

    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: int
    view = ForeignKeyField(SavedView, on_delete="SET NULL", null=True)
    view_id: int | None
    view_name = TextField()
    kind = TextField()
    day = IntegerField()
    hour = IntegerField()
    file_format = TextField()
    only_rows = BooleanField(default=False)
    only_new = BooleanField(default=False)
    created_at = DateTimeField()
    next_at = DateTimeField(index=True)
    paused_at = DateTimeField(null=True)


class DeliveryRecipient(AccessModel):
    """A person who gets a delivery, until they stop it."""

    delivery = ForeignKeyField(Delivery, on_delete="CASCADE")
    delivery_id: int
    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: int
    created_at = DateTimeField()
    stopped_at = DateTimeField(null=True)

    class Meta:
        indexes = ((("delivery", "user"), True),)


class DeliveryRun(AccessModel):
    """A mail of a delivery to a person, due at a time: there is never a second one of these three.

    `state` is one of those in app/deliveries/runs.py. `attempts` counts those to send it, `next_at` is when the next
    one begins, and `seen_at` when the state changed. `rows` is None until they were counted. `message` says why it
    wasn't sent. `fingerprint` is a digest of the rows that were sent.
    """

    delivery = ForeignKeyField(Delivery, on_delete="CASCADE")
    delivery_id: int
    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: int
    due_at = DateTimeField()
    created_at = DateTimeField()
    state = TextField()
    attempts = IntegerField(default=0)
    next_at = DateTimeField()
    seen_at = DateTimeField()
    rows = BigIntegerField(null=True)
    message = TextField(default="")
    fingerprint = TextField(default="")

    class Meta:
        indexes = ((("delivery", "due_at", "user"), True), (("state", "next_at"), False))


class Attempt(AccessModel):
    """A sign-in that has failed, or is being checked, or the first of those that were `refused` after too many.

    `account` is a digest of what was typed as the email, or of the name of another secret, such as a token. `address`
    is an IPv4 address or an IPv6 /64 network, `site` the same IPv4 address or the /48 network. Of a known browser both
    are a digest of its name.
    """

    account = TextField(index=True)
    address = TextField()
    site = TextField(default="", index=True)
    at = DateTimeField(index=True)
    refused = BooleanField(default=False)

    class Meta:
        indexes = ((("address", "at"), False),)


class ExportSlot(AccessModel):
    """An export of a user that runs, or waits for those of the user with a smaller id."""

    user = ForeignKeyField(User, on_delete="CASCADE")
    renewed_at = DateTimeField()

    class Meta:
        table_name = "export_place"


class ImportJob(AccessModel):
    """A file that somebody gave to be imported, and what became of it. Its id is the import's number.

    It is with the users, because a running import locks the reports. `user` is None for the command; `who` is the
    name of whoever gave it. `options` is JSON of what they chose, `headings` a digest of the file's headings, `preview`
    and `plan` JSON of its first rows and of what the last check found, and `message` says what stopped the job.

    `state` is one of those in app/jobs/states.py, a hint: whether the file is applied the reports alone tell.
    `revision` counts the changes of the options, so that a result of older ones isn't taken for one of these.
    `done` counts bytes that the running job has read, and `seen_at` is its last heartbeat. `undo` is the number of
    the import that undoes this one.
    """

    user = ForeignKeyField(User, on_delete="SET NULL", null=True)
    user_id: int | None
    who = TextField()
    file = TextField()
    size = BigIntegerField(default=0)
    sha256 = TextField(default="", index=True)
    created_at = DateTimeField(index=True)
    report = TextField(default="")
    state = TextField()
    revision = IntegerField(default=0)
    options = TextField(default="{}")
    headings = TextField(default="")
    preview = TextField(default="")
    plan = TextField(default="")
    message = TextField(default="")
    done = BigIntegerField(default=0)
    seen_at = DateTimeField()
    undo = IntegerField(null=True)


class JobRunner(AccessModel):
    """The process that works on jobs: one row with its last heartbeat."""

    seen_at = DateTimeField()


# The tables that are copied to another database. Rows of UsedState, ExportSlot and JobRunner are of running processes.
TABLES = (
    User,
    Identity,
    Session,
    SecondFactor,
    RecoveryCode,
    PendingSignIn,
    RememberedBrowser,
    SavedView,
    Attempt,
    AccessToken,
    TokenNetwork,
    ImportJob,
    Delivery,
    DeliveryRecipient,
    DeliveryRun,
)
