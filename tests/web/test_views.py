"""Saved views on the pages: save, list, open, share, delete."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.reports import REPORTS
from app.web.saved_views import ACTIONS
from models import AuditEvent, SavedView, User
from tests.support import OURS, signed_in, table_rows
from tests.web.forms import filled_in, sent_by_form

pytestmark = pytest.mark.usefixtures("edge_cases")

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
    assert f'<form id="save" class="form-stack" action="{report}/views" method="post">' in page
    [sent] = re.findall(r'<input type="hidden" name="view" value="([^"]*)">', page)
    answer = save(client, "Twins & <b>others</b>", unescape(sent), report)
    assert (answer.status_code, answer.location) == (303, address)
    assert links(client) == {"Twins & <b>others</b>": address}


def test_saved_view_has_no_paging_and_no_open_rows(client: FlaskClient) -> None:
    save(client, "End", "open=1&before=end&size=25&sort=-used")
    assert links(client) == {"End": f"{USAGE}?sort=-used&size=25"}


def test_save_form_has_the_view_on_the_page(client: FlaskClient) -> None:
    text = client.get(f"{USAGE}?q=a&open=1&columns=customer&columns=used&sort=-used").text
    [sent] = re.findall(r'<input type="hidden" name="view" value="([^"]*)">', text)
    assert unescape(sent) == "columns=customer&columns=used&sort=-used&q=a"


def test_view_is_saved_as_the_form_stands(client: FlaskClient) -> None:
    page = client.get(f"{USAGE}?open=1&columns=customer&columns=used&before=end&size=25").text
    form = [*filled_in(sent_by_form(page), q=" a", usage="over"), ("move", "used:up"), ("reset", "columns")]
    answer = save(client, "Form", urlencode(form))
    assert (answer.status_code, answer.location) == (303, f"{USAGE}?size=25&q=a&usage=over")


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
    [which] = re.findall(
        r' name="replace" value="(\d+)">Replace<span[^>]*> “<bdi>Mine</bdi>”</span></button>', answer.text
    )
    assert "Others see" in answer.text
    assert "Others see" not in save(client, "Other", "sort=-used").text
    assert links(client) == {"Mine": USAGE, "Other": USAGE}
    sent = {"name": "Other", "view": "sort=-used", "replace": which}
    answer = client.post(f"{USAGE}/views", data=sent, headers=OURS)
    assert (answer.status_code, answer.location) == (303, f"{USAGE}?sort=-used")
    view = SavedView.get(SavedView.name == "Mine")
    assert (str(view.id), view.shared, view.is_default) == (which, True, True)
    assert links(client) == {"Mine": f"{USAGE}?sort=-used", "Other": USAGE}
    assert client.get("/reports/open?report=customer-usage").location == f"{USAGE}?sort=-used"


@pytest.mark.parametrize("replace", ["", "999", "x", "²", "9" * 30, "theirs", "another report's"])
def test_replace_needs_a_view_of_the_same_owner_and_report(
    client: FlaskClient, viewer: FlaskClient, replace: str
) -> None:
    save(client, "Mine")
    save(client, "another report's", "", SUBSCRIPTIONS)
    save(viewer, "theirs")
    act(viewer, "share", number("theirs"))
    numbers = {each.name: each.id for each in SavedView.select()}
    data = {"name": "Mine", "view": "sort=-used", "replace": numbers.get(replace, replace)}
    assert client.post(f"{USAGE}/views", data=data, headers=OURS).status_code == 400
    assert {each.query for each in SavedView.select()} == {""}


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


def test_shared_views_are_paged(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.saved_views.MAX_SHARED", 2)
    monkeypatch.setattr("app.web.saved_views.SHARED_PER_PAGE", 3)
    ann, vic = signed_in(app), signed_in(app, "viewer")
    for at in range(8):
        save(ann, f"View {at}")
    SavedView.update(shared=True).execute()
    page, seen = vic.get("/reports").text, []
    while more := re.findall(r'<a href="([^"]+)">Show \d+ more that colleagues share</a>', page):
        page = vic.get(more[0]).text
        seen.append(re.findall(r"<bdi>(View \d)</bdi></a>", page))
    assert [len(names) for names in seen] == [3, 3, 2]
    assert [name for names in seen for name in names] == [f"View {at}" for at in range(8)]
    assert "Shared by" not in vic.get("/reports?shared=999999").text
    for odd in ("-1", "x", "1.5", "9999999", "²"):
        refused = vic.get("/reports", query_string={"shared": odd})
        assert (refused.status_code, odd in refused.text) == (400, True)


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
        *(lambda each, action=action: act(zebra, action, each) for action in ACTIONS),
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
    for action in ACTIONS:
        assert act(viewer, action, number("shared")).status_code == 404
    view = SavedView.get()
    assert (view.shared, view.is_default) == (True, False)


def test_delete_view_and_undo(client: FlaskClient, viewer: FlaskClient) -> None:
    save(client, "Mine & <b>", "sort=-used")
    view = number("Mine & <b>")
    for action in ("share", "default"):
        act(client, action, view)
    answer = act(client, "delete", view)
    assert answer.location == f"/reports?done=delete&view={view}#views"
    page = client.get(answer.location).text
    assert "The view “<bdi>Mine &amp; &lt;b&gt;</bdi>” is deleted." in page
    assert "is deleted" not in viewer.get(answer.location).text
    assert links(client) == links(viewer) == {}
    assert client.get("/reports/open?report=customer-usage").location == USAGE
    for other in [each for each in ACTIONS if each != "restore"]:
        again = act(client, other, view)
        assert again.status_code == 404
        assert "may have been deleted" in again.text
    assert act(viewer, "restore", view).status_code == 404
    [undo] = re.findall(r'action="(/reports/views/\d+/restore)"', page)
    for _ in range(2):  # a double click
        assert client.post(undo, headers=OURS).location == "/reports?done=restore#views"
    assert "is deleted" not in client.get(answer.location).text
    assert links(client) == links(viewer) == {"Mine & <b>": f"{USAGE}?sort=-used"}
    assert number("Mine & <b>") == view
    assert client.get("/reports/open?report=customer-usage").location == f"{USAGE}?sort=-used"


def test_restore_under_another_name_when_the_name_is_taken(client: FlaskClient) -> None:
    save(client, "Mine", "sort=-used")
    view = number("Mine")
    act(client, "delete", view)
    save(client, "Mine", "q=new")
    answer = client.post(f"/reports/views/{view}/restore", data={"next": f"{USAGE}?q=a"}, headers=OURS | HTML)
    assert answer.status_code == 400
    assert "You have another view “Mine” of this report; choose another name" in answer.text
    [address] = re.findall(r'<form class="form-stack" action="([^"]+)"', answer.text)
    [next_url] = re.findall(r'name="next" value="([^"]*)"', answer.text)
    answer = client.post(address, data={"next": unescape(next_url), "name": "Old"}, headers=OURS)
    assert (answer.status_code, answer.location) == (303, f"{USAGE}?q=a")
    assert links(client) == {"Mine": f"{USAGE}?q=new", "Old": f"{USAGE}?sort=-used"}


@pytest.mark.parametrize("number", ["", "x", "²", "9" * 30, "-1"])
def test_unknown_deleted_view_is_not_mentioned(client: FlaskClient, number: str) -> None:
    page = client.get("/reports", query_string={"done": "delete", "view": number})
    assert (page.status_code, "is deleted" in page.text) == (200, False)


def test_rename_view(client: FlaskClient) -> None:
    for name in ("Mine", "Other"):
        save(client, name)
    address = f"/reports/views/{number('Mine')}/rename"
    assert client.post(address, data={"name": " New "}, headers=OURS).location == "/reports?done=rename#views"
    assert "The view has its new name." in client.get("/reports?done=rename").text
    assert set(links(client)) == {"New", "Other"}
    for name, error in (("Other", "another view “Other”"), ("", "Enter a name"), ("a" * 81, "at most 80 characters")):
        answer = client.post(address, data={"name": name}, headers=OURS | HTML)
        assert answer.status_code == 400
        assert error in answer.text
        assert 'class="error" id="name-error"' in answer.text
    assert set(links(client)) == {"New", "Other"}


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"restore"}))
def test_action_leads_to_next(client: FlaskClient, action: str) -> None:
    save(client, "Mine")
    for next_url, location in (
        (f"{USAGE}?q=a%20b&sort=-used", f"{USAGE}?q=a%20b&sort=-used"),
        ("//evil.example", "/"), ("https://evil.example/reports", "/"),
    ):  # fmt: skip
        view = SavedView.get().id
        SavedView.update(deleted_at=None).execute()
        data = {"next": next_url, "name": "Mine"}
        answer = client.post(f"/reports/views/{view}/{action}", data=data, headers=OURS)
        assert (answer.status_code, answer.location) == (303, location)


def test_save_takes_the_form_of_the_page(client: FlaskClient) -> None:
    form = "q=%20a&reseller=&period=last-month&was=&from=2026-11-01&to=&columns=customer&columns=date&move=date:up"
    sent = f"{form}&columns=total&sort=total&size=25&opened=7"
    answer = save(client, "Mine", sent, "/reports/customer-transactions")
    assert answer.status_code == 303, answer.text
    assert "period=last-month" in answer.location
    assert "size=25" in answer.location
    assert not any(key in answer.location for key in ("was", "from", "move", "opened", "reseller"))
    assert links(client) == {"Mine": answer.location}
    assert client.get(answer.location).status_code == 200


def test_save_shared_and_as_default(client: FlaskClient, viewer: FlaskClient) -> None:
    for name in ("First", "Mine"):
        data = {"name": name, "view": "sort=-used", "shared": "on", "default": "on"}
        client.post(f"{USAGE}/views", data=data, headers=OURS)
    assert set(links(viewer)) == {"First", "Mine"}
    assert [view.name for view in SavedView.select().where(SavedView.is_default)] == ["Mine"]
    assert AuditEvent.select().where(AuditEvent.event == "view shared").count() == 2
    data = {"name": "First", "view": "q=a", "shared": "on"}
    answer = client.post(f"{USAGE}/views", data=data, headers=OURS | HTML)
    assert re.findall(r'name="(\w+)" checked', answer.text) == ["shared"], "the form keeps what was ticked"


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
