"""The command line: `flask migrate`, `demo`, `copy`, `import`, `export` and `user`."""

from flask import Flask

from app.cli import data, users


def register(app: Flask) -> None:
    for command in (data.migrate, data.demo, data.copy_from, data.import_file, data.export, users.user):
        app.cli.add_command(command)
