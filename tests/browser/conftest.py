"""A real Chromium, and the real server on a small demo. Whatever a page complains of fails its test."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, WebError

from tests import provision
from tests.serving import TODAY, Serve, flask, htmx_server, server, token

ADMIN, PASSWORD = "ann@partner.example", "correct horse battery"

WATCH_POLICY = """addEventListener("securitypolicyviolation", violation =>
    console.error(`${violation.violatedDirective} forbids ${violation.blockedURI}`))"""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Chromium as it is found. Playwright itself turns off the sandbox, which root can't have, and calls home."""
    args = ["--disable-gpu", "--disable-quic"]
    return {"executable_path": provision.browser(), "args": args} | browser_type_launch_args


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], base_url: str) -> dict[str, Any]:
    """An admin of the whole partner, signed in at every server that is served here; cookies know no ports."""
    held = {"name": "session", "value": token(base_url, ADMIN, PASSWORD), "domain": "127.0.0.1", "path": "/"}
    state = {"cookies": [{**held, "httpOnly": True, "sameSite": "Lax"}]}
    laptop = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
    return {**laptop, "storage_state": state} | browser_context_args


@pytest.fixture(scope="session")
def base_url(serve: Serve) -> Iterator[str]:
    """The address of the server that most tests share; they change nothing in it.

    It takes htmx from a server of ours. Answering the CDN's address inside the browser (`page.route`) would turn its
    cache off, and hide every fault that only a cache shows, such as Back finding a fragment in place of a page.
    """
    with htmx_server(provision.htmx().read_bytes()) as htmx_url, serve(HTMX_URL=htmx_url) as address:
        yield address


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Starts a server with settings of its own on the demo that all share."""
    database = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'reports.db'}"
    flask("migrate", DATABASE_URL=database)
    sizes = ["--customers", "60", "--transactions", "900", "--seed", "7", "--today", TODAY]
    flask("demo", *sizes, DATABASE_URL=database)
    flask("user", "add", ADMIN, "--role", "admin", "--password-stdin", says=PASSWORD, DATABASE_URL=database)
    return partial(server, DATABASE_URL=database)


@pytest.fixture
def new_context(
    new_context: Callable[..., BrowserContext], request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserContext]]:
    """Watch every page that a test opens: its console, scripts and content policy must have nothing to complain of.

    A test that provokes complaints names a part of each: @pytest.mark.provokes("status of 400").
    """
    complaints: list[str] = []

    def of_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.text} ({message.location['url']})")

    def of_script(failure: WebError) -> None:
        complaints.append(str(failure.error))

    def watched(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.on("console", of_console)
        context.on("weberror", of_script)
        context.add_init_script(WATCH_POLICY)
        return context

    yield watched
    provoked = [text for mark in request.node.iter_markers("provokes") for text in mark.args]
    unprovoked = [each for each in complaints if not any(text in each for text in provoked)]
    if unprovoked:
        pytest.fail("The browser complained:\n" + "\n".join(unprovoked), pytrace=False)
