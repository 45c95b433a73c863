"""Arauto, a self-hosted notification gateway: `create_app()` wires it together.

What is heavy is imported when it is wired, so that the command line can say `--help` at once.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import socket
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from flask import Flask
    from flask_openapi3 import OpenAPI

VERSION = "0.1.0"


def create_app(environ: Mapping[str, str] | None = None, **overrides: Any) -> OpenAPI:
    """The application made of the settings in `environ` (default: the process's). Raises SettingsError.

    `overrides` are Flask configuration keys; tests use them.
    """
    with starting():
        from flask_openapi3 import Info, OpenAPI

        app = OpenAPI(__name__, info=Info(title="Arauto", version=VERSION), doc_ui=False, **_folders())
        _configure(app, environ, overrides)
        _rooms(app)
        return app


def create_core(environ: Mapping[str, str] | None = None, **overrides: Any) -> Flask:
    """The same without pages and API, for commands and workers: it starts in half the time."""
    with starting():
        from flask import Flask

        app = Flask(__name__, **_folders())
        _configure(app, environ, overrides)
        return app


@contextmanager
def starting() -> Iterator[None]:
    """Without the garbage collector: what a start makes stays, and searching it time and again is an eighth of it."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _folders() -> dict[str, Any]:
    from webapp import config

    return {"template_folder": str(config.ROOT / "templates"), "static_folder": str(config.ROOT / "static")}


def _configure(app: Flask, environ: Mapping[str, str] | None, overrides: Mapping[str, Any]) -> None:
    from webapp import config, database

    app.config.update(config.flask_config(config.read_settings(environ)), **overrides)
    app.config["ARAUTO_MAIL_HOST"] = _mail_host(app.config["ARAUTO_BASE_URL"])
    # Not the pages' own: commands and workers write mails by templates too.
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(app.config["SQLALCHEMY_DATABASE_URI"])
    _logging()
    _extensions(app)


def _extensions(app: Flask) -> None:
    from webapp import config, database, models  # noqa: F401  (models: every table must be known)
    from webapp.extensions import babel, csrf, db, htmx, login
    from webapp.views import language

    db.init_app(app)
    with app.app_context():
        database.tune(db.engine)
    known = weakref.ref(app)
    os.register_at_fork(after_in_child=lambda: _forget_connections(known()))
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        _migrations(app)
    csrf.init_app(app)
    login.init_app(app, add_context_processor=False)
    htmx.init_app(app)
    babel.init_app(
        app,
        default_translation_directories=str(config.ROOT / "webapp" / "translations"),
        locale_selector=language.locale,
        timezone_selector=language.timezone,
    )


def _migrations(app: Flask) -> None:
    """What `flask db` needs. Nobody else has to wait until Alembic is there."""
    from flask_migrate import Migrate

    from webapp import config
    from webapp.extensions import db

    Migrate(app, db, directory=str(config.ROOT / "webapp" / "migrations"), render_as_batch=True)


def _rooms(app: OpenAPI) -> None:
    from webapp import api, views

    views.register(app)
    api.register(app)


def _forget_connections(app: Flask | None) -> None:
    """A forked child must not talk on its parent's database connections. None: that application is gone."""
    from webapp.extensions import db

    if app is None:
        return
    with app.app_context():
        db.engine.dispose(close=False)


def _mail_host(base_url: str) -> str:
    """The name that this server gives itself in EHLO and Message-IDs."""
    host = urlsplit(base_url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return socket.gethostname() or "localhost"


def _logging() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
