"""Secrets: read from where the file says, sealed, and never seen again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from webapp.extensions import db
from webapp.models import Credential
from webapp.services import configuration, vault
from webapp.services.accounts import secret_place

CANARY = "hunter2-canary-çé"


def credential(fields: str) -> str:
    return f"credentials: [{{name: relay, username: app, {fields}}}]"


def opened() -> str:
    db.session.expire_all()
    row = db.session.scalar(select(Credential))
    assert row.sealed_secret is not None
    return vault.unseal(row.sealed_secret, secret_place(row.id))


def test_a_secret_is_written_out(any_ctx):
    configuration.apply(credential(f"secret: {{value: {CANARY}}}"))
    assert opened() == CANARY


def test_a_secret_is_in_the_environment(ctx, monkeypatch):
    monkeypatch.setenv("RELAY_PASSWORD", CANARY)
    configuration.apply(credential("secret: {env: RELAY_PASSWORD}"))
    assert opened() == CANARY


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_in_a_file(ctx, tmp_path, end):
    (tmp_path / "secret").write_bytes((CANARY + end).encode())
    configuration.apply(credential(f"secret: {{file: {tmp_path / 'secret'}}}"))
    assert opened() == CANARY


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty"), (b"\xff", "UTF-8"), (b"x" * 5000, "longer"), (b"a\nb", "sent")]
)
def test_a_file_without_a_usable_secret_is_refused(ctx, tmp_path, refusals, content, words):
    (tmp_path / "secret").write_bytes(content)
    assert words in refusals(credential(f"secret: {{file: {tmp_path / 'secret'}}}"))["credentials[0].secret.file"]


def test_absent_it_is_kept(ctx):
    configuration.apply(credential(f"secret: {{value: {CANARY}}}"))
    assert configuration.apply("credentials: [{name: relay, username: app}]") == []
    assert opened() == CANARY


def test_the_same_one_again_is_no_change(ctx):
    configuration.apply(credential(f"secret: {{value: {CANARY}}}"))
    before = db.session.scalar(select(Credential.sealed_secret))
    assert configuration.apply(credential(f"secret: {{value: {CANARY}}}")) == []
    assert db.session.scalar(select(Credential.sealed_secret)) == before


def test_a_new_one_is_told_as_changed_and_moves_the_version(ctx):
    configuration.apply(credential(f"secret: {{value: {CANARY}}}"))
    before = db.session.scalar(select(Credential.version))
    [change] = configuration.apply(credential("secret: {value: other}"))
    assert change.fields == {"secret": (None, "changed")}
    assert configuration.describe(change) == "credentials relay: changed secret"
    assert opened() == "other"
    assert db.session.scalar(select(Credential.version)) > before


def test_a_secret_of_a_lost_key_is_replaced(ctx):
    configuration.apply(credential(f"secret: {{value: {CANARY}}}"))
    ctx.config["ARAUTO_MASTER_KEY"] = "another"
    assert len(configuration.apply(credential(f"secret: {{value: {CANARY}}}"))) == 1
    assert opened() == CANARY


def test_another_user_name_needs_its_own_secret(ctx, refusals):
    configuration.apply(credential(f"secret: {{value: {CANARY}}}"))
    found = refusals("credentials: [{name: relay, username: mallory}]")
    assert "another user name" in found["credentials[0].username"]
    configuration.apply("credentials: [{name: relay, username: bob, secret: {value: other}}]")
    assert opened() == "other"


def test_it_is_nowhere_in_the_clear(ctx, caplog):
    changes = configuration.apply(credential("secret: {value: hunter2-canary}"))
    configuration.apply(credential("secret: {value: hunter2-canary-2}"))
    files = [path for path in Path(ctx.config["ARAUTO_DATA_DIR"]).rglob("*") if path.is_file()]
    assert any(path.name == "arauto.db" for path in files)
    assert not any(b"hunter2-canary" in path.read_bytes() for path in files)
    for told in (repr(changes), configuration.export(), caplog.text, "".join(map(configuration.describe, changes))):
        assert "hunter2-canary" not in told
