"""The floor: one route that shows 50 rows in a table, in the simplest way that Flask, SQLite and Jinja allow."""

from typing import Any

from cysqlite import connect  # type: ignore[attr-defined]
from flask import Flask, request

_NAMES = """JOIN customer c ON c.id = t.customer_id JOIN reseller r ON r.id = t.reseller_id"""

_TABLES = {
    "customer-transactions": f"""
        SELECT t.id, c.name, t.customer_ref, t.subscription_ref, r.name, b.name,
            t.ref, t.action, t.date, t.total, t.cost, u.name
        FROM "transaction" t {_NAMES} JOIN bundle b ON b.id = t.bundle_id JOIN actor u ON u.id = t.user_id""",
    "customer-subscriptions": f"""
        SELECT t.id, c.name, t.customer_ref, t.ref, r.name, t.name,
            t.ends_on, t.cost, t.ordered_on, u.name, t.modified_at, t.items_quantity
        FROM subscription t {_NAMES} JOIN actor u ON u.id = t.modified_by_id""",
    "customer-usage": f"""
        SELECT t.id, c.name, t.customer_ref, r.name, t.current_inventory, t.available, t.used, t.over_inventory
        FROM customer_usage t {_NAMES}""",
}
_PAGE = """<!doctype html><title>{{ slug }}</title><table>
{% for row in rows %}<tr>{% for cell in row[1:] %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table><a href="?after={{ rows[-1][0] }}">Next</a>"""


def bare(path: str) -> Flask:
    """Rows stand in the order of their id, and a page begins behind one."""
    app = Flask("bare")
    template = app.jinja_env.from_string(_PAGE)
    connection: Any = connect(path)

    @app.get("/<slug>")
    def show(slug: str) -> str:
        sql = f"{_TABLES[slug]} WHERE t.id > ? ORDER BY t.id LIMIT 50"
        rows = connection.execute(sql, (request.args.get("after", 0, int),)).fetchall()
        return template.render(slug=slug, rows=rows)

    return app
