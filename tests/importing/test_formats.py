"""Numbers and dates as people and programs write them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.importing.cells import Ambiguous, Formats
from app.table.kinds import DATE, DATETIME, INTEGER, MONEY
from models import Subscription, Transaction
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, faults, file, load, plan_of, values

__all__ = ["database_url"]

CENTS = st.integers(-999_999_999_999_99, 999_999_999_999_99)
MARKS = st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", ","), ("", "."), ("", ",")])
SIGNS = st.sampled_from(["-{}", "- {}", "({})", "{}-", "−{}", "-€{}", "€ -{}", "-{} USD", "($ {})"])


@given(CENTS, MARKS, SIGNS, st.sampled_from(["", "point", "comma"]))
def test_any_way_to_write_an_amount(cents: int, marks: tuple[str, str], sign: str, decimal: str) -> None:
    group, mark = marks
    text = f"{abs(cents) // 100:,}".replace(",", group) + f"{mark}{abs(cents) % 100:02}"
    text = sign.format(text) if cents < 0 else text
    assert Formats(decimal=decimal).parser(MONEY)(text) == cents


@given(st.integers(-999_999_999_999, 999_999_999_999), st.sampled_from([",", ".", " ", "'", "’", ""]))
def test_any_way_to_write_a_whole_number(number: int, group: str) -> None:
    text = f"{number:,}".replace(",", group)
    assert Formats(decimal="comma" if group == "." else "point").parser(INTEGER)(text) == number


@pytest.mark.parametrize(
    ("text", "cents"), [("-", 0), ("€ -", 0), (".5", 50), ("12", 1200), ("0.500", 50), ("+5", 500)]
)
def test_short_amounts(text: str, cents: int) -> None:
    assert Formats().parser(MONEY)(text) == cents


@pytest.mark.parametrize("text", ["1,234", "1.234", "(999.999)", "€1,000"])
def test_three_digits_behind_a_mark_are_ambiguous(text: str) -> None:
    with pytest.raises(Ambiguous):
        Formats().parser(MONEY)(text)
    with pytest.raises(Ambiguous):
        Formats().parser(INTEGER)("1.000")
    assert Formats().parser(INTEGER)("1.234") == 1234  # 1 and a bit is no whole number


@given(st.text(max_size=12) | st.text("0123456789.,-()€ '/:TZAPM", max_size=14))
def test_no_text_breaks_a_parser(text: str) -> None:
    for kind in (INTEGER, MONEY, DATE, DATETIME):
        for formats in (Formats(), Formats("dmy", "comma"), Formats("iso", "point")):
            try:
                value = formats.parser(kind)(text)
            except (ValueError, Ambiguous):
                continue
            assert isinstance(value, int if kind in (INTEGER, MONEY) else str)


DAYS = st.dates(date(1900, 1, 1))
SHAPES = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d %B %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%d. %b %Y",
    "%Y-%m-%d 00:00",
    "%Y-%m-%dT00:00:00Z",
]


def write(day: datetime | date, shape: str) -> str:
    return day.strftime(shape.replace("%Y", f"{day.year:04}"))


@given(DAYS, st.sampled_from(SHAPES))
def test_any_way_to_write_a_day(day: date, shape: str) -> None:
    assert Formats().parser(DATE)(write(day, shape)) == str(day)
    assert Formats().parser(DATETIME)(write(day, shape)) == f"{day} 00:00:00"


@pytest.mark.parametrize(("text", "day"), [("22-Nov-68", "2068-11-22"), ("22-Nov-69", "1969-11-22")])
def test_two_digits_of_a_year_are_read_as_posix_does(text: str, day: str) -> None:
    assert Formats().parser(DATE)(text) == day


def test_numbers_with_two_digits_of_a_year_need_an_order() -> None:
    with pytest.raises(Ambiguous):
        Formats().parser(DATE)("22/11/26")  # may be a day of 2022
    assert Formats("dmy").parser(DATE)("22/11/26") == "2026-11-22"
    assert Formats("mdy").parser(DATE)("11.22.69") == "1969-11-22"
    load(SUBSCRIPTIONS, {"End": "01/02/26"}, {"Subscription ID": "S-2", "End": "31/12/2026"})
    assert values(Subscription.ends_on) == ["2026-02-01", "2026-12-31"]


@given(DAYS, st.sampled_from("/-."), st.booleans())
def test_order_of_day_and_month(day: date, mark: str, american: bool) -> None:
    order = "mdy" if american else "dmy"
    text = write(day, "%m/%d/%Y" if american else "%d/%m/%Y").replace("/", mark)
    assert Formats(date_order=order).parser(DATE)(text) == str(day)
    if day.day > 12 or day.day == day.month:
        assert Formats().parser(DATE)(text) == str(day)
    else:
        with pytest.raises(Ambiguous):
            Formats().parser(DATE)(text)
    with pytest.raises(ValueError, match="is not a date"):
        Formats(date_order="iso").parser(DATE)(text)


@given(st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_zones_become_utc(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    expected = str(zoned.astimezone(UTC).replace(tzinfo=None))
    assert Formats().parser(DATETIME)(zoned.isoformat()) == expected
    assert Formats().parser(DATETIME)(zoned.isoformat().replace("T", " ")) == expected


@pytest.mark.parametrize(
    ("text", "time"),
    [("22/11/2026 1:05 PM", "13:05:00"), ("11/22/2026 12:00:01 am", "00:00:01"), ("22-Nov-26 23:59", "23:59:00")],
)
def test_times_of_day(text: str, time: str) -> None:
    assert Formats().parser(DATETIME)(text) == f"2026-11-22 {time}"


AMBIGUOUS = [{"End": "03/04/2026"}, {"Subscription ID": "S-2", "End": "05/06/2026"}]


def test_ambiguous_dates_are_asked_about() -> None:
    text = "End: “03/04/2026” can be day/month/year or month/day/year, and nothing in the file tells; "
    assert faults(SUBSCRIPTIONS, *AMBIGUOUS) == [(2, text + "--date-order dmy or --date-order mdy says which")]
    [question] = plan_of(SUBSCRIPTIONS, file(SUBSCRIPTIONS, *AMBIGUOUS)).open_questions
    assert (question.setting, list(question.choices)) == ("date_order", ["dmy", "mdy"])


@pytest.mark.parametrize(
    ("order", "days"), [("dmy", ["2026-04-03", "2026-06-05"]), ("mdy", ["2026-03-04", "2026-05-06"])]
)
def test_an_answer_decides(order: str, days: list[str]) -> None:
    load(SUBSCRIPTIONS, *AMBIGUOUS, date_order=order)
    assert values(Subscription.ends_on) == days


@pytest.mark.parametrize(("tells", "days"), [("13/04/2026", ["2026-04-03"]), ("04/13/2026", ["2026-03-04"])])
def test_any_row_may_decide_for_all(tells: str, days: list[str]) -> None:
    load(SUBSCRIPTIONS, AMBIGUOUS[0], {"Subscription ID": "S-2", "Order Date": tells})
    assert values(Subscription.ends_on)[:1] == days


def test_contradicting_dates_are_asked_about() -> None:
    rows = [
        AMBIGUOUS[0],
        {"Subscription ID": "S-2", "End": "13/04/2026"},
        {"Subscription ID": "S-3", "End": "04/13/2026"},
    ]
    [(line, text)] = faults(SUBSCRIPTIONS, *rows)
    assert (line, "the file has both" in text) == (2, True)
    assert [line for line, _ in faults_with(rows, "dmy")] == [4]


def faults_with(rows: list[dict[str, str]], order: str) -> list[tuple[int, str]]:
    plan = plan_of(SUBSCRIPTIONS, file(SUBSCRIPTIONS, *rows), date_order=order)
    return [(fault.line, fault.text) for fault in plan.faults]


@pytest.mark.parametrize(
    ("other", "cents"), [("0,50", 123), ("0.50", 123_000), ("1.234,00", 123), ("2,345,678", 123_000)]
)
def test_decimals_are_told_by_any_row(other: str, cents: int) -> None:
    load(TRANSACTIONS, {"Cost": "1,230"}, {"Transaction ID": "T-2", "Cost": other})
    assert cents in values(Transaction.cost)


def test_ambiguous_decimals_are_asked_about() -> None:
    [(line, text)] = faults(TRANSACTIONS, {"Cost": "1,230"}, {"Transaction ID": "T-2", "Cost": "4,560"})
    assert (line, text.endswith("--decimal point or --decimal comma says which")) == (2, True)
    load(TRANSACTIONS, {"Cost": "1,230"}, decimal="point")
    assert values(Transaction.cost) == [123_000]


def test_an_amount_with_one_right_reading_is_asked_about_without_a_fault() -> None:
    [(_, text)] = faults(TRANSACTIONS, {"Cost": "1.234"})  # with a decimal point it has too many decimals
    assert text.startswith("Cost: “1.234” can be written like 1,234.50 or written like 1.234,50")


def test_a_month_alone_says_so() -> None:
    assert faults(SUBSCRIPTIONS, {"End": "Nov-26"}) == [(2, "End: “Nov-26” is a month, not a day such as 2026-11-22")]


def test_a_day_as_excel_counts_it_says_which_it_is() -> None:
    text = "End: “46348” is a number, which Excel shows as 2026-11-22 once the column has a format of dates"
    assert faults(SUBSCRIPTIONS, {"End": "46348"}) == [(2, text)]
