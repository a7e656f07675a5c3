"""Those who show rows of a database as pages and as CSV, on the rows that we show: run by hand, `make bench-peers`."""
