"""The saved views above a report's table: their order, which one is shown, and what the buttons of their markup do."""

import re
from html import unescape
from urllib.parse import parse_qsl

import pytest
from flask import Flask, g, render_template_string
from flask.testing import FlaskClient

from app.auth.visitor import Visitor
from app.reports import REPORTS
from app.table.params import parse_view
from app.web.saved_views import Tab, Tabs, report_tabs
from models import SavedView, User, timestamp
from tests.support import OURS, signed_in

USAGE = "/reports/customer-usage"
OURS_FIRST = ["Standard", "By certificate type"]  # the tabs that come with the product
MACROS = """
{% from "reports/_views.html" import view_tabs, save_view, view_menu, deleted_notice %}
{{ view_tabs(tabs) }}{{ save_view(view) }}{{ deleted_notice(tabs.deleted, next) }}
{% if tabs.current.number and not tabs.current.owner %}{{ view_menu(tabs.current, next) }}{% endif %}"""


class Page:
    """What a page of Customer Usage with a view gets from `report_tabs`, for one of two colleagues or a viewer."""

    def __init__(self, app: Flask, email: str, query: str, opened: str = "", reseller: str | None = None) -> None:
        user = User.get(User.email == email)
        with app.test_request_context():
            g.visitor = Visitor(user.id, email, user.role, reseller, must_change_password=False, session="")
            g.request_id = ""
            view, errors = parse_view(REPORTS["customer-usage"], parse_qsl(query))
            assert not errors
            self.tabs: Tabs = report_tabs(view, opened)
            self.html = render_template_string(MACROS, view=view, tabs=self.tabs, next=f"{USAGE}?{query}")

    @property
    def names(self) -> list[str]:
        return [tab.name for tab in self.tabs.tabs]

    @property
    def current(self) -> tuple[str, bool]:
        return self.tabs.current.name, self.tabs.is_changed


@pytest.fixture
def ann(app: Flask) -> FlaskClient:
    return signed_in(app)


@pytest.fixture
def vic(app: Flask) -> FlaskClient:
    return signed_in(app, "viewer")


def email(client: FlaskClient) -> str:
    [found] = re.findall(r'aria-label="Account, ([^"]+)"', client.get("/account").text)
    return unescape(found)


def save(client: FlaskClient, name: str, query: str, **ticks: str) -> str:
    data = {"name": name, "view": query, **ticks}
    assert client.post(f"{USAGE}/views", data=data, headers=OURS).status_code == 303
    return str(SavedView.select().order_by(SavedView.id.desc()).get().id)


def test_standard_then_own_then_shared_views(app: Flask, ann: FlaskClient, vic: FlaskClient) -> None:
    save(vic, "A of Vic", "sort=-used", shared="on")
    save(vic, "Secret", "q=b")
    save(ann, "Z", "q=z", shared="on", default="on")
    save(ann, "B", "q=b")
    page = Page(app, email(ann), "")
    assert [(tab.name, tab.url, tab.owner, tab.is_shared, tab.is_default) for tab in page.tabs.tabs] == [
        ("Standard", USAGE, "", False, False),
        ("By certificate type", f"{USAGE}?group=certificate_type", "", False, False),
        ("B", f"{USAGE}?q=b", "", False, False),
        ("Z", f"{USAGE}?q=z", "", True, True), ("A of Vic", f"{USAGE}?sort=-used", email(vic), True, False),
    ]  # fmt: skip
    assert Page(app, email(vic), "").tabs.tabs[0].is_default, "a colleague's default is none of Vic's"


@pytest.mark.parametrize(
    ("query", "opened", "current"),
    [
        ("", "", ("Standard", False)),
        ("size=100&q=a", "", ("Mine", False)),
        ("size=100&q=a&before=end&open=all", "", ("Mine", False)),
        ("q=a", "", ("Standard", True)),
        ("q=a", "Mine", ("Mine", True)),
        ("", "Mine", ("Standard", False)),
        ("size=100&q=a", "Other", ("Mine", False)),
        ("q=other", "Other", ("Other", False)),
        ("q=other", "Twin", ("Twin", False)),
        ("q=other", "", ("Twin", False)),  # the newest of two with the same address
        ("q=a", "999", ("Standard", True)),
        ("q=a", "x", ("Standard", True)),
        ("q=a", "0", ("Standard", True)),
    ],
)
def test_current_tab(app: Flask, ann: FlaskClient, query: str, opened: str, current: tuple[str, bool]) -> None:
    numbers = {"Mine": save(ann, "Mine", "size=100&q=a")}
    numbers |= {name: save(ann, name, "q=other") for name in ("Other", "Twin")}
    number = numbers.get(opened, opened)
    page = Page(app, email(ann), query, number)
    assert page.current == current
    assert page.html.count('aria-current="page"') == 1
    assert page.html.count(", changed</span></a>") == current[1]
    html = ann.get(f"{USAGE}?{query}&opened={number or 0}").text
    assert f'name="opened" value="{numbers.get(current[0], "")}"' in html


