"""Visits to an OpenID Connect provider as a browser makes them, and the application with that provider."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from time import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from app import create_app
from app.auth import users
from app.auth.oidc.identities import allow_provider
from models import AuditEvent, User
from tests.openid import CLIENT_ID, CLIENT_SECRET, FakeProvider, openid_provider
from tests.support import BY

NOW = int(time())
ANN, PASSWORD = "ann@partner.example", "correct horse battery"
USAGE = "/reports/customer-usage?sort=-used"
HTML = {"Accept": "text/html"}


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with openid_provider() as provider:
        yield provider


def create(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Flask:
    client = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
    for name, value in (client | settings).items():
        monkeypatch.setenv(name, value)
    application = create_app()
    application.testing = False
    return application


@pytest.fixture
def app(
    app: Flask, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, bytecode_cache: FileSystemBytecodeCache
) -> Flask:
    """The application with the provider."""
    application = create(provider, monkeypatch)
    application.jinja_env.bytecode_cache = bytecode_cache
    return application


@pytest.fixture
def ann(app: Flask) -> User:
    """A user who may sign in through the provider."""
    users.add_user(BY, ANN, "admin", None, PASSWORD)
    allow_provider(BY, User.get(email=ANN))
    return User.get(email=ANN)


def visit_provider(url: str) -> str:
    """Go to the provider as a browser does, and return where it redirects to."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    location = connection.getresponse().headers["Location"]
    connection.close()
    assert location.startswith("http://localhost/login/oidc/callback?")
    return location.removeprefix("http://localhost")


def sign_in(client: FlaskClient, next_url: str = "/reports") -> TestResponse:
    """Sign in at the provider, and come back."""
    begun = client.get("/login/oidc", query_string={"next": next_url})
    assert begun.status_code == 303
    return client.get(visit_provider(begun.location), headers=HTML)


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/reports").status_code == 200


def last_event(event: str = "sign-in") -> AuditEvent:
    found: AuditEvent = AuditEvent.select().where(AuditEvent.event == event).order_by(AuditEvent.id.desc()).get()
    return found


def details(event: AuditEvent) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.details)
    return found
