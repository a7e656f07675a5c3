"""What a fragment tells htmx: stale parts of the filter form, and the address for the browser's history."""

import pytest
from flask import Flask

from app.reports import REPORTS
from app.web.reports.context import FilterField
from app.web.reports.htmx import history_headers, updates
from tests.support import view_of

PATH = "/reports/customer-usage"
REPORT = REPORTS["customer-usage"]


def stale_parts(app: Flask, shown: str, requested: str, source: str, has_button: bool = False) -> tuple[set[str], bool]:
    """The keys of stale fields and whether the column chooser is stale.

    The browser is at the query string `shown`; the element `source` sends `requested`.
    """
    view = view_of("customer-usage", [tuple(pair.split("=")) for pair in requested.split("&") if pair])
    fields = [FilterField(filter_, view.filters.get(filter_.key, ""), []) for filter_ in REPORT.filters]
    headers = {"HX-Current-URL": f"http://localhost{PATH}?{shown}", "HX-Source": source}
    with app.test_request_context(f"{PATH}?{requested}", headers=headers):
        context = updates(fields, view, has_button)
    return {field.filter.key for field in context["fields"]}, context["update_chooser"]


@pytest.mark.parametrize(
    ("shown", "requested", "stale"),
    [
        ("q=a&reseller=-", "q=a", {"reseller"}),
        ("q=a", "q=a&sort=used", set()),
        ("q=a", "", {"q"}),
        ("", "usage=over", {"usage"}),
        ("q=a", "q=b&usage=over", {"q", "usage"}),
        ("q=a&unknown=1", "q=a", set()),
    ],
)
def test_link_makes_the_fields_stale_that_it_changes(app: Flask, shown: str, requested: str, stale: set[str]) -> None:
    assert stale_parts(app, shown, requested, "a#link") == (stale, False)


def test_form_shows_what_it_sends_already(app: Flask) -> None:
    assert stale_parts(app, "q=a", "q=ab&usage=over&columns=used", "form#filters") == (set(), False)


def test_chooser_is_stale_after_a_button_or_without_columns(app: Flask) -> None:
    for source, requested, has_button, stale in (
        ("form#filters", "columns=used", False, False),
        ("form#filters", "q=a", False, True),  # no column is checked: the default ones return
        ("form#filters", "columns=used", True, True),
        ("a#link", "q=a", False, False),
    ):
        assert stale_parts(app, "", requested, source, has_button)[1] is stale


@pytest.mark.parametrize(
    ("current", "requested", "header"),
    [
        ("", "q=a", "HX-Push-Url"),
        ("q=a", "", "HX-Push-Url"),
        ("q=a", "q=ac", "HX-Replace-Url"),
        ("q=a&sort=used", "q=ac&sort=used", "HX-Replace-Url"),
        ("q=a", "q=ac&reseller=-", "HX-Push-Url"),
        ("q=a", "q=a&sort=used", "HX-Push-Url"),
        ("q=a&size=25", "q=a&size=25", None),
        ("reseller=-&q=a", "q=a&reseller=-", None),  # another order of the same view
        ("size=7", "", "HX-Push-Url"),  # an address with an error is no view
    ],
)
def test_history_pushes_or_replaces_the_address(app: Flask, current: str, requested: str, header: str | None) -> None:
    view = view_of("customer-usage", [tuple(pair.split("=")) for pair in requested.split("&") if pair])
    with app.test_request_context(headers={"HX-Current-URL": f"http://localhost{PATH}?{current}"}):
        assert history_headers(view) == (
            {header: f"{PATH}{'?' * bool(requested)}{view.query_string}"} if header else {}
        )


@pytest.mark.parametrize("address", ["", "http://[", "nonsense", "http://localhost/elsewhere?a=b"])
def test_odd_current_address_pushes_a_filtered_view(app: Flask, address: str) -> None:
    view = view_of("customer-usage", [("q", "a")])
    with app.test_request_context(headers={"HX-Current-URL": address}):
        assert history_headers(view) == {"HX-Push-Url": f"{PATH}?q=a"}
