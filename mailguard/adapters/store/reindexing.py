"""Bringing the index of cases that an older mailguard wrote to what today's looks for.

A migration has no keys and cannot blind a name, so this runs when the store is opened: once a generation, in
pieces, each its own transaction. Idempotent: killed in between, or begun by two processes, it ends the same.
"""

from __future__ import annotations

from mailguard.adapters.store.sql_store import SqlStore

# Raised by one whenever SqlCases.index_again would write something that it did not write before.
GENERATION = "1"
_KEY = "case-index"
_CASES_EACH = 500


def reindex_cases(store: SqlStore) -> None:
    """Raises TemporaryFailure when the database does not answer; what was done stays done."""
    with store.reading() as transaction:
        if transaction.ledger.state(_KEY) == GENERATION:
            return
    last = ""
    while True:
        with store.transaction() as transaction:
            last = transaction.cases.index_again(after_id=last, limit=_CASES_EACH)
            if not last:
                transaction.ledger.put_state(_KEY, GENERATION)
                return
