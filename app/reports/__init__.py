"""The reports, in menu order. A report is one declaration and one line here."""

from app.reports import subscriptions, transactions, usage
from app.table.definitions import Report

REPORTS: dict[str, Report] = {
    report.slug: report for report in (subscriptions.REPORT, transactions.REPORT, usage.REPORT)
}
