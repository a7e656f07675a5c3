"""People of a reseller see their own reseller's rows: on every route, whatever they ask for.

tests/trials/test_scope.py asks the same with all queries.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from cysqlite import connect
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.auth.permissions import ROLES
from app.reports import REPORTS
from app.table import cache
from app.table.scope import Scope
from app.table.view import Cursor, digest
from app.web.reports.formats import WORKBOOK
from models import (
    CertificateType,
    Customer,
    CustomerUsage,
    Holding,
    Reseller,
    Subscription,
    Transaction,
    TypeUsage,
    reports_db,
)
from tests import workbooks
from tests.strategies import SCAN, SCAN_OVER_BUDGET, SORT, forced
from tests.support import OURS, csv_rows, in_trials, signed_in, table_rows, view_of
from tests.web.parties import ALPHA, BETA, NAMESAKE, NOBODYS, PARTIES, Party, load_parties
from tests.web.routes import routes

Query = list[tuple[str, str]]

MISSING = "ZETA7"  # a mark that nobody's rows have
REMOVED = "Reseller that has gone"  # one that a user belongs to, but no customer
BLUEPRINTS = ("reports", "export", "print", "summary", "customers", "home")  # those that show rows of reports

PAGE = {"Accept": "text/html"}
FRAGMENT = {**PAGE, "HX-Request": "true", "HX-Request-Type": "partial"}

# What may hold any digits: request ids, lengths, digests in cursors, times.
_RANDOM = re.compile(r"\b[0-9a-f]{16}\b|Content-Length: \d+|-[0-9a-f]{8}|;dur=[\d.]+|Expires=[^;]+|ETag: \S+")


@pytest.fixture(autouse=True)
def parties(app: Flask, tmp_path: Path) -> None:
    load_parties(tmp_path, *PARTIES)


@pytest.fixture
def alpha(app: Flask) -> FlaskClient:
    """An admin of the reseller ALPHA."""
    return signed_in(app, "admin", ALPHA.reseller)


# ------------------------------------------------------------------ queries


def all_columns(slug: str) -> Query:
    return [("columns", column.key) for column in REPORTS[slug].columns]


def row_paths(mark: str) -> list[str]:
    """The paths of a party's first customer and of a row inside it."""
    customer = Customer.get(Customer.ref == f"{mark}-C1").id
    certificate_type = CertificateType.get(CertificateType.name == f"{mark} type").id
    return [str(customer), f"{customer}.{certificate_type}"]


def queries_for(slug: str, others: Iterable[Party], full: bool = False) -> Iterator[Query]:
    """Queries that could show something of others; each query once."""
    yield from queries_of_all_rows(slug, full)
    for index, other in enumerate(others):
        yield from islice(queries_naming(slug, other.mark, full), 2 if index and not full else None)
        yield from queries_opening(row_paths(other.mark))


def queries_of_all_rows(slug: str, full: bool) -> Iterator[Query]:
    yield from ([], [*all_columns(slug), ("before", "end"), ("size", "25")], [("reseller", "-")])
    if full:
        signs = [(sign, column) for column in REPORTS[slug].columns for sign in ("", "-")]
        yield from ([*all_columns(slug), ("sort", sign + column.key)] for sign, column in signs)


def queries_naming(slug: str, mark: str, full: bool = False) -> Iterator[Query]:
    """Queries that filter by a value of the party with this mark, one for each filter; all values when `full`."""
    values = {
        "q": [mark, f"{mark}-S1", f"{mark.lower()}-c", f"{mark} 1", f"{mark}-T1"][: None if full else 2],
        "customer": [f"{mark}-C1"],
        "name": [f"{mark} 1"],
        "subscription": [f"{mark}-S1"],
        "reseller": [f"{mark} resale"],
        "product": [f"{mark} product"],
        "certificate_type": [f"{mark} type"],
    }
    pairs = [(key, value) for key in REPORTS[slug].filters_by_key for value in values.get(key, [])]
    yield from ([*all_columns(slug), pair] for pair in pairs)
    if full:
        yield from ([pair] for pair in pairs)


def queries_opening(paths: list[str]) -> Iterator[Query]:
    yield from ([(key, path)] for key in ("node", "open", "toggle") for path in paths)
    yield [("open", path) for path in paths]


