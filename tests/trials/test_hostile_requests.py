"""Requests that are well formed, and meant to break something."""

from collections import Counter
from http.client import HTTPResponse
from pathlib import Path
from socket import socket

import pytest
from flask import Flask
from hypothesis import given, seed, settings

from tests.serving import server
from tests.trials.conftest import Trial
from tests.trials.wire import connect
from tests.web.corpus import VALUES
from tests.web.harmless import assert_harmless
from tests.web.hostile import KEYS, PEOPLE, Hostile, People, requests
from tests.web.routes import routes
from tests.web.walks import every_key, with_headers, with_values

KEY = "only for tests, and long enough for any"  # that of the application that signs people in here


@pytest.mark.slow_trial
@pytest.mark.usefixtures("edge_cases")
def test_hostile_requests(trial: Trial, app: Flask, database_url: str, tmp_path: Path) -> None:
    """No request makes a 500, gets a word into markup, a script or a header, or brings anything of the inside to light.

    Every route, with every method and parameter, is asked by people with all sorts of rights and by nobody.
    """
    people, statuses, reflected = People(app), Counter[int](), Counter[bool]()
    walks = [every_key(app, trial.dice), with_values(VALUES), with_headers()]
    walked = [asked for walk in walks for asked in trial.dice.sample(walk, trial.rounds(len(walk), 40))]
    with (tmp_path / "log").open("wb") as log, server(log, DATABASE_URL=database_url, SECRET_KEY=KEY) as address:

        def ask(asked: Hostile) -> None:
            with connect(address) as connection:
                answer, body = answered(connection, asked, people.cookie(asked))
            assert_harmless(answer.status, answer.headers, body)
            statuses[answer.status] += 1
            reflected[b"mkq7" in body] += 1

        for asked in walked:
            ask(asked)
        at_random = settings(max_examples=trial.rounds(1500, 40), database=None)
        at_random(seed(trial.seed)(given(requests(app))(ask)))()
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert statuses.keys() >= {200, 303, 400, 403, 404}
    assert reflected[True], "what isn't repeated can't be repeated wrongly"
    paths = {route.path for route in routes(app)}
    over = f"{len(paths)} addresses of all routes with {len(KEYS)} parameters"
    trial.tell(
        f"{statuses.total():,} requests over {over}, of {len(PEOPLE)} sorts of people; "
        f"{reflected[True]:,} answers repeated what was sent",
        "0 answers in the 500s but 501 and 505, 0 marks outside of text, 0 answers without the headers of all",
    )


def answered(connection: socket, asked: Hostile, cookie: str) -> tuple[HTTPResponse, bytes]:
    """The answer to a request as it stands, with whatever its headers hold."""
    lines = [f"{asked.method} {asked.target} HTTP/1.1", f"Content-Length: {len(asked.body)}", f"Cookie: {cookie}"]
    lines += [] if any(name == "Host" for name, _ in asked.headers) else ["Host: localhost"]
    lines += [f"{name}: {value}" for name, value in asked.headers]
    connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + asked.body)
    answer = HTTPResponse(connection, method=asked.method)
    answer.begin()
    return answer, answer.read()
