"""The chart of usage when there are more certificate types than bars."""

import re
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.web.reports.charts import MAX_BARS
from tests.support import load

BAR = re.compile(r'<(a href="[^"]+"|g role="img") aria-label="([^"]+)">')


@pytest.mark.parametrize("types", [MAX_BARS, MAX_BARS + 1, MAX_BARS + 3])
def test_chart_joins_all_but_the_largest_types(client: FlaskClient, tmp_path: Path, types: int) -> None:
    file = tmp_path / "usage.csv"
    rows = [f"One,C-1,,Type {number},DV,{number * 1000},{number}" for number in range(1, types + 1)]
    file.write_text("\n".join(["Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used", *rows]))
    load("customer-usage", file)
    bars = [
        (unescape(words), "href" in tag)
        for tag, words in BAR.findall(client.get("/reports/customer-usage/summary").text)
    ]
    largest = list(range(types, 0, -1))[:MAX_BARS]
    rest = sum(range(1, types - MAX_BARS + 1))
    expected = [(f"Type {number}: Current Inventory {number * 1000:,}, Used {number}", True) for number in largest]
    others = [(f"Others: Current Inventory {rest * 1000:,}, Used {rest}", False)]
    assert bars == expected + (others if rest else [])
