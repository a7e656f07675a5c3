"""What the demo's partner sells: products of five certificate types, and the plans that customers subscribe to."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Product(NamedTuple):
    """`price` is in cents, for one certificate and one year."""

    name: str
    type: str
    price: int


PRODUCTS = (
    Product("DV Single Domain", "SSL", 4900),
    Product("DV Multi-Domain", "SSL", 9900),
    Product("DV Wildcard", "SSL", 14900),
    Product("OV Single Domain", "SSL", 11900),
    Product("OV Multi-Domain", "SSL", 24900),
    Product("OV Wildcard", "SSL", 34900),
    Product("EV Single Domain", "SSL", 22900),
    Product("EV Multi-Domain", "SSL", 49900),
    Product("S/MIME Mailbox", "Client", 1995),
    Product("S/MIME Organization", "Client", 3995),
    Product("S/MIME Sponsored", "Client", 2995),
    Product("Standard Code Signing", "Code Signing", 28900),
    Product("EV Code Signing", "Code Signing", 46900),
    Product("Document Signing Individual", "Document Signing", 14950),
    Product("Document Signing Organization", "Document Signing", 39950),
    Product("Electronic Seal", "Document Signing", 52500),
    Product("Device Identity", "Device", 179),
    Product("Wi-Fi and VPN Client", "Device", 325),
)


class Choice(NamedTuple):
    """Some of a plan's products, `places` in its list; `price` is cents for one year and one certificate of each."""

    places: tuple[int, ...]
    products: tuple[str, ...]
    price: int


@dataclass(frozen=True)
class Plan:
    name: str
    products: tuple[Product, ...]

    @cached_property
    def whole(self) -> Choice:
        return self._choice(range(len(self.products)))

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """What one change may affect: everything, or one product."""
        return (self.whole, *(self._choice([place]) for place in range(len(self.products))))

    def _choice(self, places: range | list[int]) -> Choice:
        chosen = [self.products[place] for place in places]
        return Choice(tuple(places), tuple(each.name for each in chosen), sum(each.price for each in chosen))


def _plan(name: str, *products: str) -> Plan:
    known = {product.name: product for product in PRODUCTS}
    return Plan(name, tuple(known[product] for product in products))


PLANS = (
    _plan("Website Basic", "DV Single Domain"),
    _plan("Website Wildcard", "DV Wildcard"),
    _plan("Website Family", "DV Single Domain", "DV Multi-Domain", "DV Wildcard"),
    _plan("Business SSL", "OV Single Domain"),
    _plan("Business SSL Plus", "OV Single Domain", "OV Multi-Domain", "OV Wildcard"),
    _plan("Shop & Bank SSL", "EV Single Domain", "EV Multi-Domain"),
    _plan("Secure Mail", "S/MIME Mailbox"),
    _plan("Secure Mail for Teams", "S/MIME Organization", "S/MIME Sponsored"),
    _plan("Software Publisher", "Standard Code Signing"),
    _plan("Software Publisher EV", "EV Code Signing"),
    _plan("Signed Documents", "Document Signing Individual", "Document Signing Organization"),
    _plan("Electronic Seal", "Electronic Seal"),
    _plan("Connected Devices", "Device Identity", "Wi-Fi and VPN Client"),
    _plan("Office Complete", "OV Single Domain", "S/MIME Organization", "Document Signing Individual"),
)
