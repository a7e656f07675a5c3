"""Import files: read, checked and loaded into the database, each of them whole or not at all."""

from app.importing.faults import Fault, Faulty
from app.importing.load import load_file, load_records
from app.importing.records import Record, SubscriptionRecord, TransactionRecord, UsageRecord
from app.importing.summary import Summary

__all__ = [
    "Fault", "Faulty", "Record", "SubscriptionRecord", "Summary", "TransactionRecord", "UsageRecord", "load_file",
    "load_records",
]  # fmt: skip
