"""Each floor imports only from those below it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import Model
from playhouse.schema_diff import diff_models

import models
from models import access_db, reports_db
from models.access import AccessRecord
from models.reports import Record

ROOT = Path(__file__).parent.parent
FLOORS = [
    ("models",),
    ("app.table",),
    ("app.reports", "app.importing", "app.auth"),
    ("app.demo",),
    ("app.settings",),
    ("app.web",),
    ("app.cli",),
    ("app",),
]
BESIDE = {"app.importing": {"app.reports"}}
"""Siblings that may know each other: a file's headings are its report's labels."""
SOURCES = [path for folder in ("app", "models") for path in sorted((ROOT / folder).rglob("*.py"))]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def part_of(module: str) -> str:
    parts = [part for floor in FLOORS for part in floor if module == part or module.startswith(part + ".")]
    return max(parts, key=len)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_a_module_imports_only_from_its_part_and_from_below(path: Path) -> None:
    heights = {part: height for height, floor in enumerate(FLOORS) for part in floor}
    here = part_of(module_of(path))
    for name in imported(path):
        if name.partition(".")[0] in ("app", "models"):
            there = part_of(name)
            below = heights[there] < heights[here] or there in BESIDE.get(here, set())
            assert there == here or below, f"{module_of(path)} imports {name}"


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if {"models", "table", "auth"} & set(path.relative_to(ROOT).parts)], ids=module_of
)
def test_models_the_engine_and_access_do_not_know_the_web(path: Path) -> None:
    assert not [name for name in imported(path) if name.startswith(("flask", "werkzeug"))]


def test_templates_trust_no_text() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not any(
            word in text for word in ("|safe", "| safe", "Markup", "<style", "style=", "hx-on", "<script>")
        ), path
    for path in SOURCES:
        assert "Markup" not in path.read_text(), path


def test_no_code_is_run_from_text() -> None:
    forbidden = {"eval", "exec", "compile", "__import__", "system", "popen", "Popen", "run_path"}
    for path in SOURCES:
        assert not {name.partition(".")[0] for name in imported(path)} & {"subprocess", "pickle", "marshal", "xml"}, (
            path
        )
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.id for call in calls if isinstance(call, ast.Name)}
        names |= {call.attr for call in calls if isinstance(call, ast.Attribute) and ast.unparse(call.value) == "os"}
        assert not names & forbidden, path


@pytest.mark.usefixtures("app")
def test_migrations_lead_to_the_models() -> None:
    tables = [each for each in vars(models).values() if isinstance(each, type) and issubclass(each, Model)]
    shown = [each for each in tables if issubclass(each, Record) and each not in (models.CustomerRow, models.UsageRow)]
    assert not diff_models(reports_db.obj, shown)
    assert not diff_models(access_db.obj, [each for each in tables if issubclass(each, AccessRecord)])
