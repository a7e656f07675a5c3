"""The page names the pinned htmx, and the browser runs that file and no other script."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests import provision
from tests.serving import Serve

OpenWithCDN = Callable[[bytes], None]

HTMX_RUNS = "window.htmx !== undefined"


@pytest.fixture(scope="module")
def address_with_cdn(serve: Serve) -> Iterator[str]:
    """The address of a server without HTMX_URL, whose pages name the CDN."""
    with serve(HTMX_URL="") as address:
        yield address


@pytest.fixture
def open_with_cdn(address_with_cdn: str, page: Page) -> OpenWithCDN:
    """Opens the Reports page with a CDN that responds with the given content."""

    def open_page(content: bytes) -> None:
        headers = {"access-control-allow-origin": "*"}
        page.route(
            provision.HTMX_URL,
            lambda route: route.fulfill(body=content, content_type="text/javascript", headers=headers),
        )
        page.goto(f"{address_with_cdn}/reports")

    return open_page


def test_page_names_the_pinned_htmx(open_with_cdn: OpenWithCDN, page: Page) -> None:
    open_with_cdn(provision.htmx().read_bytes())
    script = page.locator(f'script[src="{provision.HTMX_URL}"]')
    expect(script).to_have_attribute("integrity", provision.HTMX_HASH)
    expect(script).to_have_attribute("crossorigin", "anonymous")
    assert page.evaluate(HTMX_RUNS)


@pytest.mark.provokes("integrity")
def test_tampered_htmx_does_not_run(open_with_cdn: OpenWithCDN, page: Page) -> None:
    open_with_cdn(provision.htmx().read_bytes() + b" ")
    assert not page.evaluate(HTMX_RUNS)


def test_htmx_of_another_address_runs(page: Page) -> None:
    page.goto("/reports")
    assert page.evaluate(HTMX_RUNS)


@pytest.mark.provokes("script-src-elem forbids inline", "Content Security Policy")
def test_injected_script_does_not_run(page: Page) -> None:
    page.goto("/reports")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    assert not page.evaluate("window.ran")