# ------------------------------------------------------------------ responses


def responses(
    client: FlaskClient, path: str, queries: Iterable[Query], full: bool = False
) -> Iterator[tuple[Query, str]]:
    """Each query with status, headers and body: as a page and as a fragment in turn, as both when `full`."""
    turns = cycle([PAGE, FRAGMENT])
    step = 3 if path.endswith(".xlsx") and not full else 1  # workbooks are slow, and read rows as CSVs do
    for query in list(queries)[::step]:
        for headers in [next(turns) for _ in range(1 + full)]:
            response = client.get(path, query_string=MultiDict(query), headers=headers)
            is_workbook = response.headers["Content-Type"] == WORKBOOK.mimetype
            body = workbooks.everything(response.data) if is_workbook else response.text
            yield query, f"{response.status}\n{response.headers}\n{body}"


def without_echoes(text: str, query: Query) -> str:
    """A response without the values of its query: repeating what a visitor typed reveals nothing."""
    text = _RANDOM.sub("", text)
    for _, value in sorted(query, key=lambda pair: -len(pair[1])):
        for spelling in (value, value.replace(" ", "%20"), value.replace(" ", "+")):
            text = text.replace(spelling, "…")
    return text


def normalized(text: str, mark: str, paths: list[str]) -> str:
    """A response without what a query named, and without what differs between any two responses."""
    any_path = "|".join(map(re.escape, paths))
    text = _RANDOM.sub("", text)
    text = re.sub(rf'(?<!span=")(?<!place=")(?<=[=“"])({any_path})(?=[&"”\s<])', "PATH", text)
    return text.replace(mark, "MARK").replace(mark.lower(), "mark")


# ------------------------------------------------------------------ other resellers' rows


def check_visitor(app: Flask, role: str, reseller: str, full: bool = False) -> int:
    """Check that nothing of other parties is in any response. Return the number of responses.

    An admin of the whole partner asks for all rows first, so that the caches hold them.
    """
    return check_client(app, signed_in(app, role, reseller), reseller, full)


def check_client(app: Flask, client: FlaskClient, reseller: str, full: bool = False) -> int:
    """The same for a client of somebody of this reseller."""
    others = [party for party in PARTIES if party.reseller != reseller]
    marks = {text for party in others for text in (party.mark, *party.amounts)}
    marks |= {"77,777", "77777"}  # what the reseller bought itself belongs to a customer of ours
    partner = signed_in(app)
    paths = [
        path
        for endpoint, method, path in routes(app)
        if method == "GET" and endpoint.partition(".")[0] in BLUEPRINTS and endpoint != "home.health"
    ]
    count = 0
    for path in paths:
        slug = next((slug for slug in REPORTS if f"/{slug}" in path), "customer-usage")
        queries = list(queries_for(slug, others, full))
        for _ in responses(partner, path, queries_of_all_rows(slug, full), full):
            pass
        for query, text in responses(client, path, queries, full):
            rest = without_echoes(text, query)
            assert not [mark for mark in marks if mark in rest], (path, query)
            count += 1
    return count


def check_missing(app: Flask, role: str, full: bool = False) -> None:
    """Check that naming a row of another reseller and naming one that doesn't exist give the same responses."""
    client = signed_in(app, role, ALPHA.reseller)
    theirs = row_paths(BETA.mark)
    missing = [str(987_654 + len(path)) + "0" * (len(path) - 6) if "." not in path else "987655.1" for path in theirs]
    addresses = [f"/reports/{slug}{end}" for slug in REPORTS for end in ("", ".csv", ".xlsx", "/rows", "/print")]
    for path in (
        "/customers",
        *addresses,
        *(f"/reports/{slug}/{part}" for slug in REPORTS for part in ("summary", "totals")),
    ):
        slug = next((slug for slug in REPORTS if slug in path), "customer-usage")
        foreign = [*queries_naming(slug, BETA.mark, full), *queries_opening(theirs)]
        absent = [*queries_naming(slug, MISSING, full), *queries_opening(missing)]
        pairs = zip(responses(client, path, foreign, full), responses(client, path, absent, full), strict=True)
        for (query, one), (_, other) in pairs:
            assert normalized(one, BETA.mark, theirs) == normalized(other, MISSING, missing), (path, query)


