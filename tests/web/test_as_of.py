"""A page says which import its numbers are from; `/rows` refuses rows of a later import."""

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
def path(edge_cases: None) -> str:
    """The path of a row that opens."""
    return str(Customer.get(Customer.ref == "C-1").id)


def import_more(folder: Path) -> None:
    (folder / "more.csv").write_text(f"{HEADING}\nNew,C-99,,SSL,DV,1,1\n", "utf-8")
    load("customer-usage", folder / "more.csv")


def last_import() -> str:
    """The name of the last import."""
    last = Import.last()
    assert last
    return last[0]


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.usefixtures("edge_cases")
def test_page_and_fragment_tell_the_last_import(client: FlaskClient, slug: str, tmp_path: Path) -> None:
    for _ in range(2):
        last = Import.select().order_by(Import.id.desc()).get()
        for headers in ({}, FRAGMENT):
            page = client.get(f"/reports/{slug}", headers=headers).text
            assert f"Data as of <time>{str(last.loaded_at)[:16]}</time> UTC" in page
        import_more(tmp_path)  # of usage, but its customers are in every report


@pytest.mark.usefixtures("edge_cases")
def test_import_refreshes_count_totals_and_menus(client: FlaskClient, tmp_path: Path) -> None:
    counts, totals, ids = [], [], []
    for is_second in (False, True):
        page, foot = client.get(USAGE).text, client.get(f"{USAGE}/totals").text
        counts.append(int(re.findall(r"<b>(\d+)</b> rows", page)[0]))
        totals.append(int(re.findall(r"All (\d+) rows", foot)[0]))
        ids.append(re.findall(r'id="(?:summary|totals)-[0-9a-f-]+"', page))
        assert ("<option>Added product" in page) is is_second
        (tmp_path / "new.csv").write_text(f"{HEADING}\nNew,C-99,,SSL,Added product,1,1\n", "utf-8")
        load("customer-usage", tmp_path / "new.csv")
    assert counts[1] == counts[0] + 1
    assert totals[1] == totals[0] + 1
    assert not {*ids[0]} & {*ids[1]}, "htmx keeps an element with the same id"


def test_empty_database_names_no_import(client: FlaskClient) -> None:
    assert "Data as of" not in client.get(USAGE).text


def test_row_opens_on_the_data_of_its_page(client: FlaskClient, path: str) -> None:
    number = last_import()
    response = client.get(f"{USAGE}/rows?node={path}&as_of={number}", headers=FRAGMENT)
    assert response.status_code == 200
    assert table_rows(response.text)
    assert response.headers["HX-Replace-Url"] == f"{USAGE}?open={path}"
    assert "as_of=" not in response.text


@pytest.mark.parametrize("earlier", ["0-{number}", "{number}"])
def test_import_before_a_restore_is_another(client: FlaskClient, path: str, earlier: str) -> None:
    number = last_import().partition("-")[2]
    name = earlier.format(number=number)
    assert client.get(f"{USAGE}/rows?node={path}&as_of={name}", headers=FRAGMENT).status_code == 409


@pytest.mark.parametrize("query", ["", "&open=3&sort=-used&q=a"])
def test_row_of_old_data_offers_a_reload(client: FlaskClient, path: str, tmp_path: Path, query: str) -> None:
    number = last_import()
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
        assert client.get(unescape(address)).status_code == 200
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
