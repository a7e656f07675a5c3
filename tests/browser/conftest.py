"""A real Chromium, and the real server on a small demo. Whatever a page complains of fails its test."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError, expect

from tests import provision
from tests.serving import TODAY, Serve, flask, htmx_server, server, token

PASSWORD = "correct horse battery"
ADMIN = "ann@partner.example"
LEAVER = "lea@partner.example"
"""An admin too. Tests may end her sessions; everybody else keeps theirs."""

VIEWER, RESELLER = "vic@reseller.example", "Systemhaus Grünwald AG"
PEOPLE = {ADMIN: ["--role", "admin"], LEAVER: ["--role", "admin"], VIEWER: ["--role", "viewer", "--reseller", RESELLER]}


WATCH_POLICY = """addEventListener("securitypolicyviolation", violation =>
    console.error(`${violation.violatedDirective} forbids ${violation.blockedURI}`))"""


class SignIn(Protocol):
    """Opens a tab in a browser of its own, where a person has signed in."""

    def __call__(self, email: str, password: str = PASSWORD) -> Page: ...


def expect_sign_in(page: Page) -> None:
    """The sign-in page is seen, and nothing of any report."""
    expect(page).to_have_url(re.compile(r"/login(\?|$)"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.locator("tbody tr")).to_have_count(0)


def expect_whole(page: Page) -> None:
    """What a report fetches after its page has arrived, too."""
    expect(page.locator("tfoot")).to_be_attached()
    expect(page.locator("tfoot .no-script")).to_have_count(0)


def give(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page, and send it."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Chromium as it is found. Playwright itself turns off the sandbox, which root can't have, and calls home."""
    args = ["--disable-gpu", "--disable-quic"]
    return {"executable_path": provision.browser(), "args": args} | browser_type_launch_args


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | browser_context_args


@pytest.fixture(scope="session")
def admitted(base_url: str) -> str:
    """The session of an admin of the whole partner, good at every server that is served here; cookies know no ports."""
    return token(base_url, ADMIN, PASSWORD)


@pytest.fixture(scope="session")
def base_url(serve: Serve, htmx_url: str) -> Iterator[str]:
    """The address of the server that most tests share; they change nothing in it."""
    with serve(HTMX_URL=htmx_url) as address:
        yield address


@pytest.fixture(scope="session")
def htmx_url() -> Iterator[str]:
    """Where htmx is had from: a server of ours.

    Answering the CDN's address inside the browser (`page.route`) would turn its cache off, and hide every fault that
    only a cache shows, such as Back finding a fragment in place of a page.
    """
    with htmx_server(provision.htmx().read_bytes()) as address:
        yield address


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the databases of the demo are, and of those who may see it."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def serve(folder: Path) -> Serve:
    """Starts a server with settings of its own on the demo that all share."""
    database = f"sqlite:///{folder / 'reports.db'}"
    flask("migrate", DATABASE_URL=database)
    sizes = ["--customers", "60", "--transactions", "900", "--seed", "7", "--today", TODAY]
    flask("demo", *sizes, DATABASE_URL=database)
    for email, rights in PEOPLE.items():
        flask("user", "add", email, *rights, "--password-stdin", says=PASSWORD, DATABASE_URL=database)
    return partial(server, DATABASE_URL=database)


@pytest.fixture
def new_context(
    new_context: Callable[..., BrowserContext], admitted: str, request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserContext]]:
    """Watch every page that a test opens: its console, scripts and content policy must have nothing to complain of.

    A test that provokes complaints names a part of each: @pytest.mark.provokes("status of 400").
    The browser holds the session of an admin, unless a test gives it another, or "".
    """
    complaints: list[str] = []

    def of_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.text} ({message.location['url']})")

    def of_script(failure: WebError) -> None:
        complaints.append(str(failure.error))

    def watched(session: str = admitted, **options: Any) -> BrowserContext:
        context = new_context(**options)
        if session:
            context.add_cookies([{"name": "session", "value": session, "domain": "127.0.0.1", "path": "/"}])
        context.on("console", of_console)
        context.on("weberror", of_script)
        context.add_init_script(WATCH_POLICY)
        return context

    yield watched
    provoked = [text for mark in request.node.iter_markers("provokes") for text in mark.args]
    unprovoked = [each for each in complaints if not any(text in each for text in provoked)]
    if unprovoked:
        pytest.fail("The browser complained:\n" + "\n".join(unprovoked), pytrace=False)


@pytest.fixture
def sign_in(new_context: Callable[..., BrowserContext], base_url: str) -> SignIn:
    def sign_in(email: str, password: str = PASSWORD) -> Page:
        return new_context(session=token(base_url, email, password)).new_page()

    return sign_in


@pytest.fixture
def stranger(new_context: Callable[..., BrowserContext]) -> Page:
    """A tab in a browser where nobody has signed in."""
    return new_context(session="").new_page()
