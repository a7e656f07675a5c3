"""Tables, connections, migrations, backups and the audit trail. Imports nothing from `app`."""

from models import audit
from models.access import (
    AccessToken,
    Attempt,
    Delivery,
    DeliveryRecipient,
    DeliveryRun,
    ExportSlot,
    Identity,
    ImportJob,
    JobRunner,
    PendingSignIn,
    RecoveryCode,
    RememberedBrowser,
    SavedView,
    SecondFactor,
    Session,
    TokenNetwork,
    UsedState,
    User,
)
from models.audit import AuditEvent
from models.backup import (
    BackupError,
    DatabaseContents,
    create_backup,
    live_contents,
    read_backup,
    restore_backup,
    users_reenabled_by,
)
from models.connections import (
    JOBS_FILE,
    POSTGRES,
    BadDatabaseURL,
    access_db,
    close_connections,
    data_folder,
    open_database,
    read_transaction,
    reports_db,
)
from models.copy_database import DatabaseCopy, DatabaseNotEmpty
from models.errors import DATABASE_ERRORS, QueryBudgetExceeded, describe_error, driver_errors
from models.reports import (
    ACTIONS,
    NEVER,
    NEVER_AT,
    NONE_ID,
    PRODUCT_SEPARATOR,
    USAGE_COUNTS,
    Actor,
    Bundle,
    BundleProduct,
    CertificateType,
    ChangedRow,
    Customer,
    CustomerRow,
    CustomerUsage,
    Holding,
    Import,
    Product,
    Reseller,
    Subscription,
    Transaction,
    TypeUsage,
    UsageRow,
)
from models.schema import SchemaMismatch, apply_migrations, check_schema
from models.snapshot import Snapshot
from models.sqlite import OWNER_ONLY
from models.values import MAX_CHAR, clean_text, fold, format_time, printable, shorten, timestamp, today, utc_now
