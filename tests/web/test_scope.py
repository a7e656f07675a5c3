"""Nobody sees what isn't theirs: every route, as everybody, asked for everything that belongs to somebody else."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.reports import REPORTS
from app.table.view import Cursor, digest
from app.web.reports.export import WORKBOOK
from app.web.rules import PUBLIC_ENDPOINTS
from models import CertificateType, Customer, Subscription
from tests import workbooks
from tests.support import OURS, csv_rows, signed_in, table_rows, view_of
from tests.web.parties import ALPHA, BETA, NAMESAKE, NOBODYS, PARTIES, Party, load_parties
from tests.web.routes import routes

NOWHERE = "ZETA7"
"""A mark that nobody bears."""

RANDOM = re.compile(r"\b[0-9a-f]{16}\b|Content-Length: \d+|-[0-9a-f]{8}|;dur=[\d.]+|Expires=[^;]+")
"""Requests' ids, lengths, the digests in addresses of pages, and times: any digits may stand in them."""

Query = list[tuple[str, str]]

VISITORS = [
    ("admin", ALPHA.reseller),
    ("viewer", ALPHA.reseller),
    ("admin", BETA.reseller),
    ("admin", "Reseller that has gone"),
]
HEADERS = [{"Accept": "text/html"}, {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}]


@pytest.fixture(autouse=True)
def parties(app: Flask, tmp_path: Path) -> None:
    load_parties(tmp_path, *PARTIES)


@pytest.fixture
def alpha(app: Flask) -> FlaskClient:
    return signed_in(app, "admin", ALPHA.reseller)


def every(slug: str) -> Query:
    return [("columns", column.key) for column in REPORTS[slug].columns]


def nodes(mark: str) -> list[str]:
    """A customer's row, and one inside it."""
    customer = Customer.get(Customer.ref == f"{mark}-C1").id
    kind = CertificateType.get(CertificateType.name == f"{mark} type").id
    return [str(customer), f"{customer}.{kind}"]


def asked_for(slug: str, mark: str) -> Iterator[Query]:
    """Queries that name what bears a mark, by every key that can."""
    names = {
        "q": [mark, f"{mark.lower()}-c", f"{mark} 1", f"{mark}-S1", f"{mark}-T1"],
        "customer": [f"{mark}-C1"],
        "name": [f"{mark} 1"],
        "subscription": [f"{mark}-S1"],
        "reseller": [f"{mark} resale"],
        "product": [f"{mark} product"],
        "certificate_type": [f"{mark} type"],
    }
    for key in REPORTS[slug].filters_by_key:
        yield from ([(key, value)] for value in names.get(key, []))
        yield from ([*every(slug), (key, value)] for value in names.get(key, []))


def asked_of_all(slug: str) -> Iterator[Query]:
    """Queries that name nothing."""
    yield from ([], every(slug), [*every(slug), ("before", "end"), ("size", "25")], [("reseller", "-")])
    yield from ([*every(slug), ("sort", sign + column.key)] for column in REPORTS[slug].columns for sign in ("", "-"))


def asked_inside(places: list[str]) -> Iterator[Query]:
    for key in ("node", "open", "toggle"):
        yield from ([(key, place)] for place in places)
    yield [("open", place) for place in places]


def answers(
    client: FlaskClient, path: str, queries: Iterable[Query], before: FlaskClient | None = None
) -> Iterator[tuple[str, Query, str]]:
    """Everything that can be had at one address: bodies, with status and headers before them.

    Whoever asks the same right `before` leaves their answers in caches.
    """
    for query in queries:
        for headers in HEADERS[:1] if path.endswith((".csv", ".xlsx")) else HEADERS:
            if before:
                before.get(path, query_string=MultiDict(query), headers=headers).get_data()
            answer = client.get(path, query_string=MultiDict(query), headers=headers)
            is_book = answer.headers["Content-Type"] == WORKBOOK.mimetype
            body = workbooks.everything(answer.data) if is_book else answer.text
            yield path, query, f"{answer.status}\n{answer.headers}\n{body}"


