"""A backup that can't be made or put back is refused, says why, and changes nothing."""

import json
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest
from cysqlite import connect
from flask.testing import FlaskCliRunner

from app import create_app
from models import User, close_connections, reports_db
from models.backup import sha256_of
from tests.databases import Server, locked, stored

MISSING = "isn't there; flask backup makes kept, kept.users, kept.json: bring them together, or take another"
SPOILT = "isn't what was written when the backup was made; take another"


def change(file: Path, place: int) -> None:
    """Turn one bit."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def beside(kept: Path, ending: str) -> Path:
    return kept.with_name(f"{kept.name}.{ending}")


def rewrite(kept: Path, old: str, new: str) -> None:
    told = beside(kept, "json")
    told.write_text(told.read_text().replace(old, new))


def kept_by_another_tool(kept: Path) -> None:
    for companion in ("users", "json"):
        beside(kept, companion).unlink()


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (Path.unlink, f"/kept {MISSING}"),
        (kept_by_another_tool, f"/kept.users {MISSING}"),
        (lambda kept: beside(kept, "users").unlink(), f"/kept.users {MISSING}"),
        (lambda kept: beside(kept, "json").unlink(), f"/kept.json {MISSING}"),
        (lambda kept: beside(kept, "json").write_text("{"), "kept.json doesn't say"),
        (lambda kept: beside(kept, "json").write_text("[]"), "kept.json doesn't say"),
        (lambda kept: beside(kept, "json").write_bytes(b"\xff"), "kept.json doesn't say"),
        (lambda kept: rewrite(kept, "sha256", "sha1"), "kept.json doesn't say"),
        (lambda kept: rewrite(kept, "made_at", "made"), "kept.json doesn't say"),
        (lambda kept: rewrite(kept, '"access"', '"users"'), "kept.json doesn't say"),
        (lambda kept: change(kept, 9000), f"/kept {SPOILT}"),
        (lambda kept: change(beside(kept, "users"), 3), f"/kept.users {SPOILT}"),
    ],
)
def test_a_backup_that_is_not_whole_is_not_put_back(
    runner: FlaskCliRunner, kept: Path, harm: Callable[[Path], object], told: str
) -> None:
    harm(kept)
    before = stored(reports_db), User.get().__data__
    result = runner.invoke(args=["restore", str(kept), "--yes"])
    assert result.exit_code == 1
    assert told in result.stderr
    assert result.stderr.endswith("Nothing was changed.\n")
    assert (stored(reports_db), User.get().__data__) == before


@pytest.mark.parametrize(("part", "name"), [("reports", "kept"), ("access", "kept.users")])
def test_a_backup_of_a_newer_version_is_not_put_back(runner: FlaskCliRunner, kept: Path, part: str, name: str) -> None:
    file = kept.with_name(name)
    newer = connect(str(file))
    newer.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2027-01-01')")
    newer.close()
    told = json.loads(beside(kept, "json").read_text())
    was = told["parts"][part]["sha256"]
    rewrite(kept, was, sha256_of(file))
    result = runner.invoke(args=["restore", str(kept), "--yes"])
    assert result.exit_code == 1
    assert "doesn't know 9999_later" in result.stderr


def test_while_an_import_runs_neither_database_changes(runner: FlaskCliRunner, kept: Path) -> None:
    User.update(role="viewer").execute()
    reports_db.execute_sql("DELETE FROM load")
    with locked(reports_db, "load"):
        result = runner.invoke(args=["restore", str(kept), "--yes"])
    assert result.exit_code == 1
    assert "another process is writing" in result.stderr
    assert User.get().role == "viewer"
    assert reports_db.execute_sql("SELECT COUNT(*) FROM load").fetchone()[0] == 0


def test_a_file_that_is_there_is_left_alone(runner: FlaskCliRunner, kept: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in kept.parent.glob("kept*")}
    result = runner.invoke(args=["backup", str(kept)])
    assert result.exit_code == 1
    assert f"{kept} is there already" in result.stderr
    assert {file: file.stat().st_mtime_ns for file in kept.parent.glob("kept*")} == before


@pytest.mark.parametrize("companion", ["users", "json"])
def test_the_file_is_not_there_without_its_companions(runner: FlaskCliRunner, kept: Path, companion: str) -> None:
    """Where a companion can't have its name, nothing else that comes after it has."""
    more = kept.with_name("more")
    beside(more, companion).mkdir()
    result = runner.invoke(args=["backup", str(more)])
    assert result.exit_code == 1
    assert f"{beside(more, companion)} can't be made: Is a directory" in result.stderr
    assert not more.exists()
    assert not beside(more, "unfinished").exists()
    beside(more, companion).rmdir()
    assert runner.invoke(args=["backup", str(more)]).exit_code == 0


