"""Import files: read, checked and loaded into the database, each of them whole or not at all."""

from app.importing.errors import Fault, FileRejected
from app.importing.layouts import Record, SubscriptionRecord, TransactionRecord, UsageRecord
from app.importing.loader import load_file, load_records
from app.importing.reader import Progress
from app.importing.summary import ImportSummary

__all__ = [
    "Fault",
    "FileRejected",
    "ImportSummary",
    "Progress",
    "Record",
    "SubscriptionRecord",
    "TransactionRecord",
    "UsageRecord",
    "load_file",
    "load_records",
]  # fmt: skip
