"""The command line: `flask --help` lists all commands."""

from flask import Flask

from app.cli import backup, data, imports, users


def register(app: Flask) -> None:
    data_commands = [data.setup, data.check, data.migrate, data.demo, data.copy_from, data.export]
    for command in (*data_commands, imports.import_files, data.sql, backup.backup, backup.restore, users.user):
        app.cli.add_command(command)
