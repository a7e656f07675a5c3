"""A real Chromium, and the real server on small demo data. An error in the browser's console fails the test."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from shutil import copy
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError, expect

from app.auth import users
from app.demo import fill
from models import apply_migrations, close_connections, open_database
from tests import provision
from tests.serving import TODAY, Serve, htmx_server, server, token
from tests.support import BY

PASSWORD = "correct horse battery"
ADMIN = "ann@partner.example"
LEAVER = "lea@partner.example"  # another admin; tests may end her sessions, but nobody else's
VIEWER, RESELLER = "vic@reseller.example", "Systemhaus Grünwald AG"
USERS = [(ADMIN, "admin", None), (LEAVER, "admin", None), (VIEWER, "viewer", RESELLER)]

# Features of Chromium that cost half of its time in a test: the windows of the address bar, and a spare process.
# The others are those that Playwright itself disables: only the last --disable-features counts.
DISABLED_FEATURES = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess",
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled",
    "PreconnectToSearch",
)  # fmt: skip

expect.set_options(timeout=15_000)  # three times the default: CI machines are slow and busy

WATCH_POLICY = """addEventListener("securitypolicyviolation", violation =>
    console.error(`${violation.violatedDirective} forbids ${violation.blockedURI}`))"""


Open = Callable[[str], Page]


class SignIn(Protocol):
    """Opens a page in a context of its own, where a person has signed in."""

    def __call__(self, email: str, password: str = PASSWORD) -> Page: ...


def expect_sign_in(page: Page) -> None:
    """Expect the sign-in page, and nothing of any report."""
    expect(page).to_have_url(re.compile(r"/login(\?|$)"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.locator("tbody tr")).to_have_count(0)


def expect_loaded(page: Page) -> None:
    """Expect a report's totals, which it fetches after the page."""
    expect(page.locator("tfoot")).to_be_attached()
    expect(page.locator("tfoot .no-script")).to_have_count(0)


def submit_sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium that is installed. Playwright itself disables the sandbox, which root can't have, and calls home."""
    features = f"--disable-features={','.join(DISABLED_FEATURES)}"
    args = ["--disable-gpu", "--disable-quic", "--in-process-gpu", "--process-per-site", features]
    return {"executable_path": provision.browser(), "args": args} | browser_type_launch_args


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"} | browser_context_args


@pytest.fixture(scope="session")
def admin_session(base_url: str) -> str:
    """The session token of an admin, valid on every server here: cookies ignore ports."""
    return token(base_url, ADMIN, PASSWORD)


@pytest.fixture(scope="session")
def base_url(serve: Serve, htmx_url: str) -> Iterator[str]:
    """The address of the server that most tests share. They must not change its reports."""
    with serve(HTMX_URL=htmx_url) as address:
        yield address


@pytest.fixture(scope="session")
def htmx_url() -> Iterator[str]:
    """The address of a server with htmx.

    Answering the CDN's address inside the browser (`page.route`) would disable its cache, and hide faults that only a
    cache shows, such as Back showing a fragment in place of a page.
    """
    with htmx_server(provision.htmx().read_bytes()) as address:
        yield address


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with reports.db, filled with demo data, and access.db with USERS."""
    folder = tmp_path_factory.mktemp("demo")
    with opened(folder):
        apply_migrations()
        fill(60, 900, 7, date.fromisoformat(TODAY))
        for email, role, reseller in USERS:
            users.add_user(BY, email, role, reseller, PASSWORD)
    return folder


@pytest.fixture(scope="session")
def serve(demo_folder: Path) -> Serve:
    """Starts a server with settings of its own, on the demo data that all tests share and on its day."""
    one_worker = "--workers 1"  # it starts faster than two, and one browser is never served by more
    return partial(server, None, "tests.demo_day:app", DATABASE_URL=url_of(demo_folder), GUNICORN_CMD_ARGS=one_worker)


@pytest.fixture
def demo_copy(demo_folder: Path, tmp_path: Path) -> Path:
    """A folder with a copy of the demo data, which a test may change."""
    for file in demo_folder.glob("*.db*"):
        copy(file, tmp_path)
    return tmp_path


@contextmanager
def opened(folder: Path) -> Iterator[None]:
    """Open the databases in a folder, or create them."""
    open_database(url_of(folder))
    yield
    close_connections()


def remove_views(folder: Path, name: str) -> None:
    """Remove saved views whose names contain `name` for good. The page tells of views that are deleted by hand."""
    with closing(sqlite3.connect(folder / "access.db")) as access, access:
        access.execute("DELETE FROM saved_view WHERE instr(name, ?)", [name])


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'reports.db'}"


@pytest.fixture(scope="session")
def address_without_htmx(serve: Serve) -> Iterator[str]:
    """The address of a server whose pages name an htmx that doesn't exist."""
    with serve(HTMX_URL="/static/gone.js") as address:
        yield address


