"""The console script in this process: its real entry, its own data folder, what it printed and how it ended."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.e2e.instance import PASSWORD, migrate
from webapp import create_core
from webapp.cli import main
from webapp.extensions import db


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Arauto = Callable[..., Ended]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of the commands; nothing else comes from the environment."""
    for name in [name for name in os.environ if name.startswith("ARAUTO_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ARAUTO_DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


@pytest.fixture
def bare(data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Arauto]:
    """`arauto(*arguments, stdin="")` where nobody has migrated yet."""
    level, mask = logging.getLogger().level, os.umask(0o022)
    os.umask(mask)

    def run(*arguments: object, stdin: str | bytes = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["arauto", *map(str, arguments)])
        monkeypatch.setattr(
            sys,
            "stdin",
            io.TextIOWrapper(io.BytesIO(stdin if isinstance(stdin, bytes) else stdin.encode()), encoding="utf-8"),
        )
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return Ended(int(code or 0), *capsys.readouterr())

    yield run
    os.umask(mask)
    logging.getLogger().setLevel(level)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `arauto migrate` leaves it. Nobody works in it: it is copied."""
    folder = tmp_path_factory.mktemp("migrated") / "var"
    migrate({"ARAUTO_DATA_DIR": str(folder), "ARAUTO_ADMIN_PASSWORD": PASSWORD})
    return folder


@pytest.fixture
def arauto(bare: Arauto, data_dir: Path, migrated: Path) -> Arauto:
    """The same on a migrated database."""
    shutil.copytree(migrated, data_dir)
    return bare


@pytest.fixture
def ctx(arauto: Arauto) -> Iterator[Flask]:
    """The application that the commands work on, its context pushed."""
    app = create_core()
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
