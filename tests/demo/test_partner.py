"""The demo partner is believable: at the default size it has everything that reports must cope with."""

import os
import subprocess
import sys
import unicodedata
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from app.demo.partner import partner_records
from models import ACTIONS, PRODUCT_SEPARATOR
from tests.demo.records import TODAY, Records, generate

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def partner() -> Records:
    return generate(400, 10_000)


def test_records_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import datetime, app.demo.partner as demo; print(*demo.partner_records(9, 99, 1, datetime.date(2026, 11, 22)))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "123", "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == " ".join(map(str, partner_records(9, 99, 1, TODAY)))


def day(days: int) -> str:
    return (TODAY + timedelta(days)).isoformat()


def cancelled(partner: Records) -> set[str]:
    return {record.subscription_id for record in partner.transactions if record.action == "Cancel"}


def test_all_actions_happen(partner: Records) -> None:
    assert {record.action for record in partner.transactions} == set(ACTIONS)


def test_subscriptions_of_every_status(partner: Records) -> None:
    gone = cancelled(partner)
    open_ends = [each.end for each in partner.subscriptions if each.subscription_id not in gone]
    assert sum(day(0) <= end <= day(30) for end in open_ends) > 50
    assert sum(end < day(0) for end in open_ends) > 50
    assert sum(end > day(365) for end in open_ends) > 50
    assert len(gone) > 50


def test_some_cancellations_are_credited(partner: Records) -> None:
    costs = [record.cost < 0 for record in partner.transactions if record.action == "Cancel"]
    assert set(costs) == {True, False}


def test_some_inventory_is_reduced(partner: Records) -> None:
    assert any(record.total < 0 and record.cost < 0 for record in partner.transactions)


def test_some_transactions_affect_several_products(partner: Records) -> None:
    assert {len(record.products) for record in partner.transactions} == {1, 2, 3}


def test_usage_over_full_and_none(partner: Records) -> None:
    holdings = [each for each in partner.usage if each.product]
    assert any(each.used > each.current_inventory for each in holdings)
    assert any(each.used == each.current_inventory for each in holdings)
    assert any(each.used == 0 for each in holdings)


def test_a_customer_has_nothing(partner: Records) -> None:
    without = {each.customer_id for each in partner.usage if not each.product}
    assert without - set(partner.owners.values())


def test_a_customer_has_only_a_cancelled_subscription(partner: Records) -> None:
    gone, owners = cancelled(partner), partner.owners
    assert {owners[each] for each in gone} - {owners[each] for each in owners if each not in gone}


def test_a_third_of_the_customers_has_no_reseller(partner: Records) -> None:
    resellers = {each.customer_id: each.reseller for each in partner.usage}
    assert len(set(resellers.values()) - {""}) > 20
    assert 0.2 < Counter(resellers.values())[""] / len(resellers) < 0.4


def test_names_have_many_scripts_and_few_duplicates(partner: Records) -> None:
    names = Counter({each.customer_id: each.customer for each in partner.usage}.values())
    scripts = {unicodedata.name(letter).split()[0] for name in names for letter in name if letter.isalpha()}
    expected = {"LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "CJK", "KATAKANA", "HANGUL", "DEVANAGARI"}
    assert expected <= scripts
    assert len(names) > 360
    assert len({name.casefold().replace(".", "") for name in names}) < len(names) < 400


def test_all_certificate_types_and_products_are_held(partner: Records) -> None:
    types = {each.certificate_type for each in partner.usage} - {""}
    assert types == {"SSL", "Client", "Code Signing", "Document Signing", "Device"}
    assert len({each.product for each in partner.usage}) == 19
    assert not any(PRODUCT_SEPARATOR in each.product for each in partner.usage)


def test_emails_are_under_example(partner: Records) -> None:
    for each in partner.subscriptions:
        local, _, domain = each.last_modified_by.partition("@")
        assert local.isascii()
        assert domain.isascii()
        assert domain.endswith(".example")
        assert len(domain.split(".")) == 2
        assert not set(local + domain) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")


def test_ids_are_unique(partner: Records) -> None:
    assert len({record.transaction_id for record in partner.transactions}) == 10_000
    assert len(partner.owners) == len(partner.subscriptions)


def test_a_tiny_partner_has_every_kind_of_case() -> None:
    tiny = generate(5, 40)
    assert any(each.used > each.current_inventory for each in tiny.usage)
    assert any(not each.product for each in tiny.usage)
    assert cancelled(tiny)
