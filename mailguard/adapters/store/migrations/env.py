"""Alembic's entry: run the migrations on the connection (and in the transaction) that was handed over."""

from alembic import context

import mailguard.adapters.store.tables
import mailguard.adapters.store.tables_accounts
import mailguard.adapters.store.tables_learning  # noqa: F401
from mailguard.adapters.store.columns import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
