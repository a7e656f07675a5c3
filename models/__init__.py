"""Tables, connections, migrations and the audit trail. Knows nothing of reports, files or the web."""

from models import audit
from models.accounts import ROLES, Attempt, SavedView, Session, User
from models.audit import AuditEvent
from models.backup import back_up, present
from models.base import NONE
from models.catalogue import SEPARATOR, Bundle, BundleProduct, CertificateType, Product
from models.clock import moment, today
from models.copying import Copy, NotEmpty
from models.database import (
    POSTGRES,
    BadAddress,
    access,
    close,
    database,
    open_database,
    reading,
    snapshot,
    without_waiting,
    writing,
)  # fmt: skip
from models.kept import Backup, BadBackup, read_backup, verify
from models.load import Load
from models.parties import Actor, Customer, Reseller
from models.restoring import let_in_again, restore
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
from models.schema import Unfit, check, migrate
from models.sqlite import GaveUp
from models.text import LAST, fold
from models.trouble import TROUBLE, told

__all__ = [
    "ACTIONS", "LAST", "NONE", "NUMBERS", "POSTGRES", "ROLES", "SEPARATOR", "TROUBLE", "Actor", "Attempt",
    "AuditEvent", "Backup", "BadAddress", "BadBackup", "Bundle", "BundleProduct", "CertificateType", "Copy",
    "Customer", "CustomerRow", "CustomerUsage", "GaveUp", "Holding", "Load", "NotEmpty", "Product", "Reseller",
    "SavedView", "Session", "Subscription", "Transaction", "TypeUsage", "Unfit", "UsageRow", "User", "access",
    "audit", "back_up", "check", "close", "database", "fold", "let_in_again", "migrate", "moment", "open_database",
    "present", "read_backup", "reading", "restore", "snapshot", "today", "told", "verify", "without_waiting",
    "writing",
]  # fmt: skip
