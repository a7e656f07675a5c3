"""The products and plans of the demo partner, read from catalogue.toml."""

import tomllib
from pathlib import Path
from typing import NamedTuple


class Product(NamedTuple):
    name: str
    type: str
    price: int  # in cents, for one certificate and one year


class Plan(NamedTuple):
    name: str
    products: tuple[Product, ...]


_catalogue = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
PRODUCTS = {name: Product(name, **details) for name, details in _catalogue["products"].items()}
PLANS = [Plan(name, tuple(PRODUCTS[each] for each in products)) for name, products in _catalogue["plans"].items()]
