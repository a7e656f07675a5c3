"""The description for programs follows the declarations and says what is so. tests/trials/test_openapi.py asks more."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.importing import IMPORTABLE
from app.reports import REPORTS
from app.web.rules import RULES
from tests.support import OURS, add_token, program, signed_in

pytestmark = pytest.mark.usefixtures("edge_cases")


def description(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    found: dict[str, Any] = answer.json
    return found


def parameters(found: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in found["paths"][path]["get"]["parameters"]}


def values(parameter: dict[str, Any]) -> list[Any]:
    """The values that a parameter takes, where the description names them. The last alternative is the empty one."""
    schema = parameter["schema"].get("items", parameter["schema"])
    one, *_ = schema.get("anyOf", [{}])
    return list(one.get("enum", ()))


def test_every_file_is_described(app: Flask, client: FlaskClient) -> None:
    paths = {f"/reports/{slug}{ending}" for slug in REPORTS for ending in (".json", ".csv", ".xlsx")}
    imports = {"/imports/{number}", *(f"/imports/{slug}" for slug in IMPORTABLE)}
    assert description(client)["paths"].keys() == paths | imports | {"/openapi.json"}
    for other in (signed_in(app, "viewer"), signed_in(app, "admin", "North"), program(app, add_token(app))):
        assert description(other)["paths"].keys() == paths | {"/openapi.json"}
    adapter = app.url_map.bind("localhost")
    assert all(RULES[adapter.match(path)[0]].token for path in paths | {"/openapi.json"})


@pytest.mark.parametrize("slug", [slug for slug, report in REPORTS.items() if report.dimensions])
def test_keys_are_those_of_the_declaration(client: FlaskClient, slug: str) -> None:
    report, found = REPORTS[slug], description(client)
    common = {"group", "columns", "sort", "If-None-Match", *report.filters_by_key}
    for ending, more in ((".json", {"size", "before"}), (".csv", {"dialect"}), (".xlsx", set())):
        assert parameters(found, f"/reports/{slug}{ending}").keys() == common | more
    keys = parameters(found, f"/reports/{slug}.json")
    assert values(keys["columns"])[: len(report.columns)] == list(report.columns_by_key)
    assert values(keys["group"]) == list(report.dimensions_by_key)
    assert {*report.dimensions_by_key, "rows"} <= set(values(keys["columns"]))


def query(file: str, name: str, value: str) -> dict[str, str]:
    """A key with its value; where only a grouped view has the column, also what to group by."""
    report, key = REPORTS[file.partition(".")[0]], value.removeprefix("-")
    if name not in ("columns", "sort") or not key or key in report.columns_by_key:
        return {name: value}
    group = key if key in report.dimensions_by_key else next(iter(report.dimensions_by_key))
    return {"group": group, name: value}


@pytest.mark.parametrize("file", [*(f"{slug}.json" for slug in REPORTS), "customer-usage.csv"])
def test_every_value_that_is_named_is_taken(app: Flask, client: FlaskClient, file: str) -> None:
    path, token = f"/reports/{file}", program(app, add_token(app))
    tried = 0
    for name, parameter in parameters(description(client), path).items():
        for value in (*values(parameter), ""):
            assert token.head(path, query_string=query(file, name, str(value))).status_code == 200, (name, value)
            tried += 1
        if values(parameter):
            assert token.head(path, query_string={name: "none of them"}).status_code == 400, name
    assert tried > 20


def test_every_value_for_an_import_is_taken(client: FlaskClient) -> None:
    slug = "customer-usage"
    operation = description(client)["paths"][f"/imports/{slug}"]["put"]
    rows = client.get(f"/reports/{slug}.csv").data
    tried = [(each["name"], value) for each in operation["parameters"] for value in (*values(each), "")]
    assert len(tried) > 10
    for name, value in tried:
        query = {"dry_run": "1", name: value or ""} if name != "dry_run" else {"dry_run": "1"}
        answer = client.put(f"/imports/{slug}", data=rows, query_string=query, headers=OURS)
        assert answer.status_code == 200, (name, value, answer.text)
        assert answer.json["dry_run"] is True


def test_rows_fit_the_schema(client: FlaskClient) -> None:
    found = description(client)
    types = found["components"]["schemas"]["Column"]["properties"]["type"]["enum"]
    for slug in REPORTS:
        content = found["paths"][f"/reports/{slug}.json"]["get"]["responses"]["200"]["content"]
        properties = content["application/json"]["schema"]["properties"]
        answer: Any = client.get(f"/reports/{slug}.json?size=25").json
        assert answer.keys() == properties.keys()
        assert properties["report"] == {"const": answer["report"]}
        assert {column["type"] for column in answer["columns"]} <= set(types)
        assert all(value is None or type(value) in (str, int) for row in answer["rows"] for value in row)


def test_problems_fit_the_schema(client: FlaskClient) -> None:
    schema = description(client)["components"]["schemas"]["Problem"]
    answer: Any = client.get("/reports/customer-usage.json?size=1").json
    assert sorted(answer) == sorted(schema["required"])


def test_nobody_reads_of_what_they_lack(app: Flask) -> None:
    viewer, without = signed_in(app, "viewer"), signed_in(app, costs=False)
    usage = parameters(description(viewer), "/reports/customer-usage.json")
    assert not {"certificate_type", "product"} & usage.keys()
    assert "product" not in values(usage["columns"])
    assert "cost" not in without.get("/openapi.json").text.lower()
    assert "cost" not in without.get("/api").text.lower()


def test_strangers_read_neither(stranger: FlaskClient) -> None:
    assert stranger.get("/openapi.json").status_code == 401
    assert stranger.get("/api").status_code == 401


def test_page_of_examples_has_our_address_and_is_linked(client: FlaskClient) -> None:
    page = client.get("/api").text
    assert "http://localhost/reports/customer-subscriptions.csv" in page
    assert 'href="/api"' in client.get("/account").text
    assert 'href="/openapi.json"' in page
