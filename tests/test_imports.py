"""Who may import whom, read from the source: the rooms of this program and the doors between them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Everybody may import these.
COMMON = {"webapp.clock", "webapp.config", "webapp.errors", "webapp.VERSION"}

# What each room may import of this program besides itself and COMMON.
ROOMS: dict[str, set[str]] = {
    "wsgi": {"webapp", "jobs"},
    "gunicorn.conf": {"jobs"},
    "jobs": {"webapp.services"},
    "webapp.views": {"webapp.services", "webapp.queries", "webapp.extensions"},
    "webapp.api": {"webapp.services", "webapp.queries", "webapp.extensions"},
    "webapp.cli": {
        "webapp",
        "webapp.services",
        "webapp.queries",
        "webapp.extensions",
        "webapp.database",
        "webapp.mail",
        "jobs",
    },
    "webapp.services": {
        "webapp.models",
        "webapp.channels",
        "webapp.mailboxes",
        "webapp.mail",
        "webapp.database",
        "webapp.extensions",
    },
    "webapp.queries": {"webapp.models", "webapp.extensions"},
    "webapp.channels": {"webapp.mail"},
    "webapp.mailboxes": {"webapp.mail"},
    "webapp.mail": set(),
    "webapp.models": {"webapp.extensions"},
    "webapp.migrations": {"webapp.models", "webapp.extensions", "webapp.database"},
    "webapp.extensions": set(),
    "webapp.database": set(),
    "webapp.clock": set(),
    "webapp.config": set(),
    "webapp.errors": set(),
    "webapp": {"webapp"},
}

# Rooms that know neither Flask nor the database, and the rest of the world that they must not know.
SEALED = {
    "webapp.channels": {"flask", "sqlalchemy", "jinja2", "werkzeug", "flask_babel", "pysqlite3", "psycopg"},
    "webapp.mailboxes": {"flask", "sqlalchemy", "jinja2", "werkzeug", "flask_babel", "pysqlite3", "psycopg"},
}
# Bytes and meaning only: no sockets, no files, no processes, no clock, no libraries but those that parse.
MAIL_LIBRARIES = {
    *(
        "base64",
        "binascii",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "email",
        "encodings",
        "enum",
        "functools",
        "hashlib",
    ),
    *("hmac", "html", "itertools", "quopri", "re", "string", "types", "typing", "unicodedata", "urllib"),
    *("__future__", "email_validator", "idna", "nh3"),
}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the program by its name."""
    for path in [ROOT / "wsgi.py", ROOT / "gunicorn.conf.py", *ROOT.glob("jobs/**/*.py"), *ROOT.glob("webapp/**/*.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())


def room_of(name: str) -> str:
    """The room that a module is in: the longest name in the table that it begins with."""
    return max((room for room in ROOMS if name == room or name.startswith(f"{room}.")), key=len)


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it, also those only needed for types."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES or name in COMMON else str(node.module) for name in names}
    return found


def is_ours(name: str) -> bool:
    return name.split(".")[0] in ("webapp", "jobs", "wsgi")


@pytest.mark.parametrize("name", MODULES)
def test_rooms_import_only_through_their_doors(name: str) -> None:
    room = room_of(name)
    allowed = ROOMS[room] | {room} | COMMON
    strangers = {
        other
        for other in imported(MODULES[name])
        if is_ours(other) and room != "webapp" and room_of(other) not in allowed and other not in allowed
    }
    assert strangers == set(), f"{name} is in the room {room}, which may import {sorted(allowed)}"


def test_only_create_app_imports_views_and_api() -> None:
    for name, path in MODULES.items():
        for outer in ("webapp.views", "webapp.api"):
            if name != "webapp" and room_of(name) != outer:
                assert not [other for other in imported(path) if room_of_ours(other) == outer], name


def room_of_ours(name: str) -> str:
    return room_of(name) if is_ours(name) else ""


@pytest.mark.parametrize("room", SEALED)
def test_the_edges_know_neither_flask_nor_the_database(room: str) -> None:
    for name, path in MODULES.items():
        if room_of(name) == room:
            assert {other.split(".")[0] for other in imported(path)} & SEALED[room] == set(), name


def test_mail_is_bytes_and_meaning_only() -> None:
    for name, path in MODULES.items():
        if room_of(name) == "webapp.mail":
            others = {other.split(".")[0] for other in imported(path) if not is_ours(other)}
            assert others <= MAIL_LIBRARIES, name


def test_only_the_edges_and_their_neighbours_open_sockets_to_mail_servers() -> None:
    clients = {"smtplib", "imaplib", "poplib"}
    for name, path in MODULES.items():
        if room_of(name) not in ("webapp.channels", "webapp.mailboxes"):
            assert imported(path) & clients == set(), name


def test_only_the_clock_knows_the_time() -> None:
    """`datetime.now()` and `time.time()` are asked for in `clock` alone, so that a test can move it."""
    for name, path in MODULES.items():
        if name == "webapp.clock":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = f"{ast.unparse(node.func)}"
                assert called not in ("datetime.now", "datetime.utcnow", "datetime.today", "time.time", "date.today"), (
                    name
                )


def test_only_services_commit() -> None:
    for name, path in MODULES.items():
        if room_of(name) in ("webapp.services", "webapp.migrations", "webapp.database"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr != "commit", f"{name}:{node.lineno}"


def test_a_module_is_one_noun() -> None:
    """A module that grows past 300 lines is usually two."""
    for name, path in MODULES.items():
        if room_of(name) != "webapp.migrations":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, name


def test_the_table_names_every_room() -> None:
    top = {path.stem for path in (ROOT / "webapp").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {f"webapp.{name}" for name in top - {"__init__"}} <= set(ROOMS)
