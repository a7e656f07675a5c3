"""The command line: `flask --help` lists all commands."""

from flask import Flask

from app.cli import audit, backup, data, imports, jobs, mail, users


def register(app: Flask) -> None:
    for command in (
        data.setup,
        data.check,
        data.migrate,
        data.demo,
        data.copy_from,
        data.export,
        data.sql,
        imports.import_files,
        backup.backup,
        backup.restore,
        users.user,
        audit.audit,
        jobs.jobs,
        mail.mail,
    ):
        app.cli.add_command(command)
