"""`arauto config apply` and `arauto config export`."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.cli.conftest import Arauto

CONTACTS = """
contacts:
  - {name: Ana, email: ana@corp.example}
"""


def file(folder: Path, text: str) -> Path:
    path = folder / "arauto.yaml"
    path.write_text(text)
    return path


def test_it_prints_what_changed_and_a_second_time_that_nothing_did(arauto: Arauto, tmp_path: Path) -> None:
    path = file(tmp_path, CONTACTS)
    first = arauto("config", "apply", path)
    assert (first.code, first.err) == (0, "")
    assert "Ana" in first.out.splitlines()[0]
    assert first.out.splitlines()[-1] == "1 change made."
    again = arauto("config", "apply", path)
    assert (again.code, again.out) == (0, "Nothing to change: the configuration says this already.\n")


def test_a_dry_run_changes_nothing(arauto: Arauto) -> None:
    ended = arauto("config", "apply", "-", "--dry-run", stdin=CONTACTS)
    assert ended.out.splitlines()[-1] == "1 change would be made. Nothing was changed: this was a dry run."
    assert "Ana" not in arauto("config", "export").out


def test_prune_removes_what_the_file_does_not_name(arauto: Arauto) -> None:
    arauto("config", "apply", "-", stdin=CONTACTS)
    assert arauto("config", "apply", "-", stdin="contacts: []").out.startswith("Nothing to change")
    pruned = arauto("config", "apply", "-", "--prune", "--json", stdin="contacts: []").json
    assert [(change["section"], change["name"], change["action"]) for change in pruned] == [
        ("contacts", "Ana", "removed")
    ]


def test_every_problem_is_named_by_its_path_and_nothing_is_changed(arauto: Arauto, tmp_path: Path) -> None:
    text = CONTACTS + "smtp_accounts:\n  - {name: R, sender_email: a@b.c, host: h, port: '25', nosuch: 1}\n"
    ended = arauto("config", "apply", file(tmp_path, text))
    assert (ended.code, ended.out) == (1, "")
    assert {line.split(":")[0] for line in ended.err.splitlines()} == {
        "smtp_accounts[0].port",
        "smtp_accounts[0].nosuch",
    }
    assert "Ana" not in arauto("config", "export").out


def test_a_file_that_cannot_be_read_is_told(arauto: Arauto, tmp_path: Path) -> None:
    ended = arauto("config", "apply", tmp_path / "none.yaml")
    assert (ended.code, ended.err) == (1, f"{tmp_path / 'none.yaml'} cannot be read: No such file or directory.\n")


def test_the_export_can_be_written_for_its_owner_alone_and_applied(arauto: Arauto, tmp_path: Path) -> None:
    arauto("config", "apply", "-", stdin=CONTACTS)
    output = tmp_path / "export.yaml"
    output.write_text("old, and readable for everybody")
    output.chmod(0o644)
    assert arauto("config", "export", "--output", output).code == 0
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert output.read_text() == arauto("config", "export").out
    assert arauto("config", "apply", output).out.startswith("Nothing to change")


def test_an_export_that_cannot_be_written_is_told(arauto: Arauto, tmp_path: Path) -> None:
    ended = arauto("config", "export", "--output", tmp_path / "no" / "export.yaml")
    assert ended.code == 1
    assert "cannot be written: No such file or directory." in ended.err