def test_no_response_shows_other_resellers_rows(app: Flask) -> None:
    assert check_visitor(app, "admin", ALPHA.reseller) > 400


def test_user_of_removed_reseller_sees_no_rows(app: Flask) -> None:
    client = signed_in(app, "admin", REMOVED)
    for slug in REPORTS:
        assert not table_rows(client.get(f"/reports/{slug}").text)
        assert len(csv_rows(client.get(f"/reports/{slug}.csv").data)) == 1


@pytest.mark.parametrize("role", ["admin", *in_trials("viewer")])
def test_others_rows_look_like_missing_ones(app: Flask, role: str) -> None:
    check_missing(app, role)


def test_others_cursor_looks_like_a_deleted_one(app: Flask, alpha: FlaskClient) -> None:
    theirs = Subscription.get(Subscription.ref == f"{BETA.mark}-S3")
    view = view_of("customer-subscriptions", [])
    foreign = Cursor(0, theirs.id, digest(theirs.ref), 3, view.cursor_context)
    deleted = replace(foreign, row_id=987_654)
    partner = signed_in(app)
    for key in ("after", "before"):
        texts = []
        for cursor in (foreign, deleted):
            response = alpha.get("/reports/customer-subscriptions", query_string={key: str(cursor)})
            assert response.status_code == 400
            texts.append(re.sub("[0-9a-f]{16}", "", response.text).replace(str(cursor), "CURSOR"))
        assert texts[0] == texts[1]
        address = f"/reports/customer-subscriptions?{key}={foreign}"
        assert partner.get(address).status_code == 200


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.parametrize("strategy", [SORT, SCAN_OVER_BUDGET, *in_trials(SCAN)])
def test_scope_equals_the_filter_by_reseller(app: Flask, alpha: FlaskClient, slug: str, strategy: str) -> None:
    partner = signed_in(app)
    with forced(strategy):
        for sign, column in zip(cycle(["", "-"]), REPORTS[slug].columns, strict=False):
            scoped = MultiDict([*all_columns(slug), ("sort", sign + column.key)])
            filtered = MultiDict([*scoped.items(multi=True), ("reseller", ALPHA.reseller)])
            page = alpha.get(f"/reports/{slug}", query_string=scoped).text
            assert table_rows(page) == table_rows(partner.get(f"/reports/{slug}", query_string=filtered).text)
            file = alpha.get(f"/reports/{slug}.csv", query_string=scoped).data
            assert file == partner.get(f"/reports/{slug}.csv", query_string=filtered).data
            count = len(csv_rows(file)) - 1
            assert f"<b>{count}</b> rows" in page
            assert count >= ALPHA.customers


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.parametrize("role", ROLES)
def test_totals_equal_those_of_the_filter_by_reseller(app: Flask, role: str, slug: str) -> None:
    scoped = signed_in(app, role, ALPHA.reseller).get(f"/reports/{slug}/summary").text
    filtered = signed_in(app, role).get(f"/reports/{slug}/summary", query_string={"reseller": ALPHA.reseller}).text
    assert main_text(scoped) == main_text(filtered)
    assert "All 3 rows" in scoped


@pytest.mark.parametrize("slug", REPORTS)
def test_caches_of_one_scope_do_not_serve_another(app: Flask, alpha: FlaskClient, slug: str) -> None:
    for path in (f"/reports/{slug}", f"/reports/{slug}/summary"):
        partner, own = signed_in(app).get(path).text, alpha.get(path).text
        assert main_text(own) != main_text(partner)
    count = len(table_rows(alpha.get(f"/reports/{slug}").text))
    assert f"<b>{count}</b> rows" in alpha.get(f"/reports/{slug}").text
    assert f"<b>{count}</b>" in alpha.get(f"/reports/{slug}/count").text


def main_text(page: str) -> str:
    """The text of a page between its heading and its end, without tags."""
    return re.sub(r"<[^>]+>", "", page.partition("<h1>")[2].partition("</main>")[0])


