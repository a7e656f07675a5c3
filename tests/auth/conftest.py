"""People with accounts, where a test needs one that has a password, on both databases."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.auth import users
from app.auth.sessions import Sessions
from app.auth.validation import find_user
from models import User
from tests.databases import on_both as database_url
from tests.support import BY

__all__ = ["database_url"]

PASSWORD = "correct horse battery"

Person = Callable[..., User]


@pytest.fixture
def person(app: Flask) -> Person:
    """Adds a person with PASSWORD: an admin of the whole partner, if nothing else is said."""

    def add(email: str = "ann@partner.example", role: str = "admin", reseller: str | None = None) -> User:
        users.add_user(BY, email, role, reseller, PASSWORD)
        user = find_user(email)
        assert user
        return user

    return add


@pytest.fixture
def sessions(app: Flask) -> Sessions:
    found: Sessions = app.extensions["sessions"]
    return found
