"""The file of the Customer Usage Report."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from app.importing import cells, holdings, settle
from app.importing.customers import Known
from app.importing.faults import Refused, quoted
from app.importing.layout import Layout, Values
from app.importing.records import UsageRecord
from app.importing.registry import Registry
from app.importing.rollup import NOTHING, Kind, numbers
from app.importing.statements import batches
from app.importing.summary import Tally
from app.reports import usage


def _complaints(row: Values) -> Iterator[str]:
    if bool(row["certificate_type"]) != bool(row["product"]):
        yield "Certificate Type, Product: both must be given or, for a customer that holds nothing, neither"
    elif not row["product"] and (row["current_inventory"] or row["used"]):
        yield "Current Inventory, Used: must be 0 for a customer that holds nothing"
    expected = numbers(row["current_inventory"], row["used"])
    for key in ("available", "over_inventory"):
        if row[key] not in ("", expected[key]):
            label, value = usage.REPORT.by_key[key].label, quoted(str(row[key]))
            yield f"{label}: {value} is not what Current Inventory and Used make, {expected[key]}"


class Usage:
    """States what customers hold. It is kept until the whole file was read: only then is it known what is removed."""

    layout = Layout(
        usage.REPORT,
        UsageRecord,
        strict={
            "customer": cells.NAME,
            "reseller": cells.reseller,
            "product": cells.product,
            "current_inventory": cells.count,
            "available": cells.count_if_given,
            "used": cells.count,
            "over_inventory": cells.count_if_given,
        },
        check=_complaints,
    )

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.tally = Tally()
        self._held: defaultdict[Known, dict[Kind, tuple[int, int]]] = defaultdict(dict)
        self._lines: defaultdict[Known, dict[Kind, int]] = defaultdict(dict)

    def add(self, line: int, record: Any) -> None:
        """Raises Refused when the row contradicts an earlier one or its customer can't be told."""
        customer = self.registry.customer(record)
        kind = Kind(
            self.registry.types.id_of(record.certificate_type),
            self.registry.products.id_of(record.product),
        )
        _consistent(kind, self._lines[customer])
        self._lines[customer][kind] = line
        self._held[customer][kind] = record.current_inventory, record.used

    def conclude(self) -> Iterable[tuple[int, str]]:
        """Nothing more can be wrong once every row was added."""
        return ()

    def settle(self) -> None:
        """Write what the file says."""
        self.registry.write()
        settle.customers(self.registry)
        for batch in batches(self._held.items()):
            self.tally += holdings.replace(dict(batch), self.registry)


def _consistent(kind: Kind, lines: dict[Kind, int]) -> None:
    if kind in lines:
        raise Refused(f"Product: line {lines[kind]} already says what the customer holds of it")
    if kind == NOTHING and lines:
        raise Refused(f"Product: is empty, but the customer holds something in line {min(lines.values())}")
    if NOTHING in lines:
        raise Refused(f"Product: the customer holds nothing in line {lines[NOTHING]}")
