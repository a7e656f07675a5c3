"""What the browser tests stand on: the page names the pinned htmx, and the browser runs that file and no other."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests import provision
from tests.serving import Serve

Open = Callable[[bytes], None]

RUNS = "window.htmx !== undefined"


@pytest.fixture
def open_with_cdn(serve: Serve, page: Page) -> Iterator[Open]:
    """Opens the Reports page of a server that has no HTMX_URL, with what the CDN answers."""

    def answer(route: Route, content: bytes) -> None:
        route.fulfill(body=content, content_type="text/javascript", headers={"access-control-allow-origin": "*"})

    with serve(HTMX_URL="") as address:

        def open_page(content: bytes) -> None:
            page.route(provision.HTMX_URL, lambda route: answer(route, content))
            page.goto(f"{address}/reports")

        yield open_page


def test_the_page_names_the_pinned_address_and_hash(open_with_cdn: Open, page: Page) -> None:
    open_with_cdn(provision.htmx().read_bytes())
    script = page.locator(f'script[src="{provision.HTMX_URL}"]')
    expect(script).to_have_attribute("integrity", provision.HTMX_HASH)
    expect(script).to_have_attribute("crossorigin", "anonymous")
    assert page.evaluate(RUNS)


@pytest.mark.provokes("integrity")
def test_a_tampered_file_does_not_run(open_with_cdn: Open, page: Page) -> None:
    open_with_cdn(provision.htmx().read_bytes() + b" ")
    assert not page.evaluate(RUNS)


def test_htmx_from_an_address_of_ones_own_runs(page: Page) -> None:
    page.goto("/reports")
    assert page.evaluate(RUNS)


@pytest.mark.provokes("script-src-elem forbids inline", "Content Security Policy")
def test_a_script_that_was_slipped_into_a_page_does_not_run(page: Page) -> None:
    page.goto("/reports")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.slipped = 1'}))")
    assert not page.evaluate("window.slipped")