def echoes_cut(text: str, query: Query) -> str:
    """The answer without what the visitor typed: telling them that is no leak."""
    text = RANDOM.sub("", text)
    for _, value in sorted(query, key=lambda pair: -len(pair[1])):
        for form in (value, value.replace(" ", "%20"), value.replace(" ", "+")):
            text = text.replace(form, "…")
    return text


def asked_about(slug: str, parties: list[Party]) -> Iterator[Query]:
    """Each query once: what names nothing is the same for all."""
    yield from asked_of_all(slug)
    for party in parties:
        yield from asked_for(slug, party.mark)
        yield from asked_inside(nodes(party.mark))


@pytest.mark.parametrize(("role", "reseller"), VISITORS)
def test_no_answer_bears_the_mark_of_another(app: Flask, role: str, reseller: str) -> None:
    others = [party for party in PARTIES if party.reseller != reseller]
    whole, client = signed_in(app), signed_in(app, role, reseller)
    walked = [
        answer
        for endpoint, method, path in routes(app)
        if method == "GET" and endpoint.startswith(("reports.", "export.", "customers.", "home.", "printed.", "sums."))
        for slug in [slug for slug in REPORTS if f"/{slug}" in path] or ["customer-usage"]
        for answer in answers(client, path, asked_about(slug, others), before=whole)
    ]
    assert len(walked) > 1000
    for path, query, text in walked:
        heard = echoes_cut(text, query)
        for party in others:
            assert party.mark not in heard, (path, query)
            assert not any(amount in heard for amount in party.amounts), (path, query)
        assert "77,777" not in heard, "its own purchases are another's"
        assert "77777" not in heard


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_what_is_another_s_answers_exactly_like_what_is_not_there(app: Flask, role: str) -> None:
    client = signed_in(app, role, ALPHA.reseller)
    theirs = nodes(BETA.mark)
    missing = [
        str(987_654 + len(place)) + "0" * (len(place) - 6) if "." not in place else "987655.1" for place in theirs
    ]
    for slug in REPORTS:
        for path in (
            "/customers",
            *(f"/reports/{slug}{ending}" for ending in ("", ".csv", ".xlsx", "/rows", "/print", "/summary")),
        ):
            foreign = answers(client, path, [*asked_for(slug, BETA.mark), *asked_inside(theirs)])
            absent = answers(client, path, [*asked_for(slug, NOWHERE), *asked_inside(missing)])
            for (_, asked, one), (_, _, other) in zip(foreign, absent, strict=True):
                assert plain(one, BETA.mark, theirs) == plain(other, NOWHERE, missing), (path, asked)


def plain(answer: str, mark: str, places: list[str]) -> str:
    """An answer without the names that were asked for, its request's id and what follows from both."""
    any_place = "|".join(map(re.escape, places))
    answer = RANDOM.sub("", answer)
    answer = re.sub(rf'(?<=[=“"])({any_place})(?=[&"”\s<])', "NODE", answer)
    return answer.replace(mark, "MARK").replace(mark.lower(), "mark")


