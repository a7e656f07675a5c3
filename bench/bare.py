"""The floor: routes that show rows in a table, in the simplest way that Flask, SQLite and Jinja allow."""

from typing import Any

from cysqlite import connect  # type: ignore[attr-defined]
from flask import Flask, request

from app.table.definitions import Report

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
        SELECT t.id, c.name, t.customer_ref, r.name, k.name, p.name, t.current_inventory, t.available, t.used,
            t.over_inventory, t.ref, t.customer_id
        FROM holding t {_NAMES} JOIN certificate_type k ON k.id = t.certificate_type_id
            JOIN product p ON p.id = t.product_id""",
}
"""Each shows 11 cells, behind the row's number."""

_NUMBERS = "t.current_inventory, t.available, t.used"
_INSIDE = {
    1: f"""
        SELECT t.id, k.name, '', '', {_NUMBERS}
        FROM type_usage t JOIN certificate_type k ON k.id = t.certificate_type_id WHERE t.customer_id = ?""",
    2: f"""
        SELECT t.id, p.name, '', '', {_NUMBERS}
        FROM holding t JOIN product p ON p.id = t.product_id WHERE t.customer_id = ?
            AND +t.certificate_type_id = ?""",
}
"""What stands inside a row of usage, by the depth of that row; with as many cells as the report shows at first. The +
keeps SQLite from going through everything of a type."""

_ROWS = """{% for row in rows %}<tr>{% for cell in row[1:] %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}"""
_PAGE = (
    "<!doctype html><title>{{ slug }}</title><table>\n"
    f'{_ROWS}</table><a href="?after={{{{ rows[-1][0] }}}}">Next</a>'
)


def floor(report: Report) -> str:
    """The address of a page of the bare route."""
    return f"/{report.slug}?after=100"


def bare(path: str) -> Flask:
    """Rows stand in the order of their id, and a page begins behind one."""
    app = Flask("bare")
    page, rows = app.jinja_env.from_string(_PAGE), app.jinja_env.from_string(_ROWS)
    connection: Any = connect(path)

    @app.get("/<slug>")
    def show(slug: str) -> str:
        sql = f"{_TABLES[slug]} WHERE t.id > ? ORDER BY t.id LIMIT 50"
        return page.render(slug=slug, rows=connection.execute(sql, (request.args.get("after", 0, int),)).fetchall())

    @app.get("/inside")
    def inside() -> str:
        node = tuple(map(int, request.args["node"].split(".")))
        return rows.render(rows=connection.execute(_INSIDE[len(node)], node).fetchall())

    return app
