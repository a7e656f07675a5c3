"""The reports, in the order of menus.

A report is one declaration (`app.table.definitions.Report`) in a module of its own and one line here; its page, its
files, its filters and its sums follow from that. `filters`, `dimensions` and `periods` hold what declarations share.
"""

from app.reports import subscriptions, transactions, usage
from app.table.definitions import Report

_REPORTS = (subscriptions.REPORT, transactions.REPORT, usage.REPORT)
REPORTS: dict[str, Report] = {report.slug: report for report in _REPORTS}
