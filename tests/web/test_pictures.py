"""The charts of a view: their bars, their numbers, their colours, and where they lead."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st

from app.reports import REPORTS
from app.table.kinds import INTEGER, MONEY, Kind
from app.table.scope import WHOLE_PARTNER
from app.web.reports.charts import MAX_BARS, Figure, abbreviate, draw_chart, grid_step
from tests import oracle
from tests.support import load, view_of

SUBSCRIPTIONS, TRANSACTIONS, USAGE = "customer-subscriptions", "customer-transactions", "customer-usage"
HEADING = "Customer,Customer ID,Subscription ID,Reseller,Product,Transaction ID,Action,Date,Total,Cost,User"
BIGGEST = 10**14 - 1  # cents of the largest amount that a file may have

Transactions = Sequence[tuple[str, str, int]]  # action, month, cents


def load_transactions(folder: Path, rows: Transactions) -> None:
    lines = [
        f"Acme,C-1,S-1,,DV,T-{number},{action},{month}-05,1,{MONEY.export(cents)},Ann"
        for number, (action, month, cents) in enumerate(rows)
    ]
    (folder / "transactions.csv").write_text("\n".join([HEADING, *lines]), "utf-8")
    load(TRANSACTIONS, folder / "transactions.csv")


def draw(slug: str, number: int = 0, first_day: str = "") -> Figure:
    view = view_of(slug, [("from", first_day)] if first_day else [])
    return draw_chart(view.report.charts[number], view, WHOLE_PARTNER)


def months(*cents: int) -> Transactions:
    return [("Renew", f"2026-{month:02}", each) for month, each in enumerate(cents, start=1)]


# ------------------------------------------------------------------ names


@pytest.mark.parametrize("types", [MAX_BARS, MAX_BARS + 3])
def test_largest_types_are_bars_and_the_others_are_counted(client: FlaskClient, tmp_path: Path, types: int) -> None:
    rows = [f"One,C-1,,Type {number},DV,{number * 1000},{number}" for number in range(1, types + 1)]
    heading = "Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used"
    (tmp_path / "usage.csv").write_text("\n".join([heading, *rows]))
    load(USAGE, tmp_path / "usage.csv")
    text = client.get(f"/reports/{USAGE}/summary").text
    found = re.findall(r'href="([^"]+)">(Type \d+)</a></th>.*<td class="number">([^<]+)</td>', text)
    expected = [(f"Type {number}", f"{number} of {number * 1000:,}") for number in range(types, 0, -1)]
    assert [(name, number) for _, name, number in found] == expected[:MAX_BARS]
    assert all(unescape(url).endswith(f"certificate_type={name.replace(' ', '%20')}") for url, name, _ in found)
    assert (f"{MAX_BARS} of {types}</span>" in text) is (types > MAX_BARS)


@pytest.mark.usefixtures("edge_cases")
def test_costs_of_all_resellers_add_up_to_the_total() -> None:
    figure = draw(SUBSCRIPTIONS, 1)
    assert not figure.hidden
    total = sum(record["cost"] for record in oracle.records(view_of(SUBSCRIPTIONS, [])))
    assert sum(sum(bar.numbers) for bar in figure.bars) == total
    assert "No reseller" in [bar.name for bar in figure.bars]


# ------------------------------------------------------------------ months


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    "cents",
    [
        (1, 2, 3, 4),
        (-500, -1, -20, -3),
        (-500, 0, 70000, 3),
        (BIGGEST, 1, 1, -1),
        (-BIGGEST, BIGGEST, 1, 1),
    ],
)
def test_columns_stay_on_a_grid_around_zero(tmp_path: Path, cents: Sequence[int]) -> None:
    load_transactions(tmp_path, months(*cents))
    figure = draw(TRANSACTIONS)
    assert [bar.numbers for bar in figure.bars[-4:]] == [[each] for each in cents]
    heights = {label: y for y, label in figure.grid}
    assert 2 <= len(figure.grid) <= 4
    assert [min(heights.values()), max(heights.values())] == pytest.approx([0, 140])
    for bar, number in zip(figure.bars[-4:], cents, strict=True):
        for _, top, height in bar.rectangles:
            end = top if number > 0 else top + height
            assert -1 <= end <= 141
            assert end <= heights["0"] if number > 0 else end >= heights["0"]
            assert height >= 0.5
        assert bool(bar.rectangles) is bool(number)


@pytest.mark.usefixtures("app")
def test_zeros_leave_a_line_without_columns(tmp_path: Path) -> None:
    load_transactions(tmp_path, months(0, 0, 0, 0))
    figure = draw(TRANSACTIONS)
    assert [label for _, label in figure.grid] == ["0"]
    assert not any(bar.rectangles for bar in figure.bars)


@pytest.mark.usefixtures("app")
def test_few_months_are_rows_of_a_table(tmp_path: Path) -> None:
    load_transactions(tmp_path, [("Inventory", "2026-09", 100), *months(*range(1, 11)), ("Cancel", "2026-10", -4)])
    three = draw(TRANSACTIONS, first_day="2026-08-20")
    assert ([bar.name for bar in three.bars], three.grid) == (["2026-08", "2026-09", "2026-10"], [])
    assert [three.describe(bar) for bar in three.bars[1:]] == [
        "2026-09: 1.09; Inventory 1.00, Renew 0.09, Cancel 0.00",
        "2026-10: 0.06; Inventory 0.00, Renew 0.10, Cancel -0.04",
    ]
    one = draw(TRANSACTIONS, first_day="2026-10-01")
    assert (one.title, one.parts, one.grid) == ("Cost in 2026-10", (), [])
    assert [(bar.name, one.total(bar)) for bar in one.bars] == [("Renew", "0.10"), ("Cancel", "-0.04")]
    assert "action=Cancel" in one.bars[1].url
    (_, start, length), (_, zero, rest) = one.bars[1].rectangles[0], one.bars[0].rectangles[0]
    assert (start, start + length, zero + rest) == pytest.approx((0, zero, 100))


def test_nothing_to_draw(client: FlaskClient) -> None:
    for slug, report in REPORTS.items():
        assert client.get(f"/reports/{slug}/summary").text.count("Nothing to draw") == len(report.charts)


# ------------------------------------------------------------------ colours and links


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize(("slug", "column"), [(TRANSACTIONS, "action"), ("customer-subscriptions", "status")])
def test_a_value_has_its_colour_in_cells_and_charts(client: FlaskClient, slug: str, column: str) -> None:
    page = client.get(f"/reports/{slug}?columns=customer&columns={column}").text
    cells = {text: color for color, text in re.findall(r'<i class="dot color-(\d)"></i>([^<]+)<', page)}
    view = replace(view_of(slug, []), today=date(2998, 6, 1))
    parts = {part.label: part.color for part in draw_chart(view.report.charts[0], view, WHOLE_PARTNER).parts}
    assert len(set(parts.values())) == len(parts) > 1
    assert parts.items() <= cells.items()


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize("slug", [slug for slug, report in REPORTS.items() if report.charts])
def test_links_keep_the_view_but_for_filters(client: FlaskClient, slug: str) -> None:
    query = "columns=reseller&columns=cost&q=a" if slug != USAGE else "columns=customer&columns=used&q=a"
    text = client.get(
        f"/reports/{slug}/summary?{query}", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    ).text
    assert set(map(unescape, re.findall(r'<figure data-query="([^"]*)"', text))) == {query}
    links = {unescape(url) for url in re.findall(r'<a [^>]*href="([^"]+)"', text)}
    assert links
    for url in links:
        assert urlsplit(url).path == f"/reports/{slug}"
        pairs = parse_qsl(urlsplit(url).query)
        assert not set(parse_qsl(query)) - set(pairs)
        assert {key for key, _ in pairs} - {"columns", "q"} <= REPORTS[slug].filters_by_key.keys()
        assert client.get(url).status_code == 200


# ------------------------------------------------------------------ scales


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (0, MONEY, "0"), (1, MONEY, "0.01"), (-1, MONEY, "−0.01"), (1250, MONEY, "12.5"), (73_936_342, MONEY, "739k"),
        (50_000_000, MONEY, "500k"), (-50_000_000, MONEY, "−500k"), (218_000_000, MONEY, "2.18M"), (7, INTEGER, "7"),
        (999, INTEGER, "999"), (1000, INTEGER, "1k"), (5694, INTEGER, "5.69k"), (999_499, INTEGER, "999k"),
        (999_999, INTEGER, "1M"), (10**9, INTEGER, "1B"), (2**63, MONEY, "92,200T"),
    ],
)  # fmt: skip
def test_numbers_are_abbreviated(number: int, kind: Kind, text: str) -> None:
    assert abbreviate(number, kind) == text


@given(st.integers(-(10**20), 0), st.integers(0, 10**20))
@example(0, 1)
@example(-1, 1)
@example(0, 25)
def test_gridlines_are_few_and_round(low: int, high: int) -> None:
    step = grid_step(low, high)
    assert str(step).rstrip("0") in {"1", "2", "25", "5"}
    intervals = -(-high // step) - low // step
    assert intervals <= 3
    assert intervals >= 2 or high - low < 2
