"""Two resellers, and customers of no reseller. Every cell holds a mark of its owner, so that tests find leaked rows."""

from dataclasses import dataclass
from pathlib import Path

from tests.support import load

SUBSCRIPTIONS = """Customer,Customer ID,Subscription ID,Reseller,Subscription,End,Cost,Order Date,Last modified by,\
Last modified date,Items Quantity"""
TRANSACTIONS = "Customer,Customer ID,Subscription ID,Reseller,Product,Transaction ID,Action,Date,Total,Cost,User"
USAGE = "Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used"


@dataclass(frozen=True)
class Party:
    """A reseller with customers. Each text holds `mark`, each amount `number` or, in a sum, twice the number."""

    mark: str
    number: int
    reseller: str
    customers: int = 3

    @property
    def amounts(self) -> set[str]:
        """The amounts, or their beginnings, as pages and files show them."""
        return {text for number in (self.number, 2 * self.number) for text in (f"{number:,}", str(number))}

    def subscriptions(self) -> list[str]:
        return [
            f"{self.mark} {n},{self.mark}-C{n},{self.mark}-S{n},{self.reseller},{self.mark} plan,2031-01-0{n},"
            f"{self.number}.{n:02},2024-01-0{n},{self.mark}@x.example,2025-01-01 00:00:0{n},{self.number}"
            for n in range(1, self.customers + 1)
        ]

    def transactions(self) -> list[str]:
        return [
            f"{self.mark} {n},{self.mark}-C{n},{self.mark}-S{n},{self.reseller},{self.mark} product; Shared product,"
            f"{self.mark}-T{n},Inventory,2024-01-0{n} 00:00:00,{self.number},{self.number}.{n:02},{self.mark} person"
            for n in range(1, self.customers + 1)
        ]

    def usage(self) -> list[str]:
        return [
            f"{self.mark} {n},{self.mark}-C{n},{self.reseller},{kind},{product},{self.number},{self.number}"
            for n in range(1, self.customers + 1)
            for kind, product in ((f"{self.mark} type", f"{self.mark} product"), ("Shared type", "Shared product"))
        ]


ALPHA = Party("ALPHA7", 11111, "ALPHA7 resale")
BETA = Party("BETA7", 31313, "BETA7 resale", customers=5)
NOBODYS = Party("NOBODY7", 57575, "", customers=4)
PARTIES = (ALPHA, BETA, NOBODYS)

# What a reseller bought itself, as a customer of ours without a reseller.
NAMESAKE = '"ALPHA7 resale",N-1,,Shared type,Shared product,77777,77777'


def load_parties(folder: Path, *parties: Party) -> None:
    files = {
        "customer-subscriptions": [SUBSCRIPTIONS, *(row for party in parties for row in party.subscriptions())],
        "customer-transactions": [TRANSACTIONS, *(row for party in parties for row in party.transactions())],
        "customer-usage": [USAGE, *(row for party in parties for row in party.usage()), NAMESAKE],
    }
    for slug, lines in files.items():
        path = folder / f"{slug}.csv"
        path.write_text("\n".join(lines), "utf-8")
        load(slug, path)
