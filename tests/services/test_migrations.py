"""The migrations: they make what the models say, one node at a time, all or nothing, on each database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, create_engine, inspect, text

from tests.peers.postgres import PostgresServer
from webapp import database
from webapp.config import ROOT
from webapp.errors import SchemaBehind
from webapp.extensions import db
from webapp.models import search
from webapp.services import schema


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database() as name:
            yield server.url(name)
        return
    yield f"sqlite:///{tmp_path / 'empty.db'}"


def ask(url: str, question: Any) -> Any:
    engine = create_engine(url, **database.engine_options(url))
    database.tune(engine)
    try:
        with engine.connect() as connection:
            return question(connection)
    finally:
        engine.dispose()


def tables(url: str) -> set[str]:
    return set(ask(url, lambda connection: inspect(connection).get_table_names()))


def test_the_program_asks_for_the_newest_migration_and_knows_them_all() -> None:
    script = ScriptDirectory(str(schema.MIGRATIONS))
    assert script.get_current_head() == schema.HEAD
    assert {migration.revision for migration in script.walk_revisions()} == schema.KNOWN


def test_from_empty_to_head_and_a_second_time_nothing(url: str) -> None:
    assert schema.upgrade(url) == (None, schema.HEAD)
    assert schema.upgrade(url) == (schema.HEAD, schema.HEAD)
    schema.require_current(url)


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrated_database_is_what_the_models_say(url: str) -> None:
    schema.upgrade(url)

    def differences(connection: Connection) -> list[Any]:
        def ours(name: str | None, kind: str, parents: Any) -> bool:
            return not (name or "").startswith(search.TABLE)

        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": ours})
        return compare_metadata(context, db.metadata)

    assert ask(url, differences) == []


def test_flask_db_knows_them_too(tmp_path: Path) -> None:
    environ = {**os.environ, "ARAUTO_DATA_DIR": str(tmp_path), "ARAUTO_JOBS": "off"}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "heads"]
    ended = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == f"{schema.HEAD} (head)\n"


def test_constraints_indexes_and_triggers_are_those_of_the_models(any_app: Flask, tmp_path: Path) -> None:
    made = any_app.config["SQLALCHEMY_DATABASE_URI"]
    by_models = ask(made, definitions)
    ask(made, wipe)
    schema.upgrade(made)
    assert ask(made, definitions) == by_models


def definitions(connection: Connection) -> set[str]:
    """Every definition as the database itself tells it."""
    questions = {
        "sqlite": ("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL",),
        "postgresql": (
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
            """SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace""",
            """SELECT table_name || column_name || data_type || is_nullable || coalesce(column_default, '')
            FROM information_schema.columns WHERE table_schema = 'public'""",
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        ),
    }
    found = {row for question in questions[connection.dialect.name] for row in connection.scalars(text(question))}
    return {_normal(row) for row in found if "alembic_version" not in row}


def _normal(sql: str) -> str:
    """Columns and constraints of a table in any order: their order means nothing."""
    flat = re.sub(r"\s+", " ", sql).replace('"', "")
    if not flat.startswith("CREATE TABLE"):
        return flat
    head, _, rest = flat.partition("(")
    parts = re.split(r", (?=[a-z_]+ [A-Z]|CONSTRAINT)", rest)
    return head + " | ".join(sorted(part.strip(" )") for part in parts))


def wipe(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        connection.commit()
        return
    db.metadata.drop_all(connection)
    connection.execute(text("DROP TABLE IF EXISTS content_search"))
    connection.commit()


def test_a_database_that_is_not_at_head_is_refused_with_what_to_run(url: str) -> None:
    with pytest.raises(SchemaBehind, match=r"has no tables yet\. Run: arauto migrate"):
        schema.require_current(url)
    schema.upgrade(url)

    def from_the_future(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999_later'"))
        connection.commit()

    ask(url, from_the_future)
    for refuse in (schema.require_current, schema.upgrade):
        with pytest.raises(SchemaBehind, match="0999_later, which this version of Arauto does not know"):
            refuse(url)


def test_many_nodes_at_once_migrate_once(url: str) -> None:
    answers: list[tuple[str | None, str]] = []
    gate = threading.Barrier(4)

    def node() -> None:
        gate.wait()
        answers.append(schema.upgrade(url))

    nodes = [threading.Thread(target=node) for _ in range(4)]
    for one in nodes:
        one.start()
    for one in nodes:
        one.join()

    assert sorted(answers, key=str) == [(schema.HEAD, schema.HEAD)] * 3 + [(None, schema.HEAD)]


KILLED_HALF_WAY = """
import os, signal, sys
from sqlalchemy import Engine, event
from webapp import create_core
from webapp.services import schema

