"""The usage filter tests the sums that a row shows, and keeps all rows inside it."""

from itertools import product
from pathlib import Path

import pytest

from app.table.paging import read_children, read_page
from app.table.scope import WHOLE_PARTNER
from app.table.view import View
from tests.databases import on_both
from tests.support import load, view_of
from tests.table.test_rows import check, expected

HOLDINGS = """Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used
ninety,C-1,,SSL,DV,10,9
less,C-2,,SSL,DV,1000,899
full,C-3,,SSL,DV,10,10
over,C-4,,SSL,DV,10,11
bare,C-5,,,,0,0
unbought,C-6,,SSL,DV,0,1
mixed,C-7,,SSL,DV,10,10
mixed,C-7,,SSL,EV,10,2
mixed,C-7,,Client,Mail,5,9
even,C-8,Zebra,SSL,DV,10,14
even,C-8,Zebra,SSL,EV,40,30
"""
LEVELS: list[list[tuple[str, str]]] = [[], [("columns", "certificate_type")], [("columns", "product")]]
CHOICES: list[list[tuple[str, str]]] = [
    [], [("certificate_type", "SSL")], [("product", "DV")], [("certificate_type", "SSL"), ("product", "EV")]
]  # fmt: skip


@pytest.fixture(autouse=True)
def held(app: object, tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(HOLDINGS, "utf-8")
    load("customer-usage", tmp_path / "usage.csv")


def names(view: View) -> list[str]:
    return [row.values[0] for row in read_page(view, WHOLE_PARTNER).rows]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ([("usage", "over")], ["even", "mixed", "over", "unbought"]),
        ([("usage", "near")], ["full", "ninety"]),
        ([("usage", "near"), ("product", "DV")], ["full", "mixed", "ninety"]),
        ([("usage", "over"), ("product", "DV")], ["even", "over", "unbought"]),
        ([("usage", "over"), ("product", "EV")], []),
        ([("usage", "near"), ("columns", "product")], ["full", "mixed", "ninety"]),
        ([("usage", "over"), ("columns", "certificate_type")], ["even", "mixed", "over", "unbought"]),
    ],
)
def test_usage_filter(query: list[tuple[str, str]], kept: list[str]) -> None:
    assert names(view_of("customer-usage", query)) == kept


@pytest.mark.parametrize("usage", ["over", "near"])
@pytest.mark.usefixtures("query_plan")
def test_usage_filter_at_every_level(usage: str) -> None:
    for level, choice, sort in product(LEVELS, CHOICES, ("customer", "-used")):
        query = [*level, ("columns", "used"), ("sort", sort), *choice, ("usage", usage)]
        check(view_of("customer-usage", query))


@on_both
def test_matching_row_expands_to_all_its_rows() -> None:
    view = view_of("customer-usage", [("usage", "over")])
    (mixed,) = (row for row in read_page(view, WHOLE_PARTNER).rows if row.values[0] == "mixed")
    types = read_children(view, WHOLE_PARTNER, mixed.path)
    assert types
    assert [row.values[0] for row in types] == ["Client", "SSL"]
    assert [sum(each.values[i] for each in types) for i in (3, 4, 5)] == list(mixed.values[3:6])
    assert [len(read_children(view, WHOLE_PARTNER, row.path) or []) for row in types] == [1, 2]


@on_both
def test_filtered_row_does_not_expand() -> None:
    rows = {row.values[0]: row for row in read_page(view_of("customer-usage", []), WHOLE_PARTNER).rows}
    for name, over, near in (("mixed", True, False), ("less", False, False), ("full", False, True)):
        for usage, kept in (("over", over), ("near", near)):
            view = view_of("customer-usage", [("usage", usage)])
            types = read_children(view_of("customer-usage", []), WHOLE_PARTNER, rows[name].path) or []
            for node in (rows[name].path, types[0].path):
                assert bool(read_children(view, WHOLE_PARTNER, node)) == kept, (name, usage, node)


def test_usage_filter_counts_its_rows() -> None:
    view = view_of("customer-usage", [("usage", "over")])
    assert read_page(view, WHOLE_PARTNER).total == len(expected(view)) == 4
