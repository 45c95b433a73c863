"""The database's schema: which one it has, which one this program needs, and the way from one to the other.

Needs no application: a server that is about to start asks this first.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, column, create_engine, inspect, select, table, text

from webapp import database
from webapp.errors import SchemaBehind

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
# A migration's file is named as its revision, and its number orders it.
_REVISIONS = sorted(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
HEAD, KNOWN = _REVISIONS[-1], frozenset(_REVISIONS)
MIGRATION_LOCK = 7_206_002

_VERSION = table("alembic_version", column("version_num"))


def version(connection: Connection) -> str | None:
    """The schema that the database is at; None when it never was migrated."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.scalar(select(_VERSION.c.version_num))


def problem(connection: Connection) -> str:
    """What is wrong with the database's schema and what to run, in words; empty when it is the one needed."""
    found = version(connection)
    if found == HEAD:
        return ""
    if found is None:
        return "The database has no tables yet. Run: arauto migrate"
    if found in KNOWN:
        return f"The database is at schema {found}, and this version of Arauto needs {HEAD}. Run: arauto migrate"
    return (
        f"The database is at schema {found}, which this version of Arauto does not know: a newer one migrated it. "
        "Install that version again, or restore a backup made before."
    )


def require_current(url: str) -> None:
    """Raises SchemaBehind, saying what to run, unless the database at `url` has the schema of this program."""
    with _engine(url) as engine, engine.connect() as connection:
        words = problem(connection)
    if words:
        raise SchemaBehind(words)


def upgrade(url: str) -> tuple[str | None, str]:
    """Bring the database at `url` to `HEAD`, all or nothing; the schemas before and after.

    Several nodes may call it at once: one migrates, the others wait and then find nothing to do. Raises
    SchemaBehind for a database that a newer version migrated.
    """
    with _engine(url) as engine, _alone(engine), _connection(engine) as connection:
        before = version(connection)
        if before not in KNOWN and before is not None:
            raise SchemaBehind(problem(connection))
        if before != HEAD:
            _run_migrations(connection)
    return before, HEAD


def _run_migrations(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url, **database.engine_options(url))
    database.tune(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _connection(engine: Engine) -> Iterator[Connection]:
    """One transaction for the whole migration: a process that is killed half way leaves nothing behind.

    SQLite changes a table by copying it and dropping the old one, which must not cascade: foreign keys are off
    meanwhile (this cannot be done inside a transaction), and checked before the commit.
    """
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
                yield connection
            return
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.execution_options(write=True).begin():
                yield connection
                _check_references(connection)
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise SchemaBehind(
            f"The migration was undone: a row of {broken[0]} would refer to a row of {broken[2]} that is not there."
        )


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """On SQLite, other processes that migrate wait here as long as it takes; a dead one frees the lock."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path:
        yield
        return
    with Path(f"{path}.migrate").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