def test_menus_offer_only_own_values(alpha: FlaskClient) -> None:
    for slug in REPORTS:
        text = alpha.get(f"/reports/{slug}").text
        options = set(re.findall(r'<option value="([^"]+)"', text))
        assert set(filter(re.compile("[A-Z]7").search, options)) <= {"ALPHA7 resale", "ALPHA7 product", "ALPHA7 type"}
        assert "-" not in options, "all customers of a reseller have one"


def test_only_own_rows_open(app: Flask, alpha: FlaskClient) -> None:
    for client, party, status in (
        (alpha, ALPHA, 200),
        (alpha, BETA, 404),
        (alpha, NOBODYS, 404),
        (signed_in(app), BETA, 200),
    ):
        for path in row_paths(party.mark):
            assert client.get(f"/reports/customer-usage/rows?node={path}").status_code == status


def test_customer_takes_its_history_to_a_new_reseller(app: Flask, alpha: FlaskClient, tmp_path: Path) -> None:
    beta = signed_in(app, "admin", BETA.reseller)
    before = {slug: alpha.get(f"/reports/{slug}.csv").data for slug in REPORTS}
    load_parties(tmp_path, ALPHA, replace(BETA, reseller=ALPHA.reseller))
    for slug in REPORTS:
        after = alpha.get(f"/reports/{slug}.csv").data
        assert b"BETA7 1" in after
        assert after != before[slug]
        assert not table_rows(beta.get(f"/reports/{slug}").text)
        assert b"BETA7 1" not in beta.get(f"/reports/{slug}.csv").data


@pytest.mark.parametrize(
    "path",
    [
        *(f"/reports/{slug}{ending}" for slug in REPORTS for ending in ("", ".csv", ".xlsx", "/print", "/summary")),
        *(f"/reports/{slug}{ending}?q=7" for slug in REPORTS for ending in ("", "/count")),
        "/reports/customer-usage?open=all", "/reports/attention", "/customers?customer=ALPHA7-C1",
        "/customers?customer=BETA7-C1", "/reports/customer-usage/rows",
    ],
)  # fmt: skip
def test_scope_is_of_the_moment_of_the_rows(app: Flask, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When restores give a reseller's id to another one after each look-up, no answer has rows of both."""
    path += f"?node={row_paths(ALPHA.mark)[0]}" if path.endswith("/rows") else ""
    client, look_up, looked_up = signed_in(app, "admin", ALPHA.reseller), Scope._of, []

    def look_up_and_exchange(*arguments: Any) -> Scope:
        looked_up.append(look_up(*arguments))
        exchange_resellers()
        return looked_up[-1]

    right = readable(client.get(path))
    cache.results_cache.clear()
    monkeypatch.setattr(Scope, "_of", look_up_and_exchange)
    assert readable(client.get(path)) == right
    assert looked_up


def exchange_resellers() -> None:
    """Give each of two resellers the other's id, as another process."""
    one, two = (Reseller.get(Reseller.name == party.reseller).id for party in (ALPHA, BETA))
    owned = (Customer, Subscription, Transaction, CustomerUsage, TypeUsage, Holding)
    columns = [("reseller", "id"), *((table._meta.table_name, "reseller_id") for table in owned)]
    with closing(connect(reports_db.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        for table, column in columns:
            for old, new in ((one, -7), (two, one), (-7, two)):
                other.execute(f'UPDATE "{table}" SET {column} = {new} WHERE {column} = {old}')
        other.execute("COMMIT")


def readable(answer: TestResponse) -> object:
    """What an answer shows: the text of a page without the id of its request, or the rows of a workbook."""
    if answer.mimetype == WORKBOOK.mimetype:
        return workbooks.values(answer.data)
    return answer.status_code, _RANDOM.sub("", answer.text)


def test_customer_named_like_a_reseller_is_not_its_customer(alpha: FlaskClient) -> None:
    assert NAMESAKE.startswith(f'"{ALPHA.reseller}"')
    assert not table_rows(alpha.get("/reports/customer-usage?customer=N-1").text)


def test_reseller_admin_reaches_neither_users_nor_audit(app: Flask, alpha: FlaskClient) -> None:
    for endpoint, method, path in routes(app):
        if endpoint.partition(".")[0] in ("users", "audit"):
            response = alpha.open(path, method=method, headers=OURS)
            assert response.status_code == 403
            assert "@" not in response.text
