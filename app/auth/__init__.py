"""Access: accounts, passwords, roles, second factors, sessions and tokens. Imports no Flask and no report."""
