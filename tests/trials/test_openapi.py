"""The description for programs, and the examples on its page, against a server. Needs `pip install schemathesis`."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import pytest
from flask import Flask

from tests.serving import server
from tests.support import add_token, signed_in
from tests.trials.conftest import Trial

KEY = "only for tests, and long enough for any"  # that of the application that adds the token here
CONFIG = Path(__file__).parent / "schemathesis.toml"


@pytest.fixture
def address(app: Flask, database_url: str) -> Iterator[str]:
    with server(DATABASE_URL=database_url, SECRET_KEY=KEY, TOKEN_RATE="9999") as found:
        yield found


@pytest.mark.slow_trial
@pytest.mark.usefixtures("edge_cases")
@pytest.mark.skipif(not find_spec("schemathesis"), reason="schemathesis isn't installed")
def test_answers_are_as_described(trial: Trial, app: Flask, address: str, tmp_path: Path) -> None:
    """No answer to a program differs from the OpenAPI description, whatever it asks for."""
    examples = trial.rounds(30, 10)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{address}/openapi.json"),
        *("--header", f"Authorization: Bearer {add_token(app)}", "--max-examples", str(examples)),
        *("--seed", str(trial.seed), "--no-color"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (number,) = re.findall(r"([\d,]+) generated", done.stdout)
    trial.tell(f"{number} requests", "none")


@pytest.mark.slow_trial
@pytest.mark.usefixtures("edge_cases")
def test_examples_run(app: Flask, address: str, tmp_path: Path) -> None:
    """The examples of the page load the report when they are copied from it."""
    page = signed_in(app).get("/api").text.replace("http://localhost", address)
    examples = [unescape(text) for text in re.findall("<pre><code>(.*?)</code></pre>", page, re.DOTALL)]
    shell = [example for example in examples if example.startswith("curl")]
    python = [example for example in examples if example.startswith(("import", "address"))]
    shell.pop()  # it imports
    assert (len(shell), len(python)) == (2, 2)
    environment = os.environ | {"TOKEN": add_token(app)}
    for example in (*shell, shell[1]):
        subprocess.run(example, shell=True, cwd=tmp_path, env=environment, check=True)
        assert b"Subscription ID" in (tmp_path / "report.csv").read_bytes()
    program = "\n".join([*python, "print(rows[0]['customer'])"])
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0].isdigit()
