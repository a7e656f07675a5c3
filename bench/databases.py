"""The databases that are measured: the demo's partner in several sizes."""

import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from flask import Flask

from app import create_app
from app.auth import users
from app.auth.users import authenticate, find_user
from app.demo import fill
from models import Customer, Holding, Subscription, Transaction, migrate, reports_db

CACHE = Path(__file__).parents[1] / ".cache" / "bench"
_PER_CUSTOMER = 25
_TODAY = date(2026, 11, 22)
_PASSWORD = "only for measuring"


def kept() -> list[int]:
    """How many transactions the databases have that are there."""
    return [int(path.stem) for path in CACHE.glob("*.db") if path.stem.isdigit()]


def made(transactions: int) -> Path:
    """The database with so many transactions, made when it isn't there."""
    path = CACHE / f"{transactions}.db"
    if not path.exists():
        print(f"Making a database with {transactions:,} transactions", file=sys.stderr)
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        opened(unfinished)
        migrate()
        fill(max(1, transactions // _PER_CUSTOMER), transactions, 1, _TODAY)
        reports_db.close()
        unfinished.rename(path)
    return path


def changed(path: Path, name: str, change: Callable[[], object]) -> Path:
    """A copy beside the database, in which something was changed; made when it isn't there."""
    copy = path.with_name(f"{name}.db")
    if not copy.exists():
        unfinished = copy.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        opened(path)
        reports_db.execute_sql("VACUUM INTO ?", (str(unfinished),))
        opened(unfinished)
        change()
        reports_db.close()
        unfinished.rename(copy)
    return copy


def described(path: Path) -> str:
    """What the database holds, in words."""
    opened(path)
    counted = (
        (Transaction, "transactions"),
        (Customer, "customers"),
        (Subscription, "subscriptions"),
        (Holding, "holdings"),
    )
    held = [f"{table.select().count():,} {name}" for table, name in counted]
    reports_db.close()
    return f"{', '.join(held)}; {path.stat().st_size / 1e6:,.0f} MB"


def opened(path: Path) -> Flask:
    """The application on a file."""
    return opened_at(f"sqlite:///{path}")


def opened_at(url: str) -> Flask:
    os.environ["DATABASE_URL"] = url
    os.environ["SECRET_KEY"] = "only for measuring, and long enough for any"
    app = create_app()
    migrate()
    return app


def signed_in(app: Flask, reseller: str | None = None) -> str:
    """The cookie of an admin, of the whole partner or of a reseller."""
    email = f"bench@{reseller or 'partner'}.example".replace(" ", "-")
    if not find_user(email):
        users.add_user({"who": "bench"}, email, "admin", reseller, _PASSWORD)
    user = authenticate(email, _PASSWORD, "bench")
    if user is None:
        raise RuntimeError(f"{email} can't sign in")
    return f"session={app.extensions['sessions'].create(user)}"
