"""How Alembic runs the migrations: on the connection that `services.schema` gives, else on the application's own."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from webapp.extensions import db
from webapp.models import search
from webapp.models.types import UtcDateTime


def plain_type(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """A migration stands for ever, so it names no class of today's program."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def ours(name: str | None, kind: str, parents: Any) -> bool:
    """The tables in which SQLite keeps its full-text index are its own business."""
    return not (name or "").startswith(search.TABLE)


def run(connection: Connection) -> None:
    """Run them in the caller's transaction, or in one of their own."""
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        compare_type=True,
        render_as_batch=context.config.get_main_option("batch", "yes") == "yes",
        render_item=plain_type,
        include_name=ours,
        transactional_ddl=True,  # SQLite's too: Alembic only assumes otherwise
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with current_app.extensions["migrate"].db.engine.connect() as own:
        run(own)
