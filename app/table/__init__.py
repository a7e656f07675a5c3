"""The report engine: a declared report and a query string in; rows, pages and files out."""
