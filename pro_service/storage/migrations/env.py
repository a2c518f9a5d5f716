"""What Alembic runs: the migrations, on the connection (and in the transaction) it was handed."""

from __future__ import annotations

from alembic import context

from pro_service.storage.migrations.models import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
