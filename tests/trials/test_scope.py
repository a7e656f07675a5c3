"""All queries that could show another reseller's rows, where `make test` sends some of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app.auth.permissions import ROLES
from app.auth.tokens import RequestRate
from app.web.services import services
from tests.support import add_token, program, replace_services
from tests.web.parties import ALPHA, BETA, PARTIES, load_parties
from tests.web.test_scope import REMOVED, check_client, check_missing, check_visitor

VISITORS = [("admin", ALPHA.reseller), ("viewer", ALPHA.reseller), ("admin", BETA.reseller), ("admin", REMOVED)]


@pytest.mark.slow_trial
@pytest.mark.parametrize(("role", "reseller"), VISITORS)
def test_no_query_shows_other_resellers_rows(app: Flask, tmp_path: Path, role: str, reseller: str) -> None:
    load_parties(tmp_path, *PARTIES)
    assert check_visitor(app, role, reseller, full=True) > 1000


@pytest.mark.slow_trial
@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_no_query_reveals_that_others_rows_exist(app: Flask, tmp_path: Path, role: str) -> None:
    load_parties(tmp_path, *PARTIES)
    check_missing(app, role, full=True)


@pytest.mark.slow_trial
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("reseller", [ALPHA.reseller, BETA.reseller])
def test_no_response_to_a_token_shows_other_resellers_rows(
    app: Flask, tmp_path: Path, role: str, reseller: str
) -> None:
    load_parties(tmp_path, *PARTIES)
    replace_services(app, tokens=replace(services(app).tokens, rate=RequestRate(10**6)))
    assert check_client(app, program(app, add_token(app, role, reseller)), reseller) > 400
