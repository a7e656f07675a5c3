"""Which thread answers a request, and whose turn it is to make a page."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from threading import Event, Thread, current_thread, get_ident
from typing import Any

import pytest

from app.serving.threads import Threads
from app.serving.turns import in_turn
from app.table.turns import Turns, _turns
from tests.trials.processes import until

PATIENCE = 10


@pytest.fixture
def threads() -> Iterator[Threads]:
    pool = Threads(2)
    yield pool
    pool.shutdown()


class Held:
    """Something to do that ends when it is let go, and tells which thread did it."""

    def __init__(self) -> None:
        self.begun, self.go = Event(), Event()

    def __call__(self) -> int:
        self.begun.set()
        assert self.go.wait(PATIENCE)
        return get_ident()


def test_the_thread_that_rested_last_gets_what_comes_next(threads: Threads) -> None:
    held = [Held(), Held()]
    doing = [threads.submit(each) for each in held]
    for number, each in enumerate(held):
        each.go.set()
        until(lambda number=number: len(threads._resting) == number + 1)  # type: ignore[misc]
    last = doing[1].result()
    assert last != doing[0].result()
    for _ in range(3):
        assert threads.submit(get_ident).result(PATIENCE) == last
        until(lambda: len(threads._resting) == 2)


def test_what_comes_when_all_threads_are_busy_waits_and_is_done_in_order(threads: Threads) -> None:
    held, done = [Held(), Held()], list[int]()
    doing = [threads.submit(each) for each in held]
    for each in held:
        assert each.begun.wait(PATIENCE)
    later = [threads.submit(done.append, number) for number in range(20)]
    assert not any(each.done() for each in later)
    held[0].go.set()
    wait(later, PATIENCE)
    assert done == list(range(20))
    held[1].go.set()
    assert len({each.result(PATIENCE) for each in doing}) == 2


def test_a_fault_is_its_callers_and_costs_no_thread(threads: Threads) -> None:
    for _ in range(5):
        assert isinstance(threads.submit(lambda: 1 // 0).exception(PATIENCE), ZeroDivisionError)
    assert threads.submit(str, 1).result(PATIENCE) == "1"


def test_what_was_called_off_while_it_waited_is_not_done(threads: Threads) -> None:
    held, done = [Held(), Held()], list[int]()
    doing = [threads.submit(each) for each in held]
    off: Future[Any] = threads.submit(done.append, 1)
    assert off.cancel()
    for each in held:
        each.go.set()
    wait(doing, PATIENCE)
    assert threads.submit(done.append, 2).result(PATIENCE) is None
    assert done == [2]


def test_threads_that_are_shut_down_end_what_waits_and_then_themselves() -> None:
    threads, held = Threads(1), Held()
    doing, later = threads.submit(held), threads.submit(current_thread)
    threads.shutdown()
    held.go.set()
    wait([doing, later], PATIENCE)
    later.result().join(PATIENCE)
    assert not later.result().is_alive()


def test_one_has_a_turn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.table.turns.LONG", PATIENCE)
    turns, inside, most = Turns(), list[int](), list[int]()

    def page() -> None:
        for _ in range(20):
            with turns.turn():
                inside.append(1)
                most.append(len(inside))
                Event().wait(0.001)  # others may go on meanwhile, if they would
                inside.pop()

    for each in [begun(page) for _ in range(4)]:
        each.join(PATIENCE)
    assert most == [1] * 80


def test_who_takes_long_is_waited_for_no_longer_and_gives_back_nobody_elses_turn() -> None:
    turns, slow = Turns(), Held()
    page = begun(lambda: in_a_turn(turns, slow))
    assert slow.begun.wait(PATIENCE)
    with turns.turn():  # goes on beside the slow one
        slow.go.set()
        page.join(PATIENCE)
        assert turns._begun is not None
    assert turns._begun is None


def test_a_file_gives_way_to_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.table.turns.LONG", PATIENCE)
    turns, order, held = Turns(), list[str](), Held()

    def page() -> None:
        held()
        order.append("page")

    def file() -> None:
        turns.give_way()
        order.append("file")

    one = begun(lambda: in_a_turn(turns, page))
    assert held.begun.wait(PATIENCE)
    other = begun(file)
    until(lambda: bool(turns._idle._waiters))  # type: ignore[attr-defined]
    held.go.set()
    for each in (one, other):
        each.join(PATIENCE)
    assert order == ["page", "file"]


def test_a_file_gives_way_for_no_longer_than_a_page_should_take() -> None:
    turns = Turns()
    with turns.turn():
        file = begun(turns.give_way)
        file.join(PATIENCE)
        assert not file.is_alive()


def test_an_answer_is_sent_out_of_turn() -> None:
    """Else a client that is slow to take one would keep all others waiting."""
    answer = in_turn(lambda environ, _: (_turns._begun is not None for _ in range(2)))
    assert [*answer({}, None)] == [False, False]
    seen = list[bool]()
    in_turn(lambda environ, _: seen.append(_turns._begun is not None) or [])({}, None)
    assert seen == [True]


def in_a_turn(turns: Turns, call: Callable[[], object]) -> None:
    with turns.turn():
        call()


def begun(call: Callable[[], None]) -> Thread:
    thread = Thread(target=call)
    thread.start()
    return thread
