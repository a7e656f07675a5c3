"""Access to Partner Reports: accounts, passwords, roles, sessions, saved views. Imports no Flask and no report."""