def test_current_tab_is_among_the_first_five(app: Flask, ann: FlaskClient) -> None:
    for number in range(1, 9):
        save(ann, str(number), f"q={number}")
    assert Page(app, email(ann), "").names == [*OURS_FIRST, *"12345678"]
    assert Page(app, email(ann), "q=3").names == [*OURS_FIRST, *"12345678"]
    page = Page(app, email(ann), "q=7")
    assert page.names == [*OURS_FIRST, *"12734568"]
    first, more = page.html.split('id="more-views"')
    assert [text.count('<li><a class="button quiet') for text in (first, more)] == [5, 5]


def test_name_from_right_to_left_turns_nothing_around_it(app: Flask, ann: FlaskClient, vic: FlaskClient) -> None:
    save(vic, "مبيعات", "q=b", shared="on")
    html = Page(app, email(ann), "q=b").html
    assert "View: </span><bdi>مبيعات</bdi>" in html
    assert f'aria-current="page"><bdi>مبيعات</bdi> <small>{email(vic)}</small></a>' in html


def test_view_that_a_viewer_cannot_see_whole(app: Flask, ann: FlaskClient, vic: FlaskClient) -> None:
    inside = save(ann, "Inside", "columns=product&columns=used", shared="on")
    [_, tab] = Page(app, email(vic), "").tabs.tabs
    assert tab.url == f"/reports/views/{inside}"
    [*_, tab] = Page(app, email(ann), "").tabs.tabs
    assert tab.url == f"{USAGE}?columns=customer&columns=product&columns=used"


def test_save_form(app: Flask, ann: FlaskClient) -> None:
    number = save(ann, "Mine <b>", "q=a")
    page = Page(app, email(ann), "q=b&size=25&before=end", number)
    [sent] = re.findall(r'<input type="hidden" name="view" value="([^"]*)">', page.html)
    assert unescape(sent) == "size=25&q=b"
    assert page.html.count(f'name="replace" value="{number}" form="save" formnovalidate') == 1
    assert "Save changes" not in Page(app, email(ann), "q=b").html
    assert "<b>" not in page.html
    answer = ann.post(f"{USAGE}/views", data={"name": "", "view": unescape(sent), "replace": number}, headers=OURS)
    assert answer.location == f"{USAGE}?size=25&q=b"
    assert Page(app, email(ann), "size=25&q=b").current == ("Mine <b>", False)


def test_menu_of_a_view_leads_back(app: Flask, ann: FlaskClient) -> None:
    save(ann, "Mine", "q=a%20b")
    html = Page(app, email(ann), "q=a%20b").html
    addresses = re.findall(r'(?:form)?action="(/reports/views/[^"]+)"', html)
    assert [address.rpartition("/")[2] for address in addresses] == ["rename", "share", "default", "delete"]
    assert "Delete the view “<bdi>Mine</bdi>”?" in html
    assert "It is shared with" not in html
    [next_url] = {unescape(each) for each in re.findall(r'name="next" value="([^"]*)"', html)}
    assert next_url == f"{USAGE}?q=a%20b"
    for address in addresses:
        answer = ann.post(address, data={"next": next_url, "name": "New"}, headers=OURS)
        assert (answer.status_code, answer.location) == (303, next_url)
    page = Page(app, email(ann), "q=a%20b")
    assert page.names == OURS_FIRST
    assert "The view “<bdi>New</bdi>” is deleted." in page.html
    [undo] = re.findall(r'action="(/reports/views/\d+/restore)"', page.html)
    assert ann.post(undo, data={"next": next_url}, headers=OURS).location == next_url
    page = Page(app, email(ann), "q=a%20b")
    [*_, tab] = page.tabs.tabs
    assert (tab.name, tab.is_shared, tab.is_default, page.tabs.deleted) == ("New", True, True, [])
    assert "It is shared with everybody of the whole partner." in page.html


def test_deleted_view_is_mentioned_for_a_minute(app: Flask, ann: FlaskClient, vic: FlaskClient) -> None:
    number = int(save(ann, "Mine", "q=a", shared="on"))
    SavedView.update(deleted_at=timestamp(-10)).execute()
    assert Page(app, email(ann), "").tabs.deleted == [Tab(number, "Mine", f"{USAGE}?q=a", is_shared=True)]
    assert not Page(app, email(vic), "").tabs.deleted
    SavedView.update(deleted_at=timestamp(-70)).execute()
    assert not Page(app, email(ann), "").tabs.deleted
