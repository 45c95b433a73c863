"""The search for words in subjects: an index of the database's own, kept by the database itself.

SQLite: an FTS5 table over `content`, kept by triggers; it stores no text. PostgreSQL: a GIN index on an expression.
Both split at everything that is not a letter or a digit, and ignore case.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, ColumnElement, Index, TextClause, event, func, text

from webapp.models.message import Content

TABLE = "content_search"

SQLITE_DDL = (
    """CREATE VIRTUAL TABLE content_search USING fts5(
        subject, content='content', content_rowid='id', columnsize=0, tokenize='unicode61 remove_diacritics 0'
    )""",
    """CREATE TRIGGER content_search_added AFTER INSERT ON content BEGIN
        INSERT INTO content_search(rowid, subject) VALUES (new.id, new.subject);
    END""",
    """CREATE TRIGGER content_search_removed AFTER DELETE ON content BEGIN
        INSERT INTO content_search(content_search, rowid, subject) VALUES ('delete', old.id, old.subject);
    END""",
)

# PostgreSQL's parser keeps hosts, addresses and versions in one piece; people look for a part of them.
_JOINTS = "#&+-./:<=>?@_~"

# Literals, no parameters: an index answers only the very expression that it was made of. (Texts, no literal columns:
# SQLAlchemy would take the first for the column of the index, find no table, and never make it.)
SIMPLE: TextClause = text("'simple'::regconfig")
POSTGRESQL_WORDS: ColumnElement[Any] = func.to_tsvector(
    SIMPLE,
    func.translate(Content.__table__.c.subject, text(f"'{_JOINTS}'"), text(f"'{' ' * len(_JOINTS)}'")),
)

Index("ix_content_words", POSTGRESQL_WORDS, postgresql_using="gin").ddl_if(dialect="postgresql")

for _statement in SQLITE_DDL:
    event.listen(Content.__table__, "after_create", DDL(_statement).execute_if(dialect="sqlite"))
