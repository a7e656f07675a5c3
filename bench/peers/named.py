"""Who is measured, and how each is asked for the same: the newest rows, those by customer, row 900,000, and a file."""

from pathlib import Path
from typing import NamedTuple

from bench.peers.download import Form

BIN = Path(__file__).parents[2] / ".cache" / "peers" / "bin"
_WSGI = (
    "gunicorn",
    "--workers",
    "1",
    "--threads",
    "8",
    "--timeout",
    "600",
    "--no-control-socket",
    "--bind",
    "127.0.0.1:{port}",
)
_COLUMNS = (
    "customer", "customer_id", "subscription_id", "reseller", "product", "transaction_id", "action", "date", "total",
    "cost", "user",
)  # fmt: skip

VIEW = """
    CREATE VIEW transactions AS
    SELECT c.name AS customer, t.customer_ref AS customer_id, t.subscription_ref AS subscription_id, r.name AS reseller,
        b.name AS product, t.ref AS transaction_id, t.action, t.date, t.total, t.cost, u.name AS user
    FROM "transaction" t JOIN customer c ON c.id = t.customer_id JOIN reseller r ON r.id = t.reseller_id
        JOIN bundle b ON b.id = t.bundle_id JOIN actor u ON u.id = t.user_id"""
"""For those who show tables and views as they are."""


class Peer(NamedTuple):
    """`command` has {port} and {database} in it; `form` is posted to `file`, if there is one."""

    package: str
    command: tuple[str, ...]
    first: str
    by_customer: str
    deep: str
    file: str
    form: Form | None = None


PEERS = (
    Peer(
        "datasette",
        ("datasette", "serve", "--immutable", "{database}", "--port", "{port}", "--setting", "sql_time_limit_ms",
         "100000", "--setting", "max_csv_mb", "0"),
        "/peers/transactions?_size=50&_sort_desc=date",
        "/peers/transactions?_size=50&_sort=customer",
        "/peers/transactions?_size=50&_sort_desc=date&_next=900000",
        "/peers/transactions.csv?_stream=on&_size=max",
    ),
    Peer(
        "sqlite-web",
        ("sqlite_web", "--no-browser", "--quiet", "--read-only", "--port", "{port}", "{database}"),
        "/transactions/content/?ordering=-8",
        "/transactions/content/?ordering=1",
        "/transactions/content/?ordering=-8&page=18000",
        "/transactions/export/",
        {"export_format": "csv", "columns": _COLUMNS},
    ),
    Peer(
        "flask-admin",
        (*_WSGI, "bench.peers.flask_admin:app"),
        "/admin/transactions/",
        "/admin/transactions/?sort=0",
        "/admin/transactions/?page=17999",
        "/admin/transactions/export/csv/",
    ),
    Peer(
        "django-tables2",
        (*_WSGI, "bench.peers.django_tables2:app"),
        "/",
        "/?sort=customer",
        "/?page=18000",
        "/?_export=csv",
    ),
)  # fmt: skip
