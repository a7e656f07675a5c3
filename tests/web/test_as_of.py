"""Which import a page's numbers are from, and what happens when another comes between two clicks."""

import re
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.reports import REPORTS
from models import Customer, Import
from tests.databases import on_both as database_url
from tests.support import load, table_rows
from tests.web.parties import USAGE as HEADING

__all__ = ["database_url"]

FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
USAGE = "/reports/customer-usage"


@pytest.fixture
def node(nasty: None) -> str:
    return str(Customer.get(Customer.ref == "C-1").id)


def imported(folder: Path) -> None:
    (folder / "more.csv").write_text(f"{HEADING}\nNew,C-99,,SSL,DV,1,1\n", "utf-8")
    load("customer-usage", folder / "more.csv")


def as_of(page: str) -> str:
    (number,) = re.findall(r'<input type="hidden" name="as_of" value="(\d+-\d+)">', page)
    return number


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.usefixtures("nasty")
def test_every_page_and_fragment_says_of_when_its_numbers_are(client: FlaskClient, slug: str, tmp_path: Path) -> None:
    for _ in range(2):
        last = Import.select().order_by(Import.id.desc()).get()
        for headers in ({}, FRAGMENT):
            page = client.get(f"/reports/{slug}", headers=headers).text
            assert f"Data as of <time>{str(last.loaded_at)[:16]}</time> UTC." in page
            assert as_of(page).endswith(f"-{last.id}")
        imported(tmp_path)  # of usage, but its customers stand in every report


def test_where_nothing_was_loaded_no_time_is_told(client: FlaskClient) -> None:
    page = client.get(USAGE).text
    assert "Data as of" not in page
    assert "as_of" not in page.replace("input[name=as_of]", "")


def test_a_row_opens_on_the_data_of_its_page(client: FlaskClient, node: str) -> None:
    number = as_of(client.get(USAGE).text)
    answer = client.get(f"{USAGE}/rows?node={node}&as_of={number}", headers=FRAGMENT)
    assert answer.status_code == 200
    assert table_rows(answer.text)
    assert answer.headers["HX-Replace-Url"] == f"{USAGE}?open={node}"
    assert "as_of=" not in answer.text


@pytest.mark.parametrize("earlier", ["0-{number}", "{number}"])
def test_an_import_of_before_a_restore_is_another_though_it_has_its_number(
    client: FlaskClient, node: str, earlier: str
) -> None:
    number = as_of(client.get(USAGE).text).partition("-")[2]
    asked = earlier.format(number=number)
    assert client.get(f"{USAGE}/rows?node={node}&as_of={asked}", headers=FRAGMENT).status_code == 409


@pytest.mark.parametrize("query", ["", "&open=3&sort=-used&q=a"])
def test_after_an_import_it_offers_a_reload_instead(client: FlaskClient, node: str, tmp_path: Path, query: str) -> None:
    number = as_of(client.get(USAGE).text)
    imported(tmp_path)
    for place in (node, "987654"):
        answer = client.get(f"{USAGE}/rows?node={place}&as_of={number}{query}", headers=FRAGMENT)
        assert answer.status_code == 409
        assert "The data has changed since this page was read." in answer.text
        assert not table_rows(answer.text)
        assert "HX-Replace-Url" not in answer.headers
        (address,) = re.findall(r'href="([^"]+)">Reload the report', answer.text)
        assert address.partition("?")[0] == USAGE
        assert "as_of" not in address
        assert as_of(client.get(unescape(address)).text) != number
    assert client.get(f"{USAGE}/rows?node={node}", headers=FRAGMENT).status_code == 200


@pytest.mark.parametrize(
    ("query", "told"), [("as_of=x", "as_of: “x”"), ("as_of=1&as_of=2", "as_of: “2”"), ("as_of=" + "9" * 30, "999”")]
)
def test_what_is_no_import_is_refused(client: FlaskClient, node: str, query: str, told: str) -> None:
    answer = client.get(f"{USAGE}/rows?node={node}&{query}")
    assert answer.status_code == 400
    assert told in answer.text


@pytest.mark.parametrize("path", ["", ".csv", ".xlsx", "/count"])
def test_it_is_no_part_of_a_view(client: FlaskClient, node: str, path: str) -> None:
    assert client.get(f"{USAGE}{path}?as_of=1").status_code == 400
