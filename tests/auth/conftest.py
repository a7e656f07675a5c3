"""Fixtures that add accounts with a password. Modules whose SQL differs by database run on both."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.auth import users
from app.auth.sessions import Sessions
from app.auth.users import find_user
from app.web.services import services
from models import Reseller, User, fold
from tests.support import BY

PASSWORD = "correct horse battery"
ZEBRA = "Zebra Resale"

Person = Callable[..., User]


@pytest.fixture
def person(app: Flask) -> Person:
    """Add a user with PASSWORD, by default an admin of the whole partner."""

    def add(email: str = "ann@partner.example", role: str = "admin", reseller: str | None = None) -> User:
        users.add_user(BY, email, role, reseller, PASSWORD)
        user = find_user(email)
        assert user
        return user

    return add


@pytest.fixture
def reseller(app: Flask) -> None:
    """Add the reseller ZEBRA, as an import does."""
    Reseller.create(name=ZEBRA, name_key=fold(ZEBRA))


@pytest.fixture
def sessions(app: Flask) -> Sessions:
    found: Sessions = services(app).sessions
    return found
