"""The search for words in subjects: an index of the database's own, kept by the database itself.

SQLite: an FTS5 table over `content`, kept by triggers; it stores no text. PostgreSQL: a GIN index on an expression.
Both split at everything that is not a letter or a digit, and ignore case.
"""

from __future__ import annotations

from sqlalchemy import DDL, Index, event, literal_column

from webapp.models.message import Content

PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[]^_{|}~"
TABLE = "content_search"

SQLITE_DDL = (
    f"CREATE VIRTUAL TABLE {TABLE} USING fts5("
    "subject, content='content', content_rowid='id', columnsize=0, tokenize='unicode61 remove_diacritics 0')",
    f"CREATE TRIGGER {TABLE}_added AFTER INSERT ON content BEGIN "
    f"INSERT INTO {TABLE}(rowid, subject) VALUES (new.id, new.subject); END",
    f"CREATE TRIGGER {TABLE}_removed AFTER DELETE ON content BEGIN "
    f"INSERT INTO {TABLE}({TABLE}, rowid, subject) VALUES ('delete', old.id, old.subject); END",
)

_BLANKS = " " * len(PUNCTUATION)
# Written exactly as in the index, or PostgreSQL does not see that the index answers it.
WORDS = literal_column(f"to_tsvector('simple'::regconfig, translate(content.subject, '{PUNCTUATION}', '{_BLANKS}'))")

Index(
    "ix_content_words",
    literal_column(f"to_tsvector('simple'::regconfig, translate(subject, '{PUNCTUATION}', '{_BLANKS}'))"),
    postgresql_using="gin",
    _table=Content.__table__,
).ddl_if(dialect="postgresql")

for statement in SQLITE_DDL:
    event.listen(Content.__table__, "after_create", DDL(statement.replace("%", "%%")).execute_if(dialect="sqlite"))
