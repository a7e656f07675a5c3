"""The bare route: 50 rows in an HTML table, in the simplest way that Flask, SQLite and Jinja allow."""

from typing import Any

from cysqlite import connect
from flask import Flask, request

_NAMES = "JOIN customer c ON c.id = t.customer_id JOIN reseller r ON r.id = t.reseller_id"
_QUERIES = {  # report → its rows: the id, which isn't shown, and 11 cells
    "customer-transactions": f"""
        SELECT t.id, c.name, t.customer_ref, t.subscription_ref, r.name, b.name,
            t.ref, t.action, t.date, t.total, t.cost, u.name
        FROM "transaction" t {_NAMES} JOIN bundle b ON b.id = t.bundle_id JOIN actor u ON u.id = t.user_id""",
    "customer-subscriptions": f"""
        SELECT t.id, c.name, t.customer_ref, t.ref, r.name, t.name,
            t.ends_on, t.cost, t.ordered_on, u.name, t.modified_at, t.items_quantity
        FROM subscription t {_NAMES} JOIN actor u ON u.id = t.modified_by_id""",
    "customer-usage": f"""
        SELECT t.id, c.name, t.customer_ref, r.name, k.name, p.name, t.current_inventory, t.available, t.used,
            t.over_inventory, t.ref, t.customer_id
        FROM holding t {_NAMES} JOIN certificate_type k ON k.id = t.certificate_type_id
            JOIN product p ON p.id = t.product_id""",
}
_PAGE = """<!doctype html><title>{{ slug }}</title><table>
{% for row in rows %}<tr>{% for cell in row[1:] %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table><a href="?after={{ rows[-1][0] }}">Next</a>"""


def create_bare_app(path: str) -> Flask:
    """An application with a page for each report: the rows behind the id `after`, in the order of their ids."""
    app = Flask("bare")
    page = app.jinja_env.from_string(_PAGE)
    connection: Any = connect(path)

    @app.get("/<slug>")
    def show(slug: str) -> str:
        sql = f"{_QUERIES[slug]} WHERE t.id > ? ORDER BY t.id LIMIT 50"
        rows = connection.execute(sql, (request.args.get("after", 0, int),)).fetchall()
        return page.render(slug=slug, rows=rows)

    return app


def bare_app(path: object) -> str:
    """How gunicorn names the application on a SQLite file."""
    return f"bench.bare:create_bare_app('{path}')"
