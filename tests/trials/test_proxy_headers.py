"""What nginx answers by itself."""

from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

from tests.serving import server
from tests.support import EVERYWHERE
from tests.trials.conftest import Trial
from tests.trials.proxy import proxied

HEADERS = {*EVERYWHERE, "Cache-Control", "X-Request-ID"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_headers_of_the_proxy(trial: Trial, sqlite_file: str, tmp_path: Path) -> None:
    """Every answer has the security headers once, nginx's own ones too."""
    with ExitStack() as stack:
        address = stack.enter_context(server(DATABASE_URL=sqlite_file, PROXIES="1"))
        with proxied(address, tmp_path / "nginx") as proxy:
            statuses = [
                asked(proxy, "GET", "/login"),
                asked(proxy, "GET", "/reports/customer-usage"),
                asked(proxy, "POST", "/login", "x" * 100_000),
                asked(proxy, "GET", f"/{'x' * 20_000}"),
                asked(proxy, "BREW POT", "/"),
            ]
            stack.close()
            statuses.append(asked(proxy, "GET", "/login"))
    assert statuses == [200, 401, 413, 414, 400, 502]
    trial.tell(
        f"answers {', '.join(map(str, statuses))}, of which nginx gives the last four", "0 headers missing or twice"
    )


def asked(proxy: str, method: str, path: str, body: str | None = None) -> int:
    """The status of an answer whose headers are right."""
    connection = HTTPConnection(proxy.removeprefix("http://"), timeout=10)
    connection._validate_method = lambda method: None  # type: ignore[attr-defined]
    connection.request(method, path, body, FORM if body else {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    for name in HEADERS:
        assert len(answer.headers.get_all(name, [])) == 1, (answer.status, name, answer.headers.items())
    return answer.status
