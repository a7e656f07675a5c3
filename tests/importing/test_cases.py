"""The files of `cases`, which people's programs wrote: what each does to a new database, and what is said about it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from models import Bundle, Customer, CustomerUsage, Reseller, Subscription, Transaction
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, plan_of, values

__all__ = ["database_url"]

CASES = Path(__file__).parent / "cases"
OK = ("C-1", "Müller GmbH", "", "S-1", "Basic SSL", "2027-01-31", 10_000, "2026-01-31", "2026-01-31 10:00:00", 1)


def load_case(name: str, **options: str) -> tuple[list[str], list[tuple[int, str]]]:
    """Load a file, and return what is said about it, and its faults and open questions."""
    (path,) = CASES.glob(f"{name}.*")
    plan = plan_of("", path.read_bytes(), dry_run=False, **options)
    asked = [(question.line, str(question)) for question in plan.open_questions]
    notes = [*plan.notes, *(str(question) for question in plan.questions)]
    return [*plan.said, *notes], [(fault.line, fault.text) for fault in plan.faults] + asked


def loaded() -> list[tuple[object, ...]]:
    fields = ("ref", "name", "ends_on", "cost", "ordered_on", "modified_at", "items_quantity")
    rows = values(*(getattr(Subscription, name) for name in fields))
    customers = values(Customer.ref, Customer.name, Reseller.name)
    return [(*owner, *row) for owner, row in zip(customers, rows, strict=True)]


EMPTY_LINE, CELLS = "Passed over, empty lines: 1.", "Passed over, rows' empty cells beyond the headings: 1."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("00_ok", "The text is UTF-8, by its characters. Cells are separated by commas."),
        ("01_utf16le_bom", "The text is UTF-16, by its byte order mark. Cells are separated by commas."),
        ("01b_unicode_text", "The text is UTF-16, by its byte order mark. Cells are separated by tabs."),
        ("01c_utf16le_nobom", "The text is UTF-16, by the zero in every second byte."),
        ("01e_utf16be_bom", "The text is UTF-16 (big-endian), by its byte order mark."),
        ("02_cp1252", "The text is Windows-1252 (Western Europe), since it has bytes that are no UTF-8."),
        ("03_semicolon", "Cells are separated by semicolons."),
        ("03b_sep_semicolon", "Cells are separated by semicolons."),
        ("03c_sep_comma", "Cells are separated by commas."),
        ("03d_tabs", "Cells are separated by tabs."),
        ("04_trailing_comma", CELLS),
        ("04b_trailing_comma_rows", CELLS),
        ("04c_empty_row_commas", EMPTY_LINE),
        ("04d_blank_lines_end", "Passed over, empty lines: 2."),
        ("04e_no_newline_end", ""),
        ("04f_ctrl_z", EMPTY_LINE),
        ("05_cr_only", ""),
        ("05b_lfcr", ""),
        ("06_header_case", "“customer id” is read as Customer ID."),
        ("06b_header_lead_space", ""),
        ("06d_header_nbsp", ""),
        ("06e_header_case2", "“Last Modified By” is read as Last modified by."),
        ("06j_leading_blank", EMPTY_LINE),
    ],
)
def test_file_is_read_as_meant(name: str, said: str) -> None:
    sentences, faults = load_case(name)
    assert not faults
    assert said in " ".join(sentences)
    assert loaded() == [OK]


BEHIND = "text follows a quote that closes; a quote inside of a quoted cell is written twice"
RAGGED = "the row has 12 cells, the heading has 11; a cell with the delimiter inside needs double quotes around it"
UNCLOSED = "the quote that opens in this line is never closed; a quote inside of a quoted cell is written twice"
SWALLOWED = "a quote opens in this line and closes in line 3, so that one cell holds the rows between"
NO_NAME = "is not products with “; ” between any two: one of them has no name"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("06g_dup_header", [(1, "the heading “Reseller” is expected once, not 2 times")]),
        ("20b_quoted_then_text", [(2, BEHIND)]),
        ("20c_unclosed_quote", [(2, UNCLOSED)]),
        ("20d_two_stray_quotes", [(2, BEHIND)]),
        (
            "20f_swallow",
            [(2, "a quote opens in this line and closes in line 3, so that one cell holds the rows between")],
        ),
        ("20i_smart_quotes", [(2, RAGGED)]),
        ("20j_backslash", [(2, RAGGED)]),
        ("20k_backslash_quote", [(2, BEHIND)]),
        ("20l_single_quotes", [(2, RAGGED)]),
        ("44_id_then_noid", [(3, "Product: line 2 already says what the customer holds of it")]),
        ("51_products", [(5, f"Product: “Basic; ” {NO_NAME}"), (6, f"Product: “; Basic” {NO_NAME}")]),
    ],
)
def test_faults_name_their_line(name: str, expected: Sequence[tuple[int, str]]) -> None:
    assert load_case(name)[1] == expected
    assert values(Customer.id) == []


def test_unknown_heading_is_a_fault_or_left_out() -> None:
    [(line, text)] = load_case("06h_extra_col")[1]
    assert line == 1
    assert text.startswith("the heading “Notes” is unknown")
    assert "--ignore" in text
    plan = plan_of("", (CASES / "06h_extra_col.csv").read_bytes(), dry_run=False, pass_unknown=True)
    assert "“Notes” is left out." in plan.said
    assert loaded() == [OK]


def test_empty_file_and_headings_alone() -> None:
    [(line, text)] = load_case("06k_empty")[1]
    assert (line, text) == (1, "the file is empty")
    plan = plan_of("", (CASES / "06l_header_only.csv").read_bytes())
    assert (plan.summary.rows, list(plan.faults)) == (0, [])


@pytest.mark.parametrize(
    ("name", "customers"),
    [
        ("20_bare_quote_mid", ["Acme", 'Rack 19" Systems']),
        ("20g_space_before_quote", ["Acme, Inc."]),
        ("20h_space_after_quote", ["Acme, Inc."]),
    ],
)
def test_quotes_with_one_reading(name: str, customers: list[str]) -> None:
    assert load_case(name)[1] == []
    assert values(Customer.name) == customers


def test_resellers_that_differ_by_case_are_shown() -> None:
    sentences, faults = load_case("11_lookalike_resellers")
    assert not faults
    assert sum("did you mean “Reséller”?" in sentence for sentence in sentences) == 1
    assert values(Reseller.name) == ["", "Reséller", "reséller"]


def test_same_names_are_one_reseller() -> None:
    load_case("11_lookalike_resellers", names="same")
    assert values(Reseller.name) == ["", "Reséller"]


def test_invisible_characters_go() -> None:
    load_case("30_odd_characters", names="new")
    names = values(Customer.name)
    assert len(values(Subscription.id)) == 41
    assert {"QQ ctrlx", "QQ vt x", "QQ ls x", "QQ cr x", "QQ lf x", "QQ _x0041_ lit"} <= set(names)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("40_usage_over", [
            (0, 0, 0, 0), (0, 0, 0, 0), (3, 0, 9_000_000_000, 8_999_999_997), (9, 1, 8, 0), (10, 1, 9, 0),
            (20, 10, 18, 8), (1_000_000_000, 999_999_998, 2, 0),
        ]),
        ("42_usage_partial", [(10, 0, 15, 5)]),
        ("43_same_product_two_types", [(20, 0, 30, 10)]),
    ],
)  # fmt: skip
def test_usage(name: str, rows: list[tuple[int, ...]]) -> None:
    assert load_case(name)[1] == []
    numbers = (getattr(CustomerUsage, each) for each in ("current_inventory", "available", "used", "over_inventory"))
    assert values(*numbers) == rows


def test_customer_with_and_without_an_id() -> None:
    for name in ("44b", "44c"):
        sentences, faults = load_case(name)
        assert not faults
    assert any("“Z” is a new customer; another reseller has one of this name" in each for each in sentences)
    assert values(Customer.name, Reseller.name) == [("Z", ""), ("Z", "Res")]


def test_months_and_sums() -> None:
    assert load_case("50_month_edges")[1] == []
    october = [date for date in values(Transaction.date) if date.startswith("2026-10")]
    assert october == ["2026-10-01 00:00:00", "2026-10-31 00:00:00", "2026-10-31 23:59:59"]
    Transaction.delete().execute()
    assert load_case("65_sums")[1] == []
    assert sum(values(Transaction.cost)) == 200


def test_products_without_a_blank_between_are_several() -> None:
    lines = (CASES / "51_products.csv").read_bytes().splitlines(keepends=True)
    plan_of("", b"".join(lines[:4] + lines[6:]), dry_run=False)
    assert values(Bundle.name) == ["", "Basic; Basic", "Basic; Pro", "Pro; Basic"]


def test_blank_behind_the_reseller_moves_nobody() -> None:
    load_case("70_ok")
    sentences, faults = load_case("71_reseller_trailing_space")
    assert (faults, [each for each in sentences if "moves" in each]) == ([], [])
    assert values(Customer.name, Reseller.name) == [("Acme", "Nord GmbH")]


def test_reseller_that_differs_by_case_is_asked_about() -> None:
    load_case("70_ok")
    [(line, text)] = load_case("72_reseller_case")[1]
    assert (line, text) == (
        2,
        "Reseller: “nord gmbh” is new; did you mean “Nord GmbH”? "
        "--same-names takes such names as one, --new-names as several",
    )
    assert load_case("72_reseller_case", names="same")[1] == []
    assert values(Customer.name, Reseller.name) == [("Acme", "Nord GmbH")]


def test_move_is_named() -> None:
    load_case("70_ok")
    plan = plan_of("", (CASES / "73_reseller_empty.csv").read_bytes())
    assert plan.notes == ["line 2: Customer “Acme” moves from “Nord GmbH” to no reseller"]
    assert values(Customer.name, Reseller.name) == [("Acme", "Nord GmbH")]  # that was before it happens


def test_blanks_behind_customer_and_subscription() -> None:
    for name in ("75_a", "76_customer_trailing_space", "78_subscription_id_trailing_space"):
        assert load_case(name)[1] == []
    assert values(Customer.name) == ["Acme"]
    assert values(Subscription.ref, Subscription.cancelled_on) == [("S-1", "2026-08-01")]


def test_reports_are_recognised() -> None:
    for name, slug in (("00_ok", SUBSCRIPTIONS), ("65_sums", TRANSACTIONS), ("43_same_product_two_types", USAGE)):
        sentences, _ = load_case(name)
        title = {SUBSCRIPTIONS: "Subscriptions", TRANSACTIONS: "Transactions", USAGE: "Usage"}[slug]
        assert f"The headings are those of the Customer {title} Report." in sentences
