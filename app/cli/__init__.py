"""The command line: `flask migrate`, `demo`, `copy`, `import`, `export`, `backup`, `restore` and `user`."""

from flask import Flask

from app.cli import backup, data, users


def register(app: Flask) -> None:
    kept = (backup.backup, backup.restore)
    for command in (data.migrate, data.demo, data.copy_from, data.import_file, data.export, *kept, users.user):
        app.cli.add_command(command)
