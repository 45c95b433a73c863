"""`arauto check`: what is sound, what is wrong and what to do about it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from tests.cli.conftest import Arauto
from tests.factories import make_account
from tests.peers import free_port
from tests.peers.smtp_script import ScriptedSmtp
from webapp import clock
from webapp.models import Credential, JobRun
from webapp.services import selfcheck
from webapp.services.accounts import secret_place
from webapp.services.unit import write
from webapp.services.vault import seal_with


def wrong(arauto: Arauto, *options: str) -> dict[str, str]:
    """What `check` finds wrong, by name; its exit code agrees."""
    ended = arauto("check", "--json", *options)
    found = {finding["name"]: finding["words"] for finding in ended.json if not finding["ok"]}
    assert ended.code == bool(found)
    return found


def test_all_is_well(arauto: Arauto, ctx: Flask) -> None:
    make_account()
    ended = arauto("check")
    assert (ended.code, ended.err) == (0, "")
    assert {line.split()[0] for line in ended.out.splitlines()} == {"ok"}
    named = {line.split(":")[0].split(maxsplit=1)[1] for line in ended.out.splitlines()}
    assert {"settings", "master.key", "SQLite", "headers", "database", "schema", "account Relay", "jobs"} <= named


def test_before_migrate_it_says_what_to_run(bare: Arauto) -> None:
    assert wrong(bare) == {"schema": "The database has no tables yet. Run: arauto migrate"}


def test_no_default_account(arauto: Arauto) -> None:
    assert set(wrong(arauto)) == {"default account"}


def test_keys_that_others_may_read(arauto: Arauto, ctx: Flask, data_dir: Path) -> None:
    make_account()
    (data_dir / "master.key").chmod(0o644)
    data_dir.chmod(0o777)
    found = wrong(arauto)
    assert set(found) == {"master.key", "data folder"}
    assert found["master.key"].endswith(f"Run: chmod 0600 {data_dir / 'master.key'}")


def test_a_secret_sealed_with_another_key(arauto: Arauto, ctx: Flask) -> None:
    with write() as session:
        credential = Credential(name="relay", username="u")
        session.add(credential)
        session.flush()
        credential.sealed_secret = seal_with("another key", "secret", secret_place(credential.id))
        number = credential.id
    make_account(authenticate=True, credential_id=number)
    found = wrong(arauto)
    assert set(found) == {"credential relay", "account Relay"}
    assert "restore that key" in found["credential relay"]


def test_a_schema_of_another_version(arauto: Arauto, ctx: Flask) -> None:
    with write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0999_later'"))
    assert set(wrong(arauto)) == {"schema"}


def test_a_database_that_is_not_there(bare: Arauto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARAUTO_DATABASE_URL", "postgresql+psycopg://nobody:canary@127.0.0.1:1/none")
    found = wrong(bare)
    assert set(found) == {"database"}
    assert "canary" not in found["database"]


def test_a_job_that_failed(arauto: Arauto, ctx: Flask) -> None:
    make_account()
    with write() as session:
        session.add(JobRun(name="free_claims", started_at=clock.now(), error="OSError: the disk is full"))
    assert wrong(arauto) == {"job free_claims": "Its last run failed: OSError: the disk is full"}


def test_jobs_that_do_not_run_are_told_but_are_no_fault(arauto: Arauto, ctx: Flask) -> None:
    make_account()
    with write() as session:
        session.add(JobRun(name="free_claims", started_at=clock.now() - timedelta(hours=1)))
    assert "jobs: None runs now; the last one ran at" in arauto("check").out


def test_servers_are_asked_only_with_connect(arauto: Arauto, ctx: Flask) -> None:
    make_account("Dead", port=free_port(), is_default=False)
    make_account("Off", port=free_port(), is_default=False, enabled=False)
    with ScriptedSmtp() as server:
        make_account(port=server.port)
        assert wrong(arauto) == {}
        assert server.connections == 0
        found = wrong(arauto, "--connect")
    assert set(found) == {"account Dead"}
    assert found["account Dead"].startswith("At connect: ")
    assert server.connections == 1
    assert server.mails == []


@pytest.mark.parametrize(
    ("version", "damaged"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_versions_of_sqlite_with_the_wal_reset_bug(version: tuple[int, ...], damaged: bool) -> None:
    assert selfcheck.has_wal_reset_bug(version) is damaged


def test_a_composer_that_lets_headers_in_is_found(arauto: Arauto, ctx: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make_account()
    monkeypatch.setattr("webapp.mail.compose.text_header", lambda name, value: b"Subject: a\r\nBcc: evil@x\r\n")
    assert set(wrong(arauto)) == {"headers"}
