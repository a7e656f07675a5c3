"""Limit failed sign-ins. Attempts are counted in the database, so that all processes share one count."""

import re
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from models import Attempt, access_db, timestamp

WINDOW = 15 * 60  # seconds for which an attempt counts
MAX_PER_ACCOUNT = 10  # failed attempts at one account from one address
MAX_PER_ADDRESS = 49  # failed attempts from one address, whatever the account


class TooManyAttempts(Exception):
    """The attempt is refused, whether or not the password is right. `first` marks the first refusal in a row."""

    def __init__(self, first: bool) -> None:
        super().__init__("Too many attempts")
        self.first = first


def count_attempt(email: str, address: str) -> None:
    """Count an attempt. Raises TooManyAttempts.

    Call it before the password is verified: of many parallel attempts, none escapes the count. The count per account
    includes the address, so that a stranger elsewhere can't lock a person out.
    """
    account, network = _digest(email), _network(address)
    with access_db.write_transaction():
        Attempt.delete().where(Attempt.at <= timestamp(-WINDOW)).execute()
        from_network = Attempt.select().where(Attempt.address == network)
        excess = max(
            from_network.where(Attempt.account == account).count() - MAX_PER_ACCOUNT,
            from_network.count() - MAX_PER_ADDRESS,
        )
        if excess <= 0:  # the first refused attempt is stored too: the next one finds an excess of 1
            Attempt.create(account=account, address=network, at=timestamp())
    if excess >= 0:
        raise TooManyAttempts(first=excess == 0)


def clear_attempts(email: str, address: str) -> None:
    """Delete an account's attempts from an address, after a successful sign-in."""
    Attempt.delete().where(Attempt.account == _digest(email), Attempt.address == _network(address)).execute()


def _digest(email: str) -> str:
    """Hash what was typed as the email: people type passwords into the wrong field."""
    return sha256(email.encode()).hexdigest()


def _network(address: str) -> str:
    """Return the address without its port, or the /64 network of an IPv6 address: one subscriber has all of it."""
    bare = re.sub(r"^\[(.*)\](:\d+)?$|^([^:]*):\d+$", r"\1\3", address)
    try:
        ip = ip_address(bare)
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address) and not ip.ipv4_mapped:
        return str(ip_network(f"{ip}/64".replace(f"%{ip.scope_id}", ""), strict=False))
    return str(getattr(ip, "ipv4_mapped", None) or ip)
