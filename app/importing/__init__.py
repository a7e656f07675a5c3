"""Import files: read, check and load CSV files into the database, each of them whole or not at all.

A file passes through the modules in this order: `reader` reads rows, `layouts` parses their cells, `customers`
finds the ids they refer to, `loader` stores them, `derived` updates what follows from them.
"""

from app.importing.layouts import Record, SubscriptionRecord, TransactionRecord, UsageRecord
from app.importing.loader import IMPORTABLE, load_file, load_records
from app.importing.reader import Progress
from app.importing.results import Fault, FileRejected, ImportSummary