def test_another_s_place_answers_exactly_like_one_that_has_gone(app: Flask, alpha: FlaskClient) -> None:
    theirs = Subscription.get(Subscription.ref == f"{BETA.mark}-S3")
    view = view_of("customer-subscriptions", [])
    foreign = Cursor(0, theirs.id, digest(theirs.ref), 3, view.cursor_context)
    absent = replace(foreign, row=987_654)
    for key in ("after", "before"):
        texts = []
        for cursor in (foreign, absent):
            answer = alpha.get("/reports/customer-subscriptions", query_string={key: str(cursor)})
            assert answer.status_code == 400
            texts.append(re.sub("[0-9a-f]{16}", "", answer.text).replace(str(cursor), "CURSOR"))
        assert texts[0] == texts[1]
        assert (
            signed_in(app).get("/reports/customer-subscriptions", query_string={key: str(foreign)}).status_code == 200
        )


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.usefixtures("way")
def test_a_reseller_sees_what_its_filter_would_show_to_all(app: Flask, alpha: FlaskClient, slug: str) -> None:
    whole = signed_in(app)
    for sort in [sign + column.key for column in REPORTS[slug].columns for sign in ("", "-")]:
        own = MultiDict([*every(slug), ("sort", sort)])
        chosen = MultiDict([*every(slug), ("sort", sort), ("reseller", ALPHA.reseller)])
        page = alpha.get(f"/reports/{slug}", query_string=own).text
        assert table_rows(page) == table_rows(whole.get(f"/reports/{slug}", query_string=chosen).text)
        file = alpha.get(f"/reports/{slug}.csv", query_string=own).data
        assert file == whole.get(f"/reports/{slug}.csv", query_string=chosen).data
        count = len(csv_rows(file)) - 1
        assert f"of <strong>{count}</strong>" in page
        assert count >= ALPHA.customers


@pytest.mark.parametrize("slug", REPORTS)
def test_a_reseller_s_sums_are_of_what_its_filter_would_show_to_all(app: Flask, alpha: FlaskClient, slug: str) -> None:
    own = alpha.get(f"/reports/{slug}/summary").text
    chosen = signed_in(app).get(f"/reports/{slug}/summary", query_string={"reseller": ALPHA.reseller}).text
    assert said(own) == said(chosen)
    assert f"All {3} rows" in own


def said(page: str) -> str:
    """What is between the tags of a page's part for everybody."""
    return re.sub(r"<[^>]+>", "", page.partition("<h1>")[2].partition("</main>")[0])


def test_menus_offer_only_what_is_in_sight(alpha: FlaskClient) -> None:
    for slug in REPORTS:
        text = alpha.get(f"/reports/{slug}").text
        offered = set(re.findall(r'<option value="([^"]+)"', text))
        assert set(filter(re.compile("[A-Z]7").search, offered)) <= {"ALPHA7 resale", "ALPHA7 product", "ALPHA7 type"}
        assert "-" not in offered, "who has a reseller has no customers without one"


def test_rows_open_only_for_those_whose_they_are(app: Flask, alpha: FlaskClient) -> None:
    for client, party, status in (
        (alpha, ALPHA, 200),
        (alpha, BETA, 404),
        (alpha, NOBODYS, 404),
        (signed_in(app), BETA, 200),
    ):
        for node in nodes(party.mark):
            assert client.get(f"/reports/customer-usage/rows?node={node}").status_code == status


def test_a_customer_that_moves_takes_its_history_along(app: Flask, alpha: FlaskClient, tmp_path: Path) -> None:
    beta = signed_in(app, "admin", BETA.reseller)
    before = {slug: alpha.get(f"/reports/{slug}.csv").data for slug in REPORTS}
    load_parties(tmp_path, ALPHA, replace(BETA, reseller=ALPHA.reseller))
    for slug in REPORTS:
        assert alpha.get(f"/reports/{slug}.csv").data.count(b"BETA7 1") >= 1
        assert alpha.get(f"/reports/{slug}.csv").data != before[slug]
        assert not table_rows(beta.get(f"/reports/{slug}").text)
        assert b"BETA7 1" not in beta.get(f"/reports/{slug}.csv").data


def test_only_who_comes_from_the_reseller_column_is_a_reseller_s(alpha: FlaskClient) -> None:
    assert NAMESAKE.startswith(f'"{ALPHA.reseller}"')
    assert alpha.get("/reports/customer-usage?customer=N-1").text.count("No rows") >= 1


def test_nobody_of_a_reseller_reaches_users_or_the_trail(app: Flask, alpha: FlaskClient) -> None:
    for endpoint, method, path in routes(app):
        if endpoint not in PUBLIC_ENDPOINTS and endpoint.partition(".")[0] in ("users", "audit"):
            answer = alpha.open(path, method=method, headers=OURS)
            assert answer.status_code == 403
            assert "@" not in answer.text
