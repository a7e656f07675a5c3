"""The command line: `flask --help` lists all commands."""

from flask import Flask

from app.cli import backup, data, users


def register(app: Flask) -> None:
    of_data = (data.setup, data.check, data.migrate, data.demo, data.copy_from, data.import_file, data.export, data.sql)
    for command in (*of_data, backup.backup, backup.restore, users.user):
        app.cli.add_command(command)
