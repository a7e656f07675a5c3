"""The command line: `flask --help` lists all commands."""

from flask import Flask

from app.cli import audit, backup, data, imports, jobs, mail, users


def register(app: Flask) -> None:
    data_commands = [data.setup, data.check, data.migrate, data.demo, data.copy_from, data.export]
    others = [
        imports.import_files,
        data.sql,
        backup.backup,
        backup.restore,
        users.user,
        audit.audit,
        jobs.jobs,
        mail.mail,
    ]
    for command in (*data_commands, *others):
        app.cli.add_command(command)
