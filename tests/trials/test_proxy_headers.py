"""What nginx answers by itself."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.serving import server
from tests.support import EVERYWHERE
from tests.trials.conftest import Trial
from tests.trials.proxy import proxied

pytestmark = pytest.mark.slow_trial

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


def test_headers_of_a_refusal_by_the_proxy(trial: Trial, sqlite_file: str, tmp_path: Path) -> None:
    """Who is refused by the proxy's limits gets the security headers too."""
    with (
        server(DATABASE_URL=sqlite_file, PROXIES="1") as address,
        proxied(address, tmp_path / "nginx", limits=True) as proxy,
    ):
        sign_ins = Counter(asked(proxy, "POST", "/login", "email=ann") for _ in range(30))
        burst = partial(asked, proxy, "GET", "/reports/customer-usage", None, {"Cookie": "session=nobodys"})
        with ThreadPoolExecutor(130) as threads:
            pages = Counter(each.result() for each in [threads.submit(burst) for _ in range(130)])
            own = asked(proxy, "GET", "/reports/customer-usage", None, {"Cookie": "session=another"})
    assert sign_ins[429] >= 5, sign_ins
    assert pages[429] >= 5, pages
    assert own == 401
    trial.tell(
        f"30 sign-ins and 130 pages of one session at once, of which nginx refuses {sign_ins[429]} and {pages[429]}",
        "0 headers missing or twice; another session isn't refused",
    )


def asked(proxy: str, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = {}) -> int:
    """The status of an answer whose headers are right."""
    connection = HTTPConnection(proxy.removeprefix("http://"), timeout=60)
    connection._validate_method = lambda method: None  # type: ignore[attr-defined]
    connection.request(method, path, body, {**headers, **(FORM if body else {})})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    for name in HEADERS:
        assert len(answer.headers.get_all(name, [])) == 1, (answer.status, name, answer.headers.items())
    return answer.status
