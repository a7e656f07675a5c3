"""The demo's partner is believable: at the default size, everything that reports must cope with is there."""

import os
import subprocess
import sys
import unicodedata
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.demo.partner import Partner
from models import ACTIONS, PRODUCT_SEPARATOR
from tests.demo.told import Told, told

TODAY = date(2026, 11, 22)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=[1, 2, 3])
def partner(request: pytest.FixtureRequest) -> Told:
    return told(Partner(400, 10_000, request.param, TODAY))


def test_the_records_do_not_depend_on_how_python_hashes() -> None:
    first, second = (_printed({"PYTHONHASHSEED": seed, "PYTHONUTF8": "1"}) for seed in "12")
    assert first == second
    assert b"TransactionRecord" in first


def _printed(environ: dict[str, str]) -> bytes:
    partner = "demo.Partner(9, 99, 1, datetime.date(2026, 11, 22))"
    command = [sys.executable, "-c", f"import datetime, app.demo.partner as demo; print(*{partner}.records())"]
    return subprocess.run(command, env=os.environ | environ, cwd=ROOT, capture_output=True, check=True).stdout


def day(days: int) -> str:
    return (TODAY + timedelta(days)).isoformat()


def cancelled(partner: Told) -> set[str]:
    return {record.subscription_id for record in partner.transactions if record.action == "Cancel"}


def test_all_actions_happen(partner: Told) -> None:
    assert {record.action for record in partner.transactions} == set(ACTIONS)


def test_some_subscriptions_end_soon_some_ended_some_were_cancelled(partner: Told) -> None:
    open_ends = [each.end for each in partner.subscriptions if each.subscription_id not in cancelled(partner)]
    assert sum(day(0) <= end <= day(30) for end in open_ends) > 50
    assert sum(end < day(0) for end in open_ends) > 50
    assert sum(end > day(365) for end in open_ends) > 50
    assert len(cancelled(partner)) > 50


def test_some_cancellations_are_credited(partner: Told) -> None:
    costs = [record.cost < 0 for record in partner.transactions if record.action == "Cancel"]
    assert set(costs) == {True, False}


def test_some_inventory_is_taken_away(partner: Told) -> None:
    assert any(record.total < 0 and record.cost < 0 for record in partner.transactions)


def test_some_transactions_affect_several_products(partner: Told) -> None:
    assert {len(record.products) for record in partner.transactions} == {1, 2, 3}


def test_a_customer_uses_more_than_it_bought_and_others_all_or_none(partner: Told) -> None:
    holdings = [each for each in partner.usage if each.product]
    assert any(each.used > each.current_inventory for each in holdings)
    assert any(each.used == each.current_inventory for each in holdings)
    assert any(each.used == 0 for each in holdings)


def test_a_customer_has_nothing_at_all(partner: Told) -> None:
    without = {each.customer_id for each in partner.usage if not each.product}
    assert without - set(partner.owners.values())


def test_a_customer_has_only_a_cancelled_subscription(partner: Told) -> None:
    gone = {partner.owners[subscription] for subscription in cancelled(partner)}
    others = {owner for subscription, owner in partner.owners.items() if subscription not in cancelled(partner)}
    assert gone - others


def test_there_are_resellers_and_about_a_third_of_the_customers_has_none(partner: Told) -> None:
    resellers = {each.customer_id: each.reseller for each in partner.usage}
    assert len(set(resellers.values()) - {""}) > 20
    assert 0.2 < Counter(resellers.values())[""] / len(resellers) < 0.4


def test_names_are_of_many_scripts_and_mostly_but_not_always_unique(partner: Told) -> None:
    names = Counter({each.customer_id: each.customer for each in partner.usage}.values())
    scripts = {unicodedata.name(letter).split()[0] for name in names for letter in name if letter.isalpha()}
    expected = {"LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "CJK", "KATAKANA", "HANGUL", "DEVANAGARI"}
    assert expected <= scripts
    assert len(names) > 380
    assert len({name.casefold().replace(".", "") for name in names}) < 400


def test_all_certificate_types_and_products_are_held(partner: Told) -> None:
    types = {each.certificate_type for each in partner.usage} - {""}
    assert types == {"SSL", "Client", "Code Signing", "Document Signing", "Device"}
    assert len({each.product for each in partner.usage}) == 19
    assert not any(PRODUCT_SEPARATOR in each.product for each in partner.usage)


def test_emails_are_addresses_under_example(partner: Told) -> None:
    for each in partner.subscriptions:
        local, _, domain = each.last_modified_by.partition("@")
        assert local.isascii()
        assert domain.isascii()
        assert domain.endswith(".example")
        assert len(domain.split(".")) == 2
        assert not set(local + domain) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")


def test_ids_are_all_different(partner: Told) -> None:
    assert len({record.transaction_id for record in partner.transactions}) == 10_000
    assert len(partner.owners) == len(partner.subscriptions)


def test_even_a_tiny_partner_shows_what_it_can() -> None:
    tiny = told(Partner(5, 40, 1, TODAY))
    assert any(each.used > each.current_inventory for each in tiny.usage)
    assert any(not each.product for each in tiny.usage)
    assert cancelled(tiny)
