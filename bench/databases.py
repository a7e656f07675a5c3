"""The databases to measure: the demo's partner in several sizes. They are made once and stay in .cache/bench."""

import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from flask import Flask

from app import create_app
from app.auth import users
from app.auth.users import find_user
from app.demo import fill
from app.web.services import services
from models import Customer, Holding, Subscription, Transaction, User, apply_migrations, reports_db

CACHE = Path(__file__).parents[1] / ".cache" / "bench"
_TRANSACTIONS_PER_CUSTOMER = 25
_TODAY = date(2026, 11, 22)
_EMAIL, _PASSWORD = "bench@partner.example", "violins only for measuring"


def make_database(transactions: int) -> Path:
    """Return the database with so many transactions; make it when it isn't there. A million takes some minutes."""
    customers = max(1, transactions // _TRANSACTIONS_PER_CUSTOMER)
    return _make_once(CACHE / f"{transactions}.db", lambda: fill(customers, transactions, 1, _TODAY))


def make_copy(path: Path, name: str, change: Callable[[], object]) -> Path:
    """Return a copy of a database, named `name`, after `change` was called on it; make it when it isn't there."""
    return _make_once(path.with_name(f"{name}.db"), change, path)


def _make_once(path: Path, make: Callable[[], object], template: Path | None = None) -> Path:
    """Call `make` on a new file or a copy of `template`, and give the file its name when it is complete."""
    if not path.exists():
        print(f"Making {path.name}", file=sys.stderr)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        if template:
            open_app(template)
            reports_db.execute_sql("VACUUM INTO ?", (str(unfinished),))
        open_app(unfinished)
        make()
        reports_db.close()
        unfinished.rename(path)
    return path


def describe(path: Path) -> str:
    """The number of rows and the size, as "10,000 transactions, 400 customers, …; 10 MB"."""
    open_app(path)
    models = {"transactions": Transaction, "customers": Customer, "subscriptions": Subscription, "holdings": Holding}
    counts = [f"{model.select().count():,} {name}" for name, model in models.items()]
    return f"{', '.join(counts)}; {path.stat().st_size / 1e6:,.0f} MB"


def open_app(database: Path | str) -> Flask:
    """The application on a SQLite file, or on the database of a URL, with its schema up to date."""
    os.environ["DATABASE_URL"] = sqlite_url(database) if isinstance(database, Path) else database
    os.environ["SECRET_KEY"] = "only for measuring, and long enough for any"
    app = create_app()
    apply_migrations()
    return app


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def sign_in(app: Flask, email: str = _EMAIL) -> str:
    """The session cookie of an admin who sees the whole partner."""
    user = find_user(email)
    if user is None:
        users.add_user({"who": "bench"}, email, "admin", None, _PASSWORD)
        user = User.get(User.email == email)
    return f"session={services(app).sessions.create(user)}"
