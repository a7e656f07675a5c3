"""Ordered pairs of what people do on a report page, without waiting in between, at several latencies.

All pairs at all latencies take two hours. So `make trials` tries all of them at one latency, and of each report some
random ones at the others. `ALL_PAIRS=1 make trials` tries everything.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations, product
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import (
    admin_session,
    base_url,
    browser_context_args,
    browser_errors,
    browser_type_launch_args,
    demo_folder,
    htmx_url,
    new_context,
    page,
    serve,
    shared_context,
)
from tests.browser.intents import (
    STAGES,
    Intent,
    check_pair,
    expect_agreement,
    expect_file_of_page,
    export,
    intents_of,
    press,
    set_latency,
    settle,
    start_of,
)
from tests.support import OURS
from tests.trials.conftest import Trial

__all__ = [
    "admin_session",
    "base_url",
    "browser_context_args",
    "browser_errors",
    "browser_type_launch_args",
    "demo_folder",
    "htmx_url",
    "new_context",
    "page",
    "serve",
    "shared_context",
]

pytestmark = pytest.mark.slow_trial

Last = Callable[[Page, Intent], None]


def export_last(page: Page, first: Intent) -> None:
    file = export(page)
    settle(page, first.delay)
    set_latency(page, 0)
    assert first.is_there(expect_agreement(page)), f"{page.url} lacks it"
    expect_file_of_page(page, file)


def print_last(page: Page, first: Intent) -> None:
    with page.expect_popup() as popup:
        press(page, "#print")
    back = popup.value.get_by_role("link", name="Back to the report").get_attribute("href") or ""
    assert first.is_there(parse_qs(urlsplit(back).query)), f"{popup.value.url} lacks it"
    popup.value.close()


def save_last(page: Page, first: Intent) -> None:
    press(page, "#choose-save")
    page.keyboard.type("All pairs")
    page.keyboard.press("Enter")
    current = page.get_by_role("navigation", name="Saved views").locator("[aria-current]")
    expect(current).to_have_text("All pairs")
    number = page.locator("#results [name=opened]").get_attribute("value")
    page.request.post(f"/reports/views/{number}/delete", headers=OURS)
    assert first.is_there(parse_qs(urlsplit(page.url).query)), f"{page.url} lacks it"


# A file and paper have all rows, and a view is kept without a place.
LAST: dict[str, tuple[Last, set[str]]] = {
    "export": (export_last, set()),
    "print": (print_last, {"next", "size"}),
    "save": (save_last, {"next", "size", "expand"}),
}


LATENCY = 150  # milliseconds, at which all pairs are tried
OTHER_LATENCIES = [0, 300, 800]
SAMPLE = 12  # pairs of a report at each of these, other ones each time


@pytest.mark.parametrize("latency", [LATENCY, *OTHER_LATENCIES])
@pytest.mark.parametrize("slug", STAGES)
def test_pairs(trial: Trial, pytestconfig: pytest.Config, page: Page, slug: str, latency: int) -> None:
    """Two things that are done without waiting are both there, and page, address and file agree."""
    lost, pairs = [], list(checks(page, slug, latency))
    number = len(pairs)
    if latency in OTHER_LATENCIES and not pytestconfig.getoption("all_pairs"):
        start = OTHER_LATENCIES.index(latency) * SAMPLE
        pairs = trial.dice.sample(pairs, number)[start : start + SAMPLE]
    for name, check in pairs:
        try:
            check()
        except (AssertionError, Error) as failure:
            lost.append(f"{name}: {failure}")
    assert not lost, "\n".join(lost)
    trial.tell(f"{len(pairs)} of {number} pairs at {latency} ms", "nothing")


def checks(page: Page, slug: str, latency: int) -> Iterator[tuple[str, Callable[[], None]]]:
    intents = intents_of(slug)
    for pair in permutations(intents, 2):
        yield " ".join(pair), partial(check_pair, page, slug, " ".join(pair), latency)
    for name, (last, (act, left_out)) in product(intents, LAST.items()):
        if name not in left_out:
            yield f"{name} {last}", partial(check_last, page, slug, intents[name], act, latency)


def check_last(page: Page, slug: str, first: Intent, act: Last, latency: int) -> None:
    page.goto(start_of(slug))
    set_latency(page, latency)
    first.act(page)
    act(page, first)
    set_latency(page, 0)
