"""Saved views on the pages: save, list, open, share, delete."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.reports import REPORTS
from models import AuditEvent, SavedView, User
from tests.support import OURS, signed_in, table_rows

pytestmark = pytest.mark.usefixtures("nasty")

USAGE, SUBSCRIPTIONS = "/reports/customer-usage", "/reports/customer-subscriptions"
HTML = {"Accept": "text/html"}
ZEBRA = "Zebra Resale"


def save(client: FlaskClient, name: str, query: str = "", report: str = USAGE) -> TestResponse:
    return client.post(f"{report}/views", data={"name": name, "view": query}, headers=OURS | HTML)


def act(client: FlaskClient, action: str, view: int) -> TestResponse:
    return client.post(f"/reports/views/{view}/{action}", headers=OURS | HTML)


def links(client: FlaskClient) -> dict[str, str]:
    """The saved views that the Reports page lists, with their addresses."""
    found = re.findall(r'<a href="([^"]+)"><bdi>(.*?)</bdi></a>', client.get("/reports").text)
    return {unescape(name): unescape(address) for address, name in found}


def number(name: str) -> int:
    return SavedView.get(SavedView.name == name).id


@pytest.fixture
def viewer(app: Flask) -> FlaskClient:
    return signed_in(app, "viewer")


@pytest.fixture
def zebra(app: Flask) -> FlaskClient:
    return signed_in(app, "admin", ZEBRA)


@pytest.mark.parametrize("slug", REPORTS)
def test_save_view_from_report_page(client: FlaskClient, slug: str) -> None:
    report = f"/reports/{slug}"
    address = f"{report}?sort=-customer&size=100&q=twin"
    page = client.get(address).text
    assert f'<form id="save" action="{report}/views" method="post">' in page
    [sent] = re.findall(r'name="view" value="([^"]*)" form="save"', page)
    answer = save(client, "Twins & <b>others</b>", unescape(sent), report)
    assert (answer.status_code, answer.location) == (303, "/reports?done=save#views")
    assert links(client) == {"Twins & <b>others</b>": address}
    assert "The view is saved." in client.get(answer.location).text


def test_saved_view_has_no_paging_and_no_open_rows(client: FlaskClient) -> None:
    save(client, "End", "open=1&before=end&size=25&sort=-used")
    assert links(client) == {"End": f"{USAGE}?sort=-used&size=25"}


@pytest.mark.parametrize("fragment", [{}, {"HX-Request": "true", "HX-Request-Type": "partial"}])
def test_save_form_has_the_view_on_the_page(client: FlaskClient, fragment: dict[str, str]) -> None:
    text = client.get(f"{USAGE}?q=a&open=1&columns=customer&columns=used&sort=-used", headers=fragment).text
    [sent] = re.findall(r'name="view" value="([^"]*)" form="save"', text)
    assert unescape(sent) == "columns=customer&columns=used&sort=-used&q=a"


@pytest.mark.parametrize("name", ["", "  ", "Mine", "a" * 81, "a\nb"])
def test_invalid_name_keeps_input(client: FlaskClient, name: str) -> None:
    save(client, "Mine")
    answer = save(client, name, "sort=-used&q=%22%26")
    assert answer.status_code == 400
    assert 'class="error" id="name-error"' in answer.text
    [value] = re.findall(r'id="name" name="name" value="([^"]*)"', answer.text)
    assert value == name
    [sent] = re.findall(r'name="view" value="([^"]*)"', answer.text)
    assert save(client, "Another", unescape(sent)).status_code == 303
    assert links(client)["Another"] == f"{USAGE}?sort=-used&q=%22%26"


def test_replace_view_with_same_name(client: FlaskClient) -> None:
    save(client, "Mine")
    save(client, "Other")
    for action in ("share", "default"):
        act(client, action, number("Mine"))
    answer = save(client, "Mine", "sort=-used")
    [which] = re.findall(r'name="replace" value="(\d+)">Replace</button>', answer.text)
    assert "Others see" in answer.text
    sent = {"view": "sort=-used", "replace": which}
    elsewhere = client.post(f"{USAGE}/views", data={"name": "Other", **sent}, headers=OURS | HTML)
    assert elsewhere.status_code == 400  # which asks about that one first
    assert "Others see" not in elsewhere.text
    assert links(client) == {"Mine": USAGE, "Other": USAGE}
    answer = client.post(f"{USAGE}/views", data={"name": "Mine", **sent}, headers=OURS)
    assert (answer.status_code, answer.location) == (303, "/reports?done=replace#views")
    assert "saved in place of what it was" in client.get(answer.location).text
    assert links(client) == {"Mine": f"{USAGE}?sort=-used", "Other": USAGE}
    assert client.get("/reports/open?report=customer-usage").location == f"{USAGE}?sort=-used"


@pytest.mark.parametrize("replace", ["", "999", "x"])
def test_replace_needs_the_right_id(client: FlaskClient, replace: str) -> None:
    save(client, "Mine")
    data = {"name": "Mine", "view": "sort=-used", "replace": replace}
    assert client.post(f"{USAGE}/views", data=data, headers=OURS).status_code == 400
    assert links(client) == {"Mine": USAGE}


def test_50_shared_views_are_listed_with_a_link_to_all(app: Flask) -> None:
    ann, vic = signed_in(app), signed_in(app, "viewer")
    for at in range(52):
        save(ann, f"View {at:02}")
    SavedView.update(shared=True).execute()
    save(vic, "Zebra")
    assert set(links(vic)) == {*(f"View {at:02}" for at in range(50)), "Zebra"}
    [address] = re.findall(r'<a href="([^"]+)">Show 2 more that colleagues share</a>', vic.get("/reports").text)
    assert len(re.findall("Shared by", vic.get(address).text)) == 52
    assert "more that colleagues share" not in vic.get(address).text + ann.get("/reports").text


@pytest.mark.parametrize("sent", [{"view": "size=1"}, {"view": "columns=none"}, {"view": "q=" + "a" * 8000}, {}])
def test_invalid_view_is_not_saved(client: FlaskClient, sent: dict[str, str]) -> None:
    answer = client.post(f"{USAGE}/views", data={"name": "Mine", **sent}, headers=OURS)
    assert answer.status_code == 400
    assert "view" in answer.text or "size" in answer.text or "columns" in answer.text
    assert not links(client)


def test_viewer_saves_views_without_details(viewer: FlaskClient) -> None:
    assert save(viewer, "Mine", "sort=-used").status_code == 303
    assert save(viewer, "Inside", "columns=product").status_code == 403
    assert list(links(viewer)) == ["Mine"]
    assert table_rows(viewer.get(links(viewer)["Mine"]).text) == table_rows(viewer.get(f"{USAGE}?sort=-used").text)


def test_views_are_shared_with_colleagues(app: Flask, client: FlaskClient, zebra: FlaskClient) -> None:
    everybody = [client, signed_in(app, "viewer"), zebra, signed_in(app, "viewer", ZEBRA), signed_in(app, "admin", "B")]
    save(client, "of all", "reseller=Nobody")
    save(zebra, "of zebra", "q=secret")
    assert [set(links(who)) for who in everybody] == [{"of all"}, set(), {"of zebra"}, set(), set()]
    assert act(client, "share", number("of all")).location == "/reports?done=share#views"
    act(zebra, "share", number("of zebra"))
    assert [set(links(who)) for who in everybody] == [{"of all"}, {"of all"}, {"of zebra"}, {"of zebra"}, set()]
    assert "Shared by admin@partner.example" in everybody[1].get("/reports").text
    assert "Yours, shared with everybody of the whole partner" in client.get("/reports").text
    assert f"Yours, shared with everybody of <bdi>{ZEBRA}</bdi>" in zebra.get("/reports").text
    act(client, "unshare", number("of all"))
    assert not links(everybody[1])


def test_invisible_view_answers_like_a_missing_one(client: FlaskClient, zebra: FlaskClient) -> None:
    save(client, "theirs", "q=secret")
    there, missing = number("theirs"), 987654
    act(client, "share", there)
    for ask in (
        lambda each: zebra.get(f"/reports/views/{each}"),
        *(lambda each, action=action: act(zebra, action, each) for action in ("share", "unshare", "default", "delete")),
    ):
        answers = [ask(each) for each in (there, missing)]
        assert [answer.status_code for answer in answers] == [404, 404]
        texts = [answer.text.replace(f"“{each}”", "N") for answer, each in zip(answers, (there, missing), strict=True)]
        assert len({re.sub("[0-9a-f]{16}", "", text) for text in texts}) == 1
        assert "secret" not in texts[0]
    assert SavedView.get_by_id(there).shared


def test_only_the_owner_changes_a_view(client: FlaskClient, viewer: FlaskClient) -> None:
    save(client, "shared")
    act(client, "share", number("shared"))
    assert f"/reports/views/{number('shared')}/" not in viewer.get("/reports").text
    for action in ("share", "unshare", "default", "undefault", "delete"):
        assert act(viewer, action, number("shared")).status_code == 404
    view = SavedView.get()
    assert (view.shared, view.is_default) == (True, False)


def test_delete_view(client: FlaskClient) -> None:
    save(client, "Mine")
    view = number("Mine")
    assert act(client, "delete", view).location == "/reports?done=delete#views"
    assert not links(client)
    again = act(client, "delete", view)
    assert again.status_code == 404
    assert "may have been deleted" in again.text


def test_default_view_applies_to_open_only(client: FlaskClient, viewer: FlaskClient) -> None:
    save(client, "Mine", "sort=-used")
    act(client, "default", number("Mine"))
    opened = "/reports/open?report=customer-usage"
    assert client.get(opened).location == f"{USAGE}?sort=-used"
    assert client.get("/reports/open?report=customer-transactions").location == "/reports/customer-transactions"
    assert viewer.get(opened).location == USAGE
    assert table_rows(client.get(USAGE).text) == table_rows(viewer.get(USAGE).text), "an address means one thing"
    act(client, "undefault", number("Mine"))
    assert client.get(opened).location == USAGE


def test_view_with_removed_parts_opens_the_rest(client: FlaskClient) -> None:
    save(client, "Old", "sort=-end&status=Active", SUBSCRIPTIONS)
    gone = "columns=customer&columns=colour&sort=colour&status=Sleeping&q=a&mood=<b>"
    SavedView.update(query=gone, is_default=True).execute()
    address = f"/reports/views/{number('Old')}"
    assert links(client) == {"Old": address}
    assert client.get("/reports/open?report=customer-subscriptions").location == address
    page = client.get(address)
    assert page.status_code == 200
    for part in ("columns: “colour”", "sort: “colour”", "status: “Sleeping”", "mood: “&lt;b&gt;”"):
        assert part in page.text
    [left] = re.findall(r'class="button primary" href="([^"]+)"', page.text)
    assert unescape(left) == f"{SUBSCRIPTIONS}?columns=customer&q=a"
    assert client.get(unescape(left)).status_code == 200


def test_valid_view_redirects_to_report(client: FlaskClient) -> None:
    save(client, "Mine", "sort=-used")
    assert client.get(f"/reports/views/{number('Mine')}").location == f"{USAGE}?sort=-used"


def test_viewer_opens_shared_view_without_details(client: FlaskClient, viewer: FlaskClient) -> None:
    save(client, "Inside", "columns=product&columns=used&sort=product&certificate_type=Hush&q=a")
    act(client, "share", number("Inside"))
    address = links(viewer)["Inside"]
    page = viewer.get(address)
    assert (address, page.status_code) == (f"/reports/views/{number('Inside')}", 200)
    assert "Product as a column" in page.text
    assert "Certificate Type as a filter" in page.text
    assert "Hush" not in page.text + viewer.get("/reports").text
    [left] = re.findall(r'class="button primary" href="([^"]+)"', page.text)
    assert unescape(left) == f"{USAGE}?columns=customer&columns=used&q=a"
    assert viewer.get(unescape(left)).status_code == 200
    assert links(client)["Inside"].startswith(f"{USAGE}?columns=customer&columns=product")


def test_sharing_is_audited(client: FlaskClient) -> None:
    save(client, "Mine", "sort=-used")
    act(client, "share", number("Mine"))
    event = AuditEvent.get(AuditEvent.event == "view shared")
    assert (event.who, event.about) == ("admin@partner.example", "Mine")
    assert "sort=-used" in event.details
    assert event.address
    assert event.request


def test_view_of_removed_report_is_hidden(client: FlaskClient) -> None:
    SavedView.create(user=User.get(), report="customer-moods", name="Old", query="")
    assert client.get("/reports").status_code == 200
    assert links(client) == {}
    assert client.get(f"/reports/views/{number('Old')}").status_code == 404
