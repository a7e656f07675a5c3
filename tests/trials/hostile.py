"""Signed-in viewers who send the most expensive requests that they can, one after the other without a pause."""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from random import Random
from time import monotonic
from urllib.parse import urlencode

_TRANSACTIONS, _SUBSCRIPTIONS, _USAGE = (
    f"/reports/customer-{name}" for name in ("transactions", "subscriptions", "usage")
)
_PATIENCE = 60  # seconds for an answer


def hostile_request(dice: Random) -> tuple[str, str, dict[str, str]]:
    """Return method, path and form of something that costs much, or that a limit should stop. No two are the same."""
    text = "".join(dice.choices("aeinorst", k=dice.choice((1, 2, 2, 3))))
    day = f"20{dice.randint(10, 26)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    sort = dice.choice(("customer", "-reseller", "product", "-cost", "user", "-total", "action", "-subscription_id"))
    return dice.choice(
        [
            ("GET", f"{_TRANSACTIONS}?q={text}&sort={sort}&size=200&from={day}", {}),
            ("GET", f"{_TRANSACTIONS}?q={text * 60}&sort={sort}&before=end&size=200", {}),
            ("GET", f"{_TRANSACTIONS}/summary?q={text}&from={day}", {}),
            ("GET", f"{_TRANSACTIONS}/totals?q={text}&to={day}", {}),
            ("GET", f"{_TRANSACTIONS}/count?q={text}&from={day}", {}),
            ("GET", f"{_TRANSACTIONS}/print?sort={sort}&from=2026-11-{dice.randint(1, 21):02}", {}),
            ("GET", f"{_SUBSCRIPTIONS}/print?q={text}{dice.choice('aeiou')}&to={day}", {}),
            ("GET", f"{_SUBSCRIPTIONS}/summary?q={text}&from={day}", {}),
            ("GET", f"{_SUBSCRIPTIONS}?q={text}&sort=-status&size=200&before=end&to={day}", {}),
            ("GET", f"{_USAGE}?q={text}&sort=-used&size=200&before=end", {}),
            ("GET", f"{_USAGE}/summary?q={text}{dice.randint(0, 99)}", {}),
            ("GET", f"/customers?name={text}{dice.randint(0, 99)}", {}),
            ("GET", f"{_TRANSACTIONS}.csv?q={text}", {}),
            ("GET", f"{_TRANSACTIONS}?after={text}{dice.randint(0, 99)}", {}),
            ("POST", "/account", {"current": text, "new": "x" * 128, "repeat": "x" * 128}),
            ("POST", "/login", {"email": f"{text}@partner.example", "password": text}),
        ]
    )


def hostile_viewers(address: str, tokens: Sequence[str], connections: int, seconds: float, seed: int) -> Counter[int]:
    """Let the owner of each session send requests over so many connections at once; count the statuses, 0 for none.

    To be run in a process of its own, which gives way to all others: these people have machines of their own.
    """
    os.nice(10)
    until = monotonic() + seconds
    with ThreadPoolExecutor(len(tokens) * connections) as threads:
        runs = [
            threads.submit(_send, address, token, until, Random(f"{seed} {number} {token}"))
            for token in tokens
            for number in range(connections)
        ]
    return sum((run.result() for run in runs), Counter[int]())


def _send(address: str, token: str, until: float, dice: Random) -> Counter[int]:
    """Send requests over a connection that is kept, as browsers keep theirs."""
    statuses, connection = Counter[int](), HTTPConnection(address.removeprefix("http://"), timeout=_PATIENCE)
    headers = {"Cookie": f"session={token}", "Accept": "text/html", "Origin": address}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    while monotonic() < until:
        method, path, form = hostile_request(dice)
        try:
            connection.request(method, path, urlencode(form) or None, headers | (kind if form else {}))
            response = connection.getresponse()
            response.read()
            statuses[response.status] += 1
        except (HTTPException, OSError):
            statuses[0] += 1
            connection.close()
    connection.close()
    return statuses
