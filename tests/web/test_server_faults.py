"""A PostgreSQL that hangs up, refuses or takes no writes: a 503 betrays nothing, the log says what is wrong, what can
be read is read, and everything is as before when the fault has gone."""

from collections.abc import Iterator
from itertools import cycle

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

import models
from tests.databases import Server
from tests.support import signed_in
from tests.web.routes import UNSAFE
from tests.web.test_file_faults import FRAGMENT, HTML, OF_NOTHING, ask, every, signs_in

SETTINGS = {
    "refuses": ("ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true", "not currently accepting connections"),
    "takes no writes": (
        "SET default_transaction_read_only = on",
        "RESET default_transaction_read_only",
        "read-only transaction: the server takes no writes",
    ),
}


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    with postgres.copied() as address:
        yield address


class Operator:
    """Somebody who runs the server."""

    def __init__(self, address: str) -> None:
        name = address.partition("?")[0].rpartition("/")[2]
        self._name, self._address = name, address.replace(f"/{name}?", "/postgres?")

    def do(self, *changes: str) -> None:
        """Change how the database behaves, for connections that are made from now on: all others are ended."""
        with psycopg.connect(self._address, autocommit=True) as admin:
            for change in changes:
                admin.execute(f"ALTER DATABASE {self._name} {change}")
            admin.execute(
                f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{self._name}'"
            )


@pytest.fixture
def operator(database_url: str) -> Operator:
    return Operator(database_url)


@pytest.mark.usefixtures("nasty")
def test_a_connection_that_was_ended_while_it_was_idle_is_not_asked(app: Flask, operator: Operator) -> None:
    client = signed_in(app)
    for path in ("/reports/customer-usage", "/users", "/reports/customer-usage.csv", "/healthz"):
        operator.do()
        assert client.get(path).status_code == 200


@pytest.mark.usefixtures("nasty")
@pytest.mark.parametrize("fault", SETTINGS)
def test_every_route_says_that_the_server_does_not_answer_and_recovers(
    app: Flask, operator: Operator, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    client, asked = signed_in(app), every(app)
    begin, end, told = SETTINGS[fault]
    operator.do(begin)
    kinds = cycle((HTML, FRAGMENT, {}))
    for route in asked:
        status = ask(client, route, next(kinds))
        assert status < 500 or status == 503, route
        if route.method == "GET" and route.endpoint not in OF_NOTHING:
            assert status == 503 or fault != "refuses", route
            assert 0 < status < 500 or fault != "takes no writes" or "export" in route.endpoint, route
    assert signs_in(app) == 503
    assert any(told in message for message in caplog.messages)
    assert not any("SELECT" in message for message in caplog.messages)
    operator.do(end)
    assert all(0 < ask(client, route, HTML) < 500 for route in asked if route.method not in UNSAFE)
    assert signs_in(app) == 401


@pytest.mark.parametrize("fault", SETTINGS)
def test_commands_say_what_is_wrong(runner: FlaskCliRunner, operator: Operator, fault: str) -> None:
    begin, end, told = SETTINGS[fault]
    operator.do(begin)
    result = runner.invoke(args=["user", "add", "bob@partner.example", "--role", "viewer"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    operator.do(end)
    assert runner.invoke(args=["user", "add", "bob@partner.example", "--role", "viewer"]).exit_code == 0


@pytest.mark.usefixtures("app")
def test_a_write_whose_connection_is_lost_is_never_said_to_be_done(operator: Operator) -> None:
    def write() -> None:
        with models.write_transaction():
            models.Reseller.create(name="lost", name_key="lost")
            operator.do()

    with pytest.raises(models.DATABASE_ERRORS):
        write()
    assert not models.Reseller.select().where(models.Reseller.name == "lost").exists()
