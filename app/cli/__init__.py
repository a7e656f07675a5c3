"""The command line: `flask --help` lists all commands."""

from flask import Flask

from app.cli import backup, data, users


def register(app: Flask) -> None:
    data_commands = [data.setup, data.check, data.migrate, data.demo, data.copy_from, data.import_file, data.export]
    for command in (*data_commands, data.sql, backup.backup, backup.restore, users.user):
        app.cli.add_command(command)
