"""A PostgreSQL that hangs up, refuses or takes no writes: pages are a 503 that betrays nothing, the log says what is
wrong, what can be read is shown, and afterwards everything works."""

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
from tests.web.test_file_faults import FRAGMENT, HTML, OF_NOTHING, all_routes, ask, sign_in_status

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
    """Administers the server."""

    def __init__(self, address: str) -> None:
        name = address.partition("?")[0].rpartition("/")[2]
        self._name, self._address = name, address.replace(f"/{name}?", "/postgres?")

    def do(self, *changes: str) -> None:
        """Alter the database for new connections, and end all others."""
        with psycopg.connect(self._address, autocommit=True) as admin:
            for change in changes:
                admin.execute(f"ALTER DATABASE {self._name} {change}")
            admin.execute(
                f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{self._name}'"
            )


@pytest.fixture
def operator(database_url: str) -> Operator:
    return Operator(database_url)


@pytest.mark.usefixtures("edge_cases")
def test_idle_connections_reconnect(app: Flask, operator: Operator) -> None:
    client = signed_in(app)
    for path in ("/reports/customer-usage", "/users", "/reports/customer-usage.csv", "/healthz"):
        operator.do()
        assert client.get(path).status_code == 200


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize("fault", SETTINGS)
def test_every_route_survives_a_server_fault(
    app: Flask, operator: Operator, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    client, tried = signed_in(app), all_routes(app)
    begin, end, message = SETTINGS[fault]
    operator.do(begin)
    kinds = cycle((HTML, FRAGMENT, {}))
    for route in tried:
        status = ask(client, route, next(kinds))
        assert status < 500 or status == 503, route
        if route.method == "GET" and route.endpoint not in OF_NOTHING:
            assert status == 503 or fault != "refuses", route
            assert 0 < status < 500 or fault != "takes no writes" or "export" in route.endpoint, route
    assert sign_in_status(app) == 503
    assert any(message in line for line in caplog.messages)
    assert not any("SELECT" in line for line in caplog.messages)
    operator.do(end)
    assert all(0 < ask(client, route, HTML) < 500 for route in tried if route.method not in UNSAFE)
    assert sign_in_status(app) == 401


@pytest.mark.parametrize("fault", SETTINGS)
def test_commands_explain_a_server_fault(runner: FlaskCliRunner, operator: Operator, fault: str) -> None:
    begin, end, message = SETTINGS[fault]
    operator.do(begin)
    result = runner.invoke(args=["user", "add", "bob@partner.example", "--role", "viewer"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    operator.do(end)
    assert runner.invoke(args=["user", "add", "bob@partner.example", "--role", "viewer"]).exit_code == 0


@pytest.mark.usefixtures("app")
def test_lost_connection_fails_the_write(operator: Operator) -> None:
    def write() -> None:
        with models.reports_db.write_transaction():
            models.Reseller.create(name="lost", name_key="lost")
            operator.do()

    with pytest.raises(models.DATABASE_ERRORS):
        write()
    assert not models.Reseller.select().where(models.Reseller.name == "lost").exists()
