"""Contacts are searched without case and accents, each order of their report by one index; messages by notification."""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0008_people_found"
down_revision = "0007_return_path_plus"


def upgrade() -> None:
    op.add_column("contact", sa.Column("searched", sa.String(), nullable=False, server_default=""))
    fill()
    op.drop_index("ix_contact_email", "contact")
    for order in ("name", "email"):
        op.create_index(f"ix_contact_by_{order}", "contact", [order, "id", "enabled", "locale", "searched"])
    op.create_index("ix_message_notification_id", "message", ["notification", "id"])


def fill() -> None:
    connection = op.get_bind()
    contact = sa.table("contact", *map(sa.column, ("id", "name", "email", "mobile", "searched")))
    rows = connection.execute(sa.select(contact.c.id, contact.c.name, contact.c.email, contact.c.mobile)).all()
    found = [{"number": row.id, "words": folded("\n".join(row[1:]))} for row in rows]
    if found:
        change = sa.update(contact).where(contact.c.id == sa.bindparam("number"))
        connection.execute(change.values(searched=sa.bindparam("words")), found)


def folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in parts if not unicodedata.combining(character))
