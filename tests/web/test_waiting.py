"""No thread waits for a client: what is judged to be there is all that gunicorn reads of a request."""

from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from random import Random

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from hypothesis import given, settings
from hypothesis import strategies as st

from app.serving.request import judged
from app.web.security import MAX_FORM_BYTES
from tests.trials.bytes_sent import CORPUS, HONEST, SENT, damaged

SERVER = Config()
SERVER.set("limit_request_line", 8190)


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0, 1))
def test_of_a_request_that_is_judged_whole_gunicorn_waits_for_nothing(dice: Random, part: float) -> None:
    data = damaged(dice)
    assert_waits_for_nothing(data)
    assert_waits_for_nothing(data[: int(len(data) * part)])


def test_of_no_piece_of_the_corpus_that_is_judged_whole_gunicorn_waits_for_more() -> None:
    for data in CORPUS:
        for end in {len(data), *range(0, min(len(data), 300), 7)}:
            assert_waits_for_nothing(data[:end])


def assert_waits_for_nothing(data: bytes) -> None:
    """Where what came is whole or can be refused, the parser and a form that is read ask for no byte behind it."""
    if judged(data) is not HTTPStatus.OK:
        return
    waited = False

    def source() -> Iterator[bytes]:
        nonlocal waited
        yield data
        waited = True

    with suppress(ParseException, NoMoreData):
        request = next(RequestParser(SERVER, source(), ("127.0.0.1", 1)))
        request.body.read(MAX_FORM_BYTES)
    assert not waited, data


@pytest.mark.parametrize("whole", [HONEST, SENT.replace(b"MARK", b"mark000001")], ids=["a page", "a form"])
def test_a_request_is_whole_with_its_last_byte(whole: bytes) -> None:
    verdicts = [judged(whole[:end]) for end in range(len(whole) + 1)]
    assert verdicts == [HTTPStatus.CONTINUE] * len(whole) + [HTTPStatus.OK]
    assert judged(whole + HONEST) is HTTPStatus.OK
