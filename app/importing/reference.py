"""The text that identifies a usage row and sorts it by customer id, our number, certificate type and product."""

from functools import lru_cache

from models import fold

_END = "\x01"
"""Stands between the parts. It comes before everything that can stand within one, so "A" comes before "AB"."""


def reference(customer_ref: str, customer: int, certificate_type: str, product: str) -> str:
    return _END.join((_part(customer_ref), f"{customer:012}", _named(certificate_type), _named(product)))


def above(reference: str) -> str:
    """The reference of the row that sums up this one and its like."""
    return reference.rsplit(_END, 2)[0]


@lru_cache(maxsize=4096)
def _named(name: str) -> str:
    return _part(fold(name)) + _END + _part(name)


def _part(text: str) -> str:
    """`text` without _END, in the same order among others: U+0001 and U+0002 become pairs that start with U+0002."""
    return text.replace("\x02", "\x02\x03").replace(_END, "\x02\x02")
