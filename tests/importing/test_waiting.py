"""One import waits for another, as long as that takes."""

from contextlib import ExitStack
from io import BytesIO

import pytest

from app.importing import Options, load_file, recognise_file, undo_import
from models import Import, Transaction, reports_db
from tests.databases import importing
from tests.importing.files import TRANSACTIONS, file, import_numbered


class Impatience(Exception):
    pass


def test_import_and_undo_wait_for_another() -> None:
    waits = []
    with ExitStack() as other:

        def wait() -> None:
            waits.append(Import.last())  # pages read meanwhile
            other.close()

        other.enter_context(importing(reports_db))
        options = Options(report=TRANSACTIONS)
        recognised = recognise_file(BytesIO(file(TRANSACTIONS, {})), "a.csv", options)
        assert load_file(recognised, options, who="", number=1, wait=wait).summary.added == 1
        other.enter_context(importing(reports_db))
        undo_import(1, 2, "ann", wait=wait)
    assert len(waits) == 2
    assert not Transaction.select().exists()


def test_who_waits_can_give_up() -> None:
    def give_up() -> None:
        raise Impatience

    import_numbered(1, TRANSACTIONS, {})
    with importing(reports_db), pytest.raises(Impatience):
        undo_import(1, 2, "ann", wait=give_up)
    undo_import(1, 2, "ann", wait=give_up)
    assert not Transaction.select().exists()
