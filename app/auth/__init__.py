"""Who may use Partner Reports: accounts, passwords, sessions, saved views. Knows neither Flask nor any report."""
