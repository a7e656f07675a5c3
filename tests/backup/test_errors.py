"""A backup that can't be made or restored: the command says why, and changes nothing."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest
from cysqlite import connect
from flask.testing import FlaskCliRunner

from app import create_app
from models import Import, User, close_connections, reports_db
from tests.databases import Server, held_open, stored


def users_of(backup: Path) -> Path:
    return backup.with_name(f"{backup.name}.users")


def execute(file: Path, sql: str) -> None:
    database = connect(str(file))
    database.execute(sql)
    database.close()


def change_both() -> None:
    User.update(role="viewer").execute()
    Import.delete().execute()


def are_changed() -> tuple[bool, bool]:
    return User.get().role == "viewer", not Import.select().exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, "backup isn't there; a backup is backup and backup.users: bring both"),
        (lambda backup: users_of(backup).unlink(), "backup.users isn't there"),
        (lambda backup: backup.write_bytes(b"nonsense" * 1000), "backup is damaged ("),
        (lambda backup: users_of(backup).write_bytes(users_of(backup).read_bytes()[:8192]), "backup.users is damaged"),
        (lambda backup: users_of(backup).write_bytes(b""), "backup.users is not a backup of Partner Reports"),
    ],
)
def test_incomplete_backup_is_refused(
    runner: FlaskCliRunner, backup: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(backup)
    before = stored(reports_db), User.get().__data__
    result = runner.invoke(args=["restore", str(backup), "--yes"])
    assert result.exit_code == 1
    assert message in result.stderr
    assert (stored(reports_db), User.get().__data__) == before


def test_path_of_a_damaged_backup_may_have_a_percent_sign(runner: FlaskCliRunner, backup: Path) -> None:
    odd = backup.with_name("50% backup")
    for ending in ("", ".users"):
        Path(f"{odd}{ending}").write_bytes(b"nonsense" * 1000)
    result = runner.invoke(args=["restore", str(odd), "--yes"])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "50% backup is damaged (" in result.stderr


@pytest.mark.parametrize("ending", ["", ".users"])
def test_backup_of_a_newer_version_is_refused(runner: FlaskCliRunner, backup: Path, ending: str) -> None:
    newer = "INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2027-01-01')"
    execute(Path(f"{backup}{ending}"), newer)
    result = runner.invoke(args=["restore", str(backup), "--yes"])
    assert result.exit_code == 1
    assert "doesn't know 9999_later" in result.stderr


@pytest.mark.parametrize("name", ["reports.db", "access.db"])
def test_restore_asks_for_a_stopped_server(runner: FlaskCliRunner, backup: Path, name: str) -> None:
    change_both()
    with held_open(backup.with_name(name)):
        result = runner.invoke(args=["restore", str(backup), "--yes"])
    assert result.exit_code == 1
    assert f"{name} is in use; stop the server" in result.stderr
    assert are_changed() == (True, True)
    assert runner.invoke(args=["restore", str(backup), "--yes"]).exit_code == 0
    assert are_changed() == (False, False)


def test_backup_never_overwrites_a_file(runner: FlaskCliRunner, backup: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in backup.parent.glob("backup*")}
    result = runner.invoke(args=["backup", str(backup)])
    assert result.exit_code == 1
    assert f"{backup} is there already" in result.stderr
    assert {file: file.stat().st_mtime_ns for file in backup.parent.glob("backup*")} == before


@pytest.mark.parametrize("ending", ["", ".users"])
@pytest.mark.parametrize("dangling", [True, False])
def test_backup_refuses_planted_links(runner: FlaskCliRunner, backup: Path, ending: str, dangling: bool) -> None:
    another, precious = backup.with_name("another"), backup.with_name("precious")
    if not dangling:
        precious.write_text("precious")
    backup.with_name(f"another{ending}").symlink_to(precious)
    result = runner.invoke(args=["backup", str(another)])
    assert result.exit_code == 1
    assert "is a link" in result.stderr or "is there already" in result.stderr
    assert precious.exists() is not dangling
    assert dangling or precious.read_text() == "precious"


def test_planted_folder_for_unfinished_copies_stays_as_it_is(runner: FlaskCliRunner, backup: Path) -> None:
    precious = backup.with_name("precious")
    precious.mkdir()
    (precious / "file").write_text("precious")
    for name in ("another.unfinished", "another.unfinished-"):
        backup.with_name(name).symlink_to(precious)
    assert runner.invoke(args=["backup", str(backup.with_name("another"))]).exit_code == 0
    assert [file.read_text() for file in precious.iterdir()] == ["precious"]


def test_no_backup_without_its_users(runner: FlaskCliRunner, backup: Path) -> None:
    another = backup.with_name("another")
    users_of(another).mkdir()
    result = runner.invoke(args=["backup", str(another)])
    assert result.exit_code == 1
    assert f"{users_of(another)} can't be made: Is a directory" in result.stderr
    assert list(backup.parent.glob("another*")) == [users_of(another)]
    users_of(another).rmdir()
    users_of(another).write_text("left by a backup that was killed")
    assert runner.invoke(args=["backup", str(another)]).exit_code == 0
    assert runner.invoke(args=["restore", str(another)]).exit_code == 0


def test_backup_into_a_missing_folder(runner: FlaskCliRunner, tmp_path: Path) -> None:
    result = runner.invoke(args=["backup", str(tmp_path / "mnt" / "tonight")])
    assert result.exit_code == 1
    assert f"{tmp_path}/mnt is not a folder; is its disk mounted?" in result.stderr
    assert not (tmp_path / "mnt").exists()


@contextmanager
def short_files() -> Iterator[None]:
    """No file grows beyond 200 kB, as on a full disk."""
    before = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (200_000, before[1]))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, before)


def test_full_disk_changes_nothing(runner: FlaskCliRunner, backup: Path, tmp_path: Path) -> None:
    change_both()
    for command in (["backup", str(tmp_path / "another")], ["restore", str(backup), "--yes"]):
        with short_files():
            result = runner.invoke(args=command)
        assert result.exit_code == 1
        assert re.search("the disk (is full, or )?fails", result.stderr)
    assert not list(tmp_path.glob("another*"))
    assert are_changed() == (True, True)
    assert runner.invoke(args=["restore", str(backup), "--yes"]).exit_code == 0
    assert are_changed() == (False, False)


def test_damaged_database(runner: FlaskCliRunner, backup: Path, tmp_path: Path) -> None:
    """Isn't backed up as if it were whole, and can be restored."""
    file = Path(reports_db.database)
    (page,) = reports_db.execute_sql("SELECT rootpage FROM sqlite_master WHERE name = 'customer'").fetchone()
    content = stored(reports_db)
    reports_db.close()
    file.write_bytes(content[: (page - 1) * 4096] + bytes(4096) + content[page * 4096 :])
    result = runner.invoke(args=["backup", str(tmp_path / "another")])
    assert result.exit_code == 1
    assert f"{file} is damaged (" in result.stderr
    assert not list(tmp_path.glob("another*"))
    assert runner.invoke(args=["restore", str(backup), "--yes"]).exit_code == 0
    assert runner.invoke(args=["backup", str(tmp_path / "another")]).exit_code == 0


def test_restore_over_a_file_that_is_no_database(runner: FlaskCliRunner, backup: Path) -> None:
    file = Path(reports_db.database)
    stored(reports_db)
    reports_db.close()
    file.write_bytes(b"nonsense" * 4096)
    result = runner.invoke(args=["restore", str(backup), "--yes"])
    assert result.exit_code == 1
    assert "the file is damaged; stop the server, move it away with its -wal and -shm" in result.stderr
    for path in file.parent.glob("reports.db*"):
        path.unlink()
    assert runner.invoke(args=["restore", str(backup), "--yes"]).exit_code == 0


def test_postgresql_has_its_own_tools(postgres: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with postgres.copied() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("SECRET_KEY", "k" * 32)
        runner = create_app().test_cli_runner()
        for command in (["backup", str(tmp_path / "new")], ["restore", str(tmp_path / "old"), "--yes"]):
            result = runner.invoke(args=command)
            assert result.exit_code == 1
            assert "pg_dump" in result.stderr
            assert "pg_restore" in result.stderr
        close_connections()
