"""`arauto migrate` on a first start and afterwards."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.cli.conftest import Arauto
from webapp import create_core
from webapp.extensions import db
from webapp.models import User
from webapp.services import first_password, passwords, schema


def administrators() -> dict[str, str]:
    app = create_core()
    with app.app_context():
        rows = db.session.execute(select(User.name, User.password_hash).where(User.role == "admin"))
        found = {row.name: row.password_hash for row in rows}
        db.engine.dispose()
    return found


def test_the_first_administrator_gets_a_password_that_is_told_once(bare: Arauto, data_dir: Path) -> None:
    first = bare("migrate")
    assert (first.code, first.err) == (0, "")
    told = re.search(r"^First sign-in: admin / ([a-z2-9-]{24})$", first.out, re.MULTILINE)
    assert told
    assert passwords.matches(told[1], administrators()["admin"])

    again = bare("migrate")
    assert (again.code, again.out) == (0, f"The database is at schema {schema.HEAD}: nothing to do.\n")
    assert len(administrators()) == 1


def test_what_is_secret_is_readable_for_its_owner_alone(bare: Arauto, data_dir: Path) -> None:
    bare("migrate")
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data_dir.iterdir()}
    assert {"secret.key", "master.key", "first-password", "arauto.db"} <= set(made)
    assert set(made.values()) == {0o600}


def test_a_kept_first_password_can_be_forgotten(bare: Arauto, data_dir: Path) -> None:
    told = bare("migrate").out
    kept = first_password.pending(data_dir)
    assert kept
    assert kept in told
    first_password.forget(data_dir)
    first_password.forget(data_dir)
    assert first_password.pending(data_dir) is None


def test_a_chosen_password_is_neither_printed_nor_kept(
    bare: Arauto, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARAUTO_ADMIN_PASSWORD", "correct horse battery staple")
    ended = bare("migrate")
    assert "First sign-in: admin / the password in ARAUTO_ADMIN_PASSWORD" in ended.out
    assert "correct horse" not in ended.out
    assert passwords.matches("correct horse battery staple", administrators()["admin"])
    assert first_password.pending(data_dir) is None


def test_a_weak_chosen_password_is_refused_by_name_and_nobody_is_made(
    bare: Arauto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARAUTO_ADMIN_PASSWORD", "short")
    ended = bare("migrate")
    assert ended.code == 1
    assert ended.err.startswith("ARAUTO_ADMIN_PASSWORD: ")
    assert administrators() == {}


def test_who_has_users_gets_no_other_administrator(bare: Arauto, monkeypatch: pytest.MonkeyPatch) -> None:
    bare("migrate")
    bare("user", "create", "ana", "--role", "admin")
    app = create_core()
    with app.app_context():
        db.session.delete(db.session.scalars(select(User).where(User.name == "admin")).one())
        db.session.commit()
        db.engine.dispose()
    assert "First sign-in" not in bare("migrate").out
    assert set(administrators()) == {"ana"}
