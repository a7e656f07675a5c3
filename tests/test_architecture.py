"""Rules for the whole code base: imports, escaping, no code from text, migrations that fit the models."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from peewee import Model
from playhouse.schema_diff import diff_models

import models
from models import access_db, reports_db
from models.access import AccessModel
from models.reports import BaseModel

ROOT = Path(__file__).parent.parent

# A package may import from floors below its own. The lowest floor comes first.
FLOORS = [
    ("models",),
    ("app.auth.permissions", "app.validation"),
    ("app.table",),
    ("app.reports", "app.importing", "app.auth"),
    ("app.saved_views", "app.demo"),
    ("app.settings",),
    ("app.deliveries",),
    ("app.jobs",),
    ("app.web",),
    ("app.cli",),
    ("app",),
]

# Imports between packages of one floor: the headings of import files are the labels of a report's columns.
SIDEWAYS = {"app.importing": {"app.reports"}}

SOURCES = [path for folder in ("app", "models") for path in sorted((ROOT / folder).rglob("*.py"))]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def package_of(module: str) -> str:
    packages = [
        package for floor in FLOORS for package in floor if module == package or module.startswith(package + ".")
    ]
    return max(packages, key=len)


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def all_imports() -> Iterator[tuple[str, str]]:
    """Each module with the name of each thing that it imports."""
    yield from ((module_name(path), name) for path in SOURCES for name in imports(path))


def test_imports_only_from_floors_below() -> None:
    floor_of = {package: number for number, floor in enumerate(FLOORS) for package in floor}
    for module, name in all_imports():
        if name.partition(".")[0] in ("app", "models"):
            package, imported = package_of(module), package_of(name)
            allowed = floor_of[imported] < floor_of[package] or imported in SIDEWAYS.get(package, set())
            assert imported == package or allowed, f"{module} imports {name}"


def test_only_web_and_commands_import_flask() -> None:
    for module, name in all_imports():
        may = package_of(module) in ("app", "app.cli", "app.web")
        assert may or not name.startswith(("flask", "werkzeug")), f"{module} imports {name}"


def test_no_private_names_of_libraries() -> None:
    for module, name in all_imports():
        library, *names = name.split(".")
        own = library in ("app", "models", "__future__")
        assert own or not any(each.startswith("_") for each in names), f"{module} imports {name}"


def test_templates_escape_every_value() -> None:
    unsafe = ("|safe", "| safe", "Markup", "autoescape", "<style", "style=", "hx-on", "<script>")
    for path in TEMPLATES:
        assert not [text for text in unsafe if text in path.read_text()], path
    for path in SOURCES:
        assert "Markup" not in path.read_text(), path


def test_no_code_from_text_and_no_shell() -> None:
    modules = {"subprocess", "pickle", "marshal", "xml"}
    functions = {"eval", "exec", "compile", "__import__", "system", "popen", "Popen", "run_path"}
    for path in SOURCES:
        assert not {name.partition(".")[0] for name in imports(path)} & modules, path
        calls = [node.func for node in nodes(path) if isinstance(node, ast.Call)]
        names = {call.id for call in calls if isinstance(call, ast.Name)}
        names |= {call.attr for call in calls if isinstance(call, ast.Attribute) and ast.unparse(call.value) == "os"}
        assert not names & functions, path


@pytest.mark.usefixtures("app")
def test_migrations_make_the_tables_of_the_models() -> None:
    tables = [each for each in vars(models).values() if isinstance(each, type) and issubclass(each, Model)]
    abstract = (models.CustomerRow, models.UsageRow)
    assert not diff_models(
        reports_db.obj, [each for each in tables if issubclass(each, BaseModel) and each not in abstract]
    )
    assert not diff_models(access_db.obj, [each for each in tables if issubclass(each, AccessModel)])
