"""A page names the import that its numbers are from; rows of a later import don't open in it."""

import re
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.reports import REPORTS
from models import Customer, Import
from tests.support import load, table_rows
from tests.web.parties import USAGE as HEADING

FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
USAGE = "/reports/customer-usage"


@pytest.fixture
def path(nasty: None) -> str:
    """The path of a row that opens."""
    return str(Customer.get(Customer.ref == "C-1").id)


def import_more(folder: Path) -> None:
    (folder / "more.csv").write_text(f"{HEADING}\nNew,C-99,,SSL,DV,1,1\n", "utf-8")
    load("customer-usage", folder / "more.csv")


def as_of(page: str) -> str:
    """The name of the import in the form of a page."""
    (name,) = re.findall(r'<input type="hidden" name="as_of" value="(\d+-\d+)">', page)
    return name


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.usefixtures("nasty")
def test_page_and_fragment_name_the_last_import(client: FlaskClient, slug: str, tmp_path: Path) -> None:
    for _ in range(2):
        last = Import.select().order_by(Import.id.desc()).get()
        for headers in ({}, FRAGMENT):
            page = client.get(f"/reports/{slug}", headers=headers).text
            assert f"Data as of <time>{str(last.loaded_at)[:16]}</time> UTC." in page
            assert as_of(page).endswith(f"-{last.id}")
        import_more(tmp_path)  # of usage, but its customers are in every report


def test_empty_database_names_no_import(client: FlaskClient) -> None:
    page = client.get(USAGE).text
    assert "Data as of" not in page
    assert "as_of" not in page.replace("input[name=as_of]", "")


def test_row_opens_on_the_data_of_its_page(client: FlaskClient, path: str) -> None:
    number = as_of(client.get(USAGE).text)
    response = client.get(f"{USAGE}/rows?node={path}&as_of={number}", headers=FRAGMENT)
    assert response.status_code == 200
    assert table_rows(response.text)
    assert response.headers["HX-Replace-Url"] == f"{USAGE}?open={path}"
    assert "as_of=" not in response.text


@pytest.mark.parametrize("earlier", ["0-{number}", "{number}"])
def test_import_before_a_restore_is_another(client: FlaskClient, path: str, earlier: str) -> None:
    number = as_of(client.get(USAGE).text).partition("-")[2]
    name = earlier.format(number=number)
    assert client.get(f"{USAGE}/rows?node={path}&as_of={name}", headers=FRAGMENT).status_code == 409


@pytest.mark.parametrize("query", ["", "&open=3&sort=-used&q=a"])
def test_row_of_old_data_offers_a_reload(client: FlaskClient, path: str, tmp_path: Path, query: str) -> None:
    number = as_of(client.get(USAGE).text)
    import_more(tmp_path)
    for row in (path, "987654"):
        response = client.get(f"{USAGE}/rows?node={row}&as_of={number}{query}", headers=FRAGMENT)
        assert response.status_code == 409
        assert "The data has changed since this page was read." in response.text
        assert not table_rows(response.text)
        assert "HX-Replace-Url" not in response.headers
        (address,) = re.findall(r'href="([^"]+)">Reload the report', response.text)
        assert address.partition("?")[0] == USAGE
        assert "as_of" not in address
        assert as_of(client.get(unescape(address)).text) != number
    assert client.get(f"{USAGE}/rows?node={path}", headers=FRAGMENT).status_code == 200


@pytest.mark.parametrize(
    ("query", "message"), [("as_of=x", "as_of: “x”"), ("as_of=1&as_of=2", "as_of: “2”"), ("as_of=" + "9" * 30, "999”")]
)
def test_wrong_import_name_is_refused(client: FlaskClient, path: str, query: str, message: str) -> None:
    response = client.get(f"{USAGE}/rows?node={path}&{query}")
    assert response.status_code == 400
    assert message in response.text


@pytest.mark.parametrize("end", ["", ".csv", ".xlsx", "/count"])
def test_only_rows_take_an_import_name(client: FlaskClient, end: str) -> None:
    assert client.get(f"{USAGE}{end}?as_of=1").status_code == 400
