"""How often a sign-in may be tried. Counted in the database, so that all processes count together."""

import re
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from models import Attempt, access_db, timestamp, write_transaction

WINDOW = 15 * 60
"""Seconds in which attempts are counted."""

MAX_PER_ACCOUNT, MAX_PER_ADDRESS = 10, 49
"""How many may fail: of one account from one address, and from one address altogether."""


class TooManyAttempts(Exception):
    """The next attempt is refused, right or wrong. `first` tells the attempt with which that began."""

    def __init__(self, first: bool) -> None:
        super().__init__("Too many attempts")
        self.first = first


def count_attempt(email: str, address: str) -> None:
    """Count an attempt before it is known whether it fails: of many at once, none slips through. Raises TooMany.

    Counting by account *and* address keeps a stranger from locking somebody out of an account.
    """
    account, origin = _digest(email), _network(address)
    with write_transaction(access_db):
        Attempt.delete().where(Attempt.at <= timestamp(-WINDOW)).execute()
        from_here = Attempt.select().where(Attempt.address == origin)
        over = (
            from_here.where(Attempt.account == account).count() - MAX_PER_ACCOUNT,
            from_here.count() - MAX_PER_ADDRESS,
        )
        if max(over) <= 0:
            Attempt.create(account=account, address=origin, at=timestamp())
    if max(over) >= 0:
        raise TooManyAttempts(first=max(over) == 0)


def clear_attempts(email: str, address: str) -> None:
    """Forget the attempts of an account from an address: the person was who they said."""
    Attempt.delete().where(Attempt.account == _digest(email), Attempt.address == _network(address)).execute()


def _digest(email: str) -> str:
    """What was typed as the email may be a password, so it isn't kept."""
    return sha256(email.encode()).hexdigest()


def _network(address: str) -> str:
    """What counts as one place. An IPv6 line has a whole /64 of addresses, and some proxies tell a port with each."""
    bare = re.sub(r"^\[(.*)\](:\d+)?$|^([^:]*):\d+$", r"\1\3", address)
    try:
        ip = ip_address(bare)
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address) and not ip.ipv4_mapped:
        return str(ip_network(f"{ip}/64".replace(f"%{ip.scope_id}", ""), strict=False))
    return str(getattr(ip, "ipv4_mapped", None) or ip)
