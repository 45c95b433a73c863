"""`arauto serve` and `arauto worker`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import click

from webapp import config
from webapp.cli.frame import fail
from webapp.services import first_password, schema


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 256), help="Threads of each process.")
@click.option("--sandbox", is_flag=True, help="Catch mail in a sandbox when no other account is the default.")
def serve(host: str, port: int, workers: int, threads: int, sandbox: bool) -> None:
    """Serve the pages and the API, and send, on one address.

    Refuses when the database is not at the schema of this version. ARAUTO_BASE_URL says which address links start
    with; when it is not set, they start with the one served.
    """
    os.environ.setdefault("ARAUTO_BASE_URL", f"http://{_in_url(_reachable(host))}:{port}")
    if sandbox:
        os.environ["ARAUTO_SANDBOX"] = "on"
    settings = config.flask_config(config.read_settings())
    schema.require_current(settings["SQLALCHEMY_DATABASE_URI"])
    _require_free(host, port)
    _announce(settings)
    _become_gunicorn(
        f"--bind={_in_url(host)}:{port}", f"--workers={workers}", f"--threads={threads}", "--log-level=warning"
    )


def _reachable(host: str) -> str:
    """An address that a browser on this machine can open, where `host` stands for all of them."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _require_free(host: str, port: int) -> None:
    """Gunicorn would try for seconds, and then say it less plainly."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        fail(
            f"Arauto cannot listen on {_in_url(host)}:{port}: {error.strerror or error}. "
            "Stop the program that has this port, or choose another one with --port."
        )


def _announce(settings: dict[str, Any]) -> None:
    click.echo(f"Arauto is on {settings['ARAUTO_BASE_URL']} (stop it with Ctrl+C)")
    password = first_password.pending(settings["ARAUTO_DATA_DIR"])
    if password and settings["ARAUTO_SANDBOX"]:
        click.echo(f"First sign-in: admin / {password}")
    elif password:
        click.echo(f"First sign-in: admin, with the password in {settings['ARAUTO_DATA_DIR'] / first_password.FILE}")
    sys.stdout.flush()


def _become_gunicorn(*arguments: str) -> None:
    """In this process, which has half of it in memory already. SIGUSR2 makes gunicorn run its command line again."""
    from gunicorn.app import wsgiapp

    where = (f"--config={config.ROOT / 'gunicorn.conf.py'}", f"--pythonpath={config.ROOT}")
    sys.argv = [str(Path(sys.executable).with_name("gunicorn")), *where, *arguments, "wsgi:app"]
    wsgiapp.run(prog="gunicorn")


@click.command()
def worker() -> None:
    """Send and run the periodic jobs without serving pages: an extra node.

    Runs the jobs whatever ARAUTO_JOBS says. SIGTERM or Ctrl+C ends it within 20 seconds, its work finished or
    given back.
    """
    import jobs
    from webapp import create_core

    app = create_core(ARAUTO_JOBS=True)
    schema.require_current(app.config["SQLALCHEMY_DATABASE_URI"])
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs.start(app)
    click.echo("The jobs are running (stop them with Ctrl+C)")
    stop.wait()
    jobs.stop()
