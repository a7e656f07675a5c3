"""Tables, connections and migrations. Knows nothing of reports, files or the web."""

from models.base import NONE
from models.catalogue import SEPARATOR, Bundle, BundleProduct, CertificateType, Product
from models.database import BadAddress, database, database_errors, open_database, reading, snapshot, writing
from models.load import Load
from models.parties import Actor, Customer, Reseller
from models.rows import (
    ACTIONS,
    NUMBERS,
    CustomerRow,
    CustomerUsage,
    Holding,
    Subscription,
    Transaction,
    TypeUsage,
    UsageRow,
)  # fmt: skip
from models.schema import lacking, migrate
from models.text import LAST, fold

__all__ = [
    "ACTIONS", "LAST", "NONE", "NUMBERS", "SEPARATOR", "Actor", "BadAddress", "Bundle", "BundleProduct",
    "CertificateType", "Customer", "CustomerRow", "CustomerUsage", "Holding", "Load", "Product", "Reseller",
    "Subscription", "Transaction", "TypeUsage", "UsageRow", "database", "database_errors", "fold", "lacking", "migrate",
    "open_database", "reading", "snapshot", "writing",
]  # fmt: skip
