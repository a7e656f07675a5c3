"""People who use much wait for each other, and nobody waits for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread, active_count

import pytest
from flask import Flask

from app.auth.users import find_user
from app.web.fair_use import FREE, MAX_WAITING, MUCH, FairUse, TooMuchWork, Turn
from tests.support import signed_in
from tests.trials.processes import until

REPORT = "/reports/customer-usage"


def use(fair_use: FairUse, person: int, seconds: float, endpoint: str = "large") -> None:
    fair_use.end(fair_use.begin(person, endpoint), seconds)


@pytest.fixture
def fair_use() -> FairUse:
    """Four people have used much, 4 the most, and person 9 little."""
    fair_use = FairUse()
    for person in (1, 2, 3, 4):
        use(fair_use, person, 5 * MUCH + person)
    use(fair_use, 9, FREE / 2)
    return fair_use


class Waiting:
    """Requests that begin in threads of their own. `ended` has person and turn of each, None of a refused one."""

    def __init__(self, fair_use: FairUse) -> None:
        self.ended, self._fair_use = Queue[tuple[int, Turn | None]](), fair_use

    def begin(self, person: int, endpoint: str = "") -> None:
        """Begin a request that waits."""
        number = len(self._fair_use.waiting)
        Thread(target=self._begin, args=(person, endpoint), daemon=True).start()
        until(lambda: len(self._fair_use.waiting) > number)

    def _begin(self, person: int, endpoint: str = "") -> None:
        try:
            self.ended.put((person, self._fair_use.begin(person, endpoint)))
        except TooMuchWork:
            self.ended.put((person, None))


def test_who_is_alone_never_waits() -> None:
    fair_use = FairUse()
    use(fair_use, 1, 5 * MUCH)
    for _ in range(50):
        fair_use.begin(1)


def test_who_used_little_never_waits(fair_use: FairUse) -> None:
    fair_use.begin(1)
    for person in (9, 9, 9, 5, 6, 7):
        fair_use.begin(person)
    assert not fair_use.waiting


def test_who_used_several_times_less_than_others_never_waits(fair_use: FairUse) -> None:
    fair_use.begin(1)
    use(fair_use, 9, 5 * FREE)
    fair_use.begin(9)


def test_turns_are_of_those_who_used_the_least(fair_use: FairUse) -> None:
    turn, waiting = fair_use.begin(1), Waiting(fair_use)
    for person in (4, 2, 3):
        waiting.begin(person)
    for person in (2, 3, 4):
        fair_use.end(turn, 0.0)
        following, next_turn = waiting.ended.get()
        assert following == person
        assert next_turn is not None
        turn = next_turn


def test_few_wait_and_those_who_used_the_most_are_refused(fair_use: FairUse) -> None:
    turn, waiting = fair_use.begin(2), Waiting(fair_use)
    for person in (4, 4, 3, 3):
        waiting.begin(person)
    assert len(fair_use.waiting) == MAX_WAITING
    Thread(target=waiting._begin, args=(1,), daemon=True).start()
    assert waiting.ended.get() == (4, None)
    with pytest.raises(TooMuchWork):
        fair_use.begin(4)
    fair_use.end(turn, 0.0)
    assert waiting.ended.get()[0] == 1


def test_who_has_not_used_much_is_not_refused(fair_use: FairUse) -> None:
    for person in (5, 6, 7, 8):
        use(fair_use, person, MUCH / 2)
    fair_use.begin(5)
    waiting = Waiting(fair_use)
    for person in (6, 6, 7, 7):
        waiting.begin(person)
    assert fair_use.begin(8) is not None
    assert not waiting.ended.qsize()


def test_ten_tabs_at_once_wait_for_nothing_but_more_do() -> None:
    fair_use = FairUse()
    use(fair_use, 9, FREE / 10, "page")
    for _ in range(9):
        assert not fair_use.begin(8, "page").is_large
    while not fair_use.begin(8, "page").is_large:
        pass
    Waiting(fair_use).begin(8)


def test_first_request_of_a_person_is_large_where_others_took_long() -> None:
    fair_use = FairUse()
    use(fair_use, 1, MUCH, "print")
    assert fair_use.begin(2, "print").is_large
    use(fair_use, 3, 0.0, "page")
    assert not fair_use.begin(3, "print").is_large
    Waiting(fair_use).begin(4, "print")


def test_next_request_is_large_of_whose_requests_took_long() -> None:
    fair_use = FairUse()
    use(fair_use, 9, FREE / 10, "page")
    use(fair_use, 1, FREE * 0.9)
    assert fair_use.begin(1).is_large


@contextmanager
def busy(app: Flask, *people: int) -> Iterator[None]:
    """Let as many work and wait as may."""
    fair_use: FairUse = app.extensions["fair_use"]
    for person in (*people, *range(-MAX_WAITING - 1, 0)):
        use(fair_use, person, MUCH + 10 * (person in people))
    turn, waiting = fair_use.begin(-1), Waiting(fair_use)
    for person in range(-MAX_WAITING - 1, -1):
        waiting.begin(person)
    yield
    for _ in range(1 + MAX_WAITING):
        fair_use.end(turn, 0.0)
        if fair_use.waiting or not waiting.ended.empty():
            _, turn = waiting.ended.get()  # type: ignore[assignment]


@pytest.mark.parametrize("path", [REPORT, f"{REPORT}.csv", "/account", "/no/such/page"])
def test_refusal_says_when_to_come_again(app: Flask, path: str) -> None:
    client, other = signed_in(app, "viewer"), signed_in(app, "viewer", "Zebra")
    with busy(app, find_user("viewer@partner.example").id):
        response = client.get(path, headers={"Accept": "text/html"})
        assert (response.status_code, response.headers["Retry-After"]) == (429, "5")
        assert "try again" in response.text.lower()
        assert other.get(REPORT).status_code == 200
    assert client.get(REPORT).status_code == 200


def test_exports_have_places_of_their_own(app: Flask) -> None:
    client = signed_in(app)
    with busy(app, find_user("admin@partner.example").id):
        assert client.get(f"{REPORT}.csv").status_code == 200
        assert client.get(REPORT).status_code == 429


def test_work_is_counted_and_turns_end(app: Flask) -> None:
    client, fair_use = signed_in(app), app.extensions["fair_use"]
    for path in (REPORT, "/no/such/page", "/reports/customer-usage?sort=no"):
        client.get(path)
    use(fair_use, -1, 0.0)
    threads = active_count()
    for _ in range(3):
        assert client.get("/reports").status_code == 200
    assert active_count() == threads
    assert not fair_use.waiting