create_core()
tables = 0

@event.listens_for(Engine, "before_cursor_execute")
def count(connection, cursor, statement, *rest):
    global tables
    tables += statement.lstrip().startswith("CREATE TABLE")
    if tables == 10:
        os.kill(os.getpid(), signal.SIGKILL)

schema.upgrade(sys.argv[1])
"""


def test_killed_half_way_it_leaves_nothing_and_works_the_next_time(url: str, tmp_path: Path) -> None:
    environ = {**os.environ, "ARAUTO_DATA_DIR": str(tmp_path / "var")}
    killed = subprocess.run([sys.executable, "-c", KILLED_HALF_WAY, url], env=environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert tables(url) == set()

    assert schema.upgrade(url) == (None, schema.HEAD)


def older(url: str, monkeypatch: pytest.MonkeyPatch, revision: str) -> None:
    """Upgrade no further than that."""
    whole = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _target: whole(config, revision))
        schema.upgrade(url)


def test_contacts_of_an_older_schema_are_found_by_a_search(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    older(url, monkeypatch, "0007_return_path_plus")
    old = "INSERT INTO contact (id, name, email, mobile, locale, timezone, enabled, version, created_at, updated_at)"
    values = "VALUES (1, 'José', 'J@corp.example', '', 'en', 'UTC', true, 1, '2026-01-01', '2026-01-01')"

    def add(connection: Connection) -> None:
        connection.execute(text(old + values))
        connection.commit()

    ask(url, add)
    schema.upgrade(url)
    assert (
        ask(url, lambda connection: connection.scalar(text("SELECT searched FROM contact"))) == "jose\nj@corp.example\n"
    )


def test_suppressed_addresses_of_an_older_schema_still_protect(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    older(url, monkeypatch, "0012_withheld_mail")
    rows = [("Ana@corp.example", 2), ("ana@corp.example", 3), ("ANA@corp.example", 1), ("bob@corp.example", 4)]
    insert = (
        "INSERT INTO suppressed_address (address, since, status, words) VALUES ('{}', '2026-01-0{} 00:00:00', '', '')"
    )
    ask(url, lambda connection: [connection.execute(text(insert.format(*row))) for row in rows] and connection.commit())
    schema.upgrade(url)
    kept = ask(url, lambda connection: connection.execute(text("SELECT address, since FROM suppressed_address")).all())
    assert sorted((address, str(since)[:10]) for address, since in kept) == [
        ("ana@corp.example", "2026-01-01"),
        ("bob@corp.example", "2026-01-04"),
    ]


def test_a_table_that_is_copied_takes_nothing_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite alters a table by dropping the old one: rows that refer to it must survive that."""
    url = f"sqlite:///{tmp_path / 'parents.db'}"

    def parents(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        child = "CREATE TABLE child (parent_id INTEGER REFERENCES parent (id) ON DELETE CASCADE)"
        connection.execute(text(child))
        connection.execute(text("INSERT INTO parent VALUES (1)"))
        connection.execute(text("INSERT INTO child VALUES (1)"))
        connection.commit()

    def copy_parent(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE copy (id INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO copy SELECT id FROM parent"))
        connection.execute(text("DROP TABLE parent"))
        connection.execute(text("ALTER TABLE copy RENAME TO parent"))

    ask(url, parents)
    monkeypatch.setattr(schema, "_run_migrations", copy_parent)
    schema.upgrade(url)
    assert ask(url, lambda connection: connection.scalar(text("SELECT count(*) FROM child"))) == 1

    monkeypatch.setattr(schema, "_run_migrations", lambda connection: connection.execute(text("DELETE FROM parent")))
    with pytest.raises(SchemaBehind, match="a row of child would refer to a row of parent that is not there"):
        schema.upgrade(url)
    assert ask(url, lambda connection: connection.scalar(text("SELECT count(*) FROM parent"))) == 1
