"""Read a report for the visitor: in one transaction, and with ids and names spelled as their data has them."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.table.scope import Scope
from app.table.spellings import match_spellings
from app.table.view import View
from app.web.request_log import timed
from app.web.security import visitor
from models import read_transaction


@contextmanager
def read_report(view: View) -> Iterator[tuple[View, Scope]]:
    """Open the transaction that reads a view. Yield the view, and the scope of the rows that the visitor may see.

    The view that is yielded has ids and names spelled as the data of that scope has them.
    """
    with timed("query"), read_transaction():
        scope = visitor().scope
        yield match_spellings(view, scope), scope


def match_visitor_spellings(view: View) -> View:
    """Return the view as `read_report` yields it, for files: these read its rows later, from a snapshot.

    This isn't timed: a file has no `Server-Timing`, because its rows aren't read yet when its headers are sent.
    """
    with read_transaction():
        return match_spellings(view, visitor().scope)