def test_what_a_killed_backup_left_is_replaced(runner: FlaskCliRunner, kept: Path) -> None:
    more = kept.with_name("more")
    beside(more, "unfinished").mkdir()
    for left in (beside(more, "users"), beside(more, "json"), beside(more, "unfinished") / more.name):
        left.write_text("left")
    for command in (["backup", str(more)], ["restore", str(more)]):
        result = runner.invoke(args=command)
        assert (result.exit_code, result.stderr) == (0, "")
    assert not beside(more, "unfinished").exists()


def test_a_backup_into_nowhere_names_the_folder_that_is_missing(runner: FlaskCliRunner, tmp_path: Path) -> None:
    result = runner.invoke(args=["backup", str(tmp_path / "mnt" / "tonight")])
    assert result.exit_code == 1
    assert f"{tmp_path}/mnt is not a folder; is its disk mounted?" in result.stderr
    assert not (tmp_path / "mnt").exists()


def test_where_there_is_no_room_nothing_is_begun(
    runner: FlaskCliRunner, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.backup.disk_usage", lambda _: namedtuple("usage", "free")(1_000))
    before = stored(reports_db)
    for command in (["backup", str(tmp_path / "more")], ["restore", str(kept), "--yes"]):
        result = runner.invoke(args=command)
        assert result.exit_code == 1
        assert "has 0.0 MB free, and 0." in result.stderr
    assert not list(tmp_path.glob("more*"))
    assert stored(reports_db) == before


@contextmanager
def short_files() -> Iterator[None]:
    """No file grows beyond 200 kB, as on a disk that is full by then."""
    before = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (200_000, before[1]))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, before)


def test_a_copy_that_breaks_off_leaves_everything_as_it_was(runner: FlaskCliRunner, kept: Path, tmp_path: Path) -> None:
    User.update(role="viewer").execute()
    before = stored(reports_db)
    for command in (["backup", str(tmp_path / "more")], ["restore", str(kept), "--yes"]):
        with short_files():
            result = runner.invoke(args=command)
        assert result.exit_code == 1
        assert "the disk is full, or fails" in result.stderr
    assert not list(tmp_path.glob("more*"))
    assert (stored(reports_db), User.get().role) == (before, "viewer")
    assert runner.invoke(args=["restore", str(kept), "--yes"]).exit_code == 0
    assert User.get().role == "admin"


def test_a_damaged_database_is_not_kept_as_if_it_were_whole(runner: FlaskCliRunner, kept: Path, tmp_path: Path) -> None:
    file = Path(reports_db.database)
    (page,) = reports_db.execute_sql("SELECT rootpage FROM sqlite_master WHERE name = 'customer'").fetchone()
    stored(reports_db)
    content = file.read_bytes()
    file.write_bytes(content[: (page - 1) * 4096] + bytes(4096) + content[page * 4096 :])
    result = runner.invoke(args=["backup", str(tmp_path / "more")])
    assert result.exit_code == 1
    assert f"{file} is damaged (" in result.stderr
    assert not list(tmp_path.glob("more*"))
    assert runner.invoke(args=["restore", str(kept), "--yes"]).exit_code == 0
    assert runner.invoke(args=["backup", str(tmp_path / "more")]).exit_code == 0


def test_what_is_no_database_any_more_is_told_how_to_put_aside(runner: FlaskCliRunner, kept: Path) -> None:
    file = Path(reports_db.database)
    stored(reports_db)
    reports_db.close()
    file.write_bytes(b"nonsense" * 4096)
    result = runner.invoke(args=["restore", str(kept), "--yes"])
    assert result.exit_code == 1
    assert (
        f"{file} is too damaged to be written into. Stop the server, move it away with reports.db-wal" in result.stderr
    )
    for each in file.parent.glob("reports.db*"):
        each.unlink()
    assert runner.invoke(args=["restore", str(kept), "--yes"]).exit_code == 0


def test_postgresql_has_tools_of_its_own(postgres: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with postgres.copied() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("SECRET_KEY", "k" * 32)
        on_server = create_app().test_cli_runner()
        for command in (["backup", str(tmp_path / "new")], ["restore", str(tmp_path / "old"), "--yes"]):
            result = on_server.invoke(args=command)
            assert result.exit_code == 1
            assert "pg_dump" in result.stderr
            assert "pg_restore" in result.stderr
        close_connections()
