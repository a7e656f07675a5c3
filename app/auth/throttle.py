"""Limit failed sign-ins. Attempts are counted in the database, so that all processes share one count.

Three counts overlap: of one address (its /64 and /48 with IPv6), of one account from one address, and of one account
from all addresses together. The last one never refuses for long: it delays, the longer the more attempts have failed,
and it doesn't delay a browser in which the person has signed in before (`app/auth/known_browsers.py`).
"""

import re
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from models import Attempt, access_db, timestamp

WINDOW = 15 * 60  # seconds for which an attempt counts
# Failed attempts from one place. A subscriber has all of an IPv6 /64 network, and often of a /56; a company, or one
# customer of a hosting provider, has a /48.
MAX_PER_ACCOUNT = 10  # at one account, from an IPv4 address or an IPv6 /64 network
MAX_PER_ADDRESS = 49  # at all accounts, from there
MAX_PER_ACCOUNT_AND_SITE = 30  # at one account, from an IPv4 address or an IPv6 /48 network
MAX_PER_SITE = 149  # at all accounts, from there
MAX_UNDELAYED = 20  # failed attempts at one account, from all addresses together, before a delay begins
MAX_DELAY = 5 * 60  # seconds; each further failure doubles the delay, from one second up to this
MAX_ROWS = 50_000  # attempts that are stored; of more, the oldest are forgotten


class TooManyAttempts(Exception):
    """The attempt is refused, whether or not the password is right.

    Another attempt may be admitted after `wait` seconds. `is_first` marks the first refusal in a row.
    """

    def __init__(self, wait: int, is_first: bool) -> None:
        super().__init__("Too many attempts")
        self.wait, self.is_first = wait, is_first


def count_attempt(account: str, address: str, known_browser: str = "") -> None:
    """Count an attempt at an account, which is an email or names another secret. Raises TooManyAttempts.

    Call it before the secret is verified: of many parallel attempts, none escapes the count. `known_browser` names a
    browser in which this account has signed in: it counts as an address of its own, so that others at the same address
    can't exhaust its attempts, and isn't delayed.
    """
    digest, (network, site) = _digest(account), _networks(address, known_browser)
    with access_db.write_transaction():
        Attempt.delete().where(Attempt.at <= timestamp(-WINDOW)).execute()
        wait, is_first = _refusal(digest, network, site, can_be_delayed=not known_browser)
        if not wait or is_first:
            attempt = Attempt.create(account=digest, address=network, site=site, at=timestamp(), refused=bool(wait))
            Attempt.delete().where(Attempt.id <= attempt.id - MAX_ROWS).execute()
    if wait:
        raise TooManyAttempts(wait, is_first)


def raise_if_refused(account: str, address: str, known_browser: str = "") -> None:
    """Raise TooManyAttempts for an attempt that isn't the first refused one in a row; write nothing.

    Such attempts are the most frequent ones, and shouldn't wait for their turn to verify a password.
    """
    network, site = _networks(address, known_browser)
    wait, is_first = _refusal(_digest(account), network, site, can_be_delayed=not known_browser)
    if wait and not is_first:
        raise TooManyAttempts(wait, is_first)


def is_first_from_site(address: str) -> bool:
    """Return whether at most one attempt has been counted from this address's IPv6 /48 network, or IPv4 address."""
    return bool(Attempt.select().where(Attempt.site == _networks(address)[1]).limit(2).count() <= 1)


def clear_attempts(account: str, address: str, known_browser: str = "") -> None:
    """Delete an account's attempts from an address or a known browser, after a successful sign-in."""
    network, _ = _networks(address, known_browser)
    Attempt.delete().where(Attempt.account == _digest(account), Attempt.address == network).execute()


def clear_account(account: str) -> None:
    """Delete all attempts at an account: its password is new, and whoever has it shouldn't wait."""
    Attempt.delete().where(Attempt.account == _digest(account)).execute()


def network_of(address: str) -> str:
    """Return the IPv6 /64 network of an address, or an IPv4 address without its port."""
    return _networks(address)[0]


def _refusal(digest: str, network: str, site: str, can_be_delayed: bool) -> tuple[int, bool]:
    """Return the seconds that another attempt must wait, 0 for none, and whether it would be the first refused."""
    recent = Attempt.at > timestamp(-WINDOW)
    attempts = list(Attempt.select().where(recent, (Attempt.account == digest) | (Attempt.site == site)))
    wait, related = _limit(attempts, digest, network, site)
    if not wait and can_be_delayed:
        wait, related = _delay([attempt for attempt in attempts if attempt.account == digest])
    return wait, bool(wait) and not any(attempt.refused for attempt in related)


def _limit(attempts: list[Attempt], digest: str, network: str, site: str) -> tuple[int, list[Attempt]]:
    """Return for how many seconds the attempts from these addresses refuse another one, and those attempts."""
    from_site = [attempt for attempt in attempts if attempt.site == site]
    from_network = [attempt for attempt in from_site if attempt.address == network]
    for related, limit in (
        (from_site, MAX_PER_SITE),
        (from_network, MAX_PER_ADDRESS),
        ([attempt for attempt in from_site if attempt.account == digest], MAX_PER_ACCOUNT_AND_SITE),
        ([attempt for attempt in from_network if attempt.account == digest], MAX_PER_ACCOUNT),
    ):
        if sum(not attempt.refused for attempt in related) >= limit:
            return WINDOW, related
    return 0, []


def _delay(at_account: list[Attempt]) -> tuple[int, list[Attempt]]:
    """Return the seconds that must pass before another attempt at an account, 0 for none, and its attempts."""
    failed = [attempt for attempt in at_account if not attempt.refused]
    if len(failed) < MAX_UNDELAYED:
        return 0, []
    delay = min(2 ** (len(failed) - MAX_UNDELAYED), MAX_DELAY)
    latest = max(str(attempt.at) for attempt in failed)
    if latest < timestamp(-delay):
        return 0, []
    return delay, [attempt for attempt in at_account if str(attempt.at) >= latest]


def _digest(text: str) -> str:
    """Hash what was typed as the email: people type passwords into the wrong field."""
    return sha256(text.encode()).hexdigest()


def _networks(address: str, known_browser: str = "") -> tuple[str, str]:
    """Return the /64 and the /48 network of an IPv6 address, or an IPv4 address without its port twice.

    A known browser is a network of its own.
    """
    if known_browser:
        return (f"browser {_digest(known_browser)}",) * 2
    bare = re.sub(r"^\[(.*)\](:\d+)?$|^([^:]*):\d+$", r"\1\3", address)
    try:
        ip = ip_address(bare)
    except ValueError:
        return "unknown", "unknown"
    if isinstance(ip, IPv6Address) and not ip.ipv4_mapped:
        bare = str(ip).partition("%")[0]
        return str(ip_network(f"{bare}/64", strict=False)), str(ip_network(f"{bare}/48", strict=False))
    return (str(getattr(ip, "ipv4_mapped", None) or ip),) * 2