@pytest.fixture(params=["scripts off"])
def open_plain(
    request: pytest.FixtureRequest, new_context: Callable[..., BrowserContext], address_without_htmx: str
) -> Open:
    """Opens a path in a browser without scripts; with the parameter "no htmx", in one that only lacks htmx."""
    page = new_context(java_script_enabled=request.param == "no htmx").new_page()

    def open_path(path: str) -> Page:
        page.goto(address_without_htmx + path)
        return page

    return open_path


@pytest.fixture
def browser_errors(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Collects errors of the console, of scripts and of the content policy, which fail the test.

    A test that provokes errors names a part of each: @pytest.mark.provokes("status of 400").
    """
    errors: list[str] = []
    yield errors
    expected = [text for mark in request.node.iter_markers("provokes") for text in mark.args]
    unexpected = [error for error in errors if not any(text in error for text in expected)]
    if unexpected:
        pytest.fail("The browser reported errors:\n" + "\n".join(unexpected), pytrace=False)


@contextmanager
def watched(context: BrowserContext, errors: list[str]) -> Iterator[None]:
    """Append the errors of a context meanwhile."""

    def record_message(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            errors.append(f"{message.text} ({message.location['url']})")

    def record_error(failure: WebError) -> None:
        errors.append(str(failure.error))

    context.on("console", record_message)
    context.on("weberror", record_error)
    yield
    context.remove_listener("console", record_message)
    context.remove_listener("weberror", record_error)


def begin_session(context: BrowserContext, session: str) -> None:
    context.add_cookies([{"name": "session", "value": session, "domain": "127.0.0.1", "path": "/"}])


@pytest.fixture(scope="session")
def shared_context(browser: Browser, browser_context_args: dict[str, Any], base_url: str) -> Iterator[BrowserContext]:
    """A context with a page that stays open, so that the pages of all tests share its process."""
    context = browser.new_context(**browser_context_args)
    context.add_init_script(WATCH_POLICY)
    context.new_page().goto("/healthz")
    yield context
    context.close()


@pytest.fixture
def page(shared_context: BrowserContext, admin_session: str, browser_errors: list[str]) -> Iterator[Page]:
    """A new page with the session of an admin, and no other cookie."""
    shared_context.clear_cookies()
    begin_session(shared_context, admin_session)
    with watched(shared_context, browser_errors):
        yield shared_context.new_page()
    shared_context.set_offline(False)
    for page in shared_context.pages[1:]:
        page.close()


@pytest.fixture
def new_context(
    new_context: Callable[..., BrowserContext], admin_session: str, browser_errors: list[str]
) -> Iterator[Callable[..., BrowserContext]]:
    """Creates contexts with the session of an admin, unless a test passes another, or ""."""
    with ExitStack() as watches:

        def create(session: str = admin_session, **options: Any) -> BrowserContext:
            context = new_context(**options)
            if session:
                begin_session(context, session)
            watches.enter_context(watched(context, browser_errors))
            context.add_init_script(WATCH_POLICY)
            return context

        yield create


@pytest.fixture
def sign_in(new_context: Callable[..., BrowserContext], base_url: str) -> SignIn:
    def sign_in(email: str, password: str = PASSWORD) -> Page:
        return new_context(session=token(base_url, email, password)).new_page()

    return sign_in


@pytest.fixture
def stranger(new_context: Callable[..., BrowserContext]) -> Page:
    """A page in a context where nobody has signed in."""
    return new_context(session="").new_page()
