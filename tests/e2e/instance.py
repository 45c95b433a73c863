"""A whole Arauto as its administrator runs it: own data folder, own port, own processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from tests.peers import free_port, wait_until
from webapp import create_core
from webapp.extensions import db
from webapp.services import first_start, schema, tokens
from webapp.services.configuration import apply

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PASSWORD = "correct horse battery staple"


def migrate(environ: Mapping[str, str]) -> Flask:
    """What `arauto migrate` does, in this process: the application that it leaves behind."""
    app = create_core(environ)
    schema.upgrade(app.config["SQLALCHEMY_DATABASE_URI"])
    with app.app_context():
        first_start.ensure_administrator()
        db.engine.dispose()
    return app


class Instance:
    """`start` it, `kill` it, start it again; talk to it by `cli` and `http`."""

    def __init__(self, folder: Path, **environ: str):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **os.environ,
            "ARAUTO_DATA_DIR": str(folder),
            "ARAUTO_BASE_URL": self.url,
            "ARAUTO_ADMIN_PASSWORD": PASSWORD,
            **environ,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.token = ""

    def cli(self, *words: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `arauto …`; fails the test with its words when `check` and it does."""
        done = subprocess.run(
            [str(BIN / "arauto"), *words], env=self.environ, input=stdin, capture_output=True, text=True, timeout=60
        )
        assert not (check and done.returncode), f"arauto {' '.join(words)}: {done.stderr or done.stdout}"
        return done

    def prepare(self, configuration: str = "") -> None:
        """Schema, configuration, a token: by the services behind the commands, for starting programs takes long."""
        with migrate(self.environ).app_context():
            apply(configuration)
            self.token = tokens.create("test")
            db.engine.dispose()

    def start(self, *options: str) -> None:
        """`arauto serve`, until it is ready."""
        self.run(str(BIN / "arauto"), "serve", "--port", str(self.port), *options)

    def start_gunicorn(self, *options: str) -> None:
        """`gunicorn wsgi:app`, until it is ready."""
        self.run(str(BIN / "gunicorn"), "wsgi:app", "--bind", f"127.0.0.1:{self.port}", *options)

    def run(self, *command: str) -> None:
        log = (self.folder / "serve.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                command, env=self.environ, stdout=log, stderr=log, cwd=ROOT, start_new_session=True
            )
        wait_until(self._ready, f"{command[:2]} to be ready", 30)

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"it ended: {self.log()[-2000:]}")
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        return False

    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "serve.log").read_text(errors="replace")

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
        """Send a signal to all its processes and wait for the end; the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            os.killpg(self.process.pid, number) if number is signal.SIGKILL else self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """`kill -9`, all of it."""
        self.stop(signal.SIGKILL)

    def http(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Call the API with the token."""
        return requests.request(
            method,
            self.url + path,
            json=body,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
            timeout=30,
        )


@contextmanager
def instance(folder: Path, **environ: str) -> Iterator[Instance]:
    """An instance that ends with the test."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Instance(folder, **environ)
    try:
        yield made
    finally:
        with suppress(subprocess.TimeoutExpired):
            made.stop()
        made.kill()


def configuration(port: int, contacts: int = 1, account: str = "") -> str:
    """An account at `port`, contacts P0, P1 …, and a notification that tells them everything."""
    people = "\n".join(f"  - {{name: P{i}, email: p{i}@corp.example}}" for i in range(contacts))
    names = ", ".join(f"P{i}" for i in range(contacts))
    return f"""
smtp_accounts:
  - {{name: Relay, default: true, sender_email: arauto@corp.example, host: 127.0.0.1, port: {port}{account}}}
contacts:
{people}
notifications:
  - {{name: All, channels: [email], types: ['*'], contacts: [{names}]}}
"""
