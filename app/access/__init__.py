"""Who may use Partner Reports: accounts, passwords, sessions. Knows neither Flask nor any report."""
