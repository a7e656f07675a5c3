"""Import files: read, check and load CSV files and workbooks into the database, each of them whole or not at all.

A file passes through stages, which a page can show one by one:

    recognise   `recognise_file`: bytes → encoding, delimiter, headings, report, and a mapping of headings to columns,
                which `Options` may correct (`encodings`, `csv_rows`, `workbook`, `layouts`)
    read        `Reader`: rows → records and faults, and questions about dates and numbers (`cells`)
    check       `check_file`: what would change, with examples, moves, and questions about names
                (`names`, `loader`, `derived`)
    load        `load_file`: the same in a transaction that is committed
"""

from app.importing.cells import DATE_ORDERS, DECIMALS
from app.importing.changes import changed_rows
from app.importing.csv_rows import DELIMITERS
from app.importing.encodings import ENCODINGS
from app.importing.history import (
    add_job,
    data_version,
    discard_history,
    heartbeats,
    newest_imports,
    numbered_import,
    record_heartbeat,
)
from app.importing.layouts import LAYOUTS, Layout, Record, SubscriptionRecord, TransactionRecord, UsageRecord
from app.importing.options import Options
from app.importing.reader import Progress, Reader
from app.importing.recognise import IMPORTABLE, RecognisedFile, recognise_file, rereadable
from app.importing.results import Change, Fault, Faults, FileRejected, ImportSummary, Plan, Question
from app.importing.run import check_file, load_file, load_records
from app.importing.undo import UndoSummary, undo_import, undo_preview
from app.importing.undo_checks import CannotUndo
