"""Every setting: environment name, default, meaning. A wrong value stops the start and says why."""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webapp.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _on_off(text: str) -> bool:
    words = {"on": True, "off": False}
    if text.lower() not in words:
        raise ValueError("say on or off")
    return words[text.lower()]


@dataclass(frozen=True, slots=True)
class Proxies:
    """Whom to believe X-Forwarded-*: peers in `networks` (any peer when empty), `hops` entries deep; 0 hops: nobody."""

    hops: int = 0
    networks: tuple[str, ...] = ()


def _proxies(text: str) -> Proxies:
    if text.isdigit() and int(text) <= 16:
        return Proxies(int(text))
    networks = _networks(text)
    return Proxies(1 if networks else 0, networks)


def _networks(text: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(part.strip(), strict=False)) for part in text.split(",") if part.strip())


def _base_url(text: str) -> str:
    url = urlsplit(text)
    usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
    if not usable or url.query or url.fragment:
        raise ValueError("say an address such as https://arauto.corp.example")
    return text.rstrip("/")


def _database_url(text: str) -> str:
    """A file's path is made absolute, or the pages and the sender could look for it in different folders."""
    file = text.removeprefix("sqlite:///")
    if file != text and file not in ("", ":memory:"):
        return f"sqlite:///{_path(file)}"
    if text and not text.startswith("postgresql+psycopg://"):
        raise ValueError("say sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
    return text


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table below: where a value comes from and what it means."""

    name: str
    default: str
    read: Callable[[str], Any]
    meaning: str
    secret: bool = False


SETTINGS = (
    Setting("DATA_DIR", "./var", _path, "folder of the database, the keys and the logs"),
    Setting("DATABASE_URL", "", _database_url, "database; empty means SQLite in the data folder", secret=True),
    Setting("SECRET_KEY", "", str, "signs sessions and links; made in the data folder when absent", secret=True),
    Setting("MASTER_KEY", "", str, "encrypts stored secrets; made in the data folder when absent", secret=True),
    Setting("BASE_URL", "http://127.0.0.1:8000", _base_url, "address that links in mails and pages start with"),
    Setting("JOBS", "on", _on_off, "on: this process sends and runs the periodic jobs; off: it only serves pages"),
    Setting("ADMIN_PASSWORD", "", str, "first administrator's password; made and printed when absent", secret=True),
    Setting("TRUSTED_PROXIES", "0", _proxies, "proxies whose X-Forwarded-* are believed: networks, or how many"),
    Setting("EGRESS_ALLOW", "", _networks, "loopback or link-local networks that HTTP calls may reach all the same"),
    Setting("SANDBOX", "off", _on_off, "on: catch mail in the sandbox mail server (set by serve --sandbox)"),
)


def _raw(setting: Setting, environ: Mapping[str, str]) -> str:
    name = f"ARAUTO_{setting.name}"
    value, file = environ.get(name), environ.get(f"{name}_FILE")
    if not (setting.secret and file):
        return value or setting.default
    if value:
        raise SettingsError(f"{name} and {name}_FILE are both set: keep one of them.")
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE names {file}, which cannot be read: {error}.") from error
    if not value:
        raise SettingsError(f"{name}_FILE names {file}, which is empty: put the value into it.")
    return value


def read_settings(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """All settings by their short name (`DATA_DIR`); an empty one counts as absent.

    Raises SettingsError naming the first wrong one.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        try:
            values[setting.name] = setting.read(_raw(setting, environ))
        except ValueError as error:
            raise SettingsError(f"ARAUTO_{setting.name} is not usable: {error}.") from error
    return values


def key_from_file(path: Path) -> str:
    """The key kept in `path`, made there (mode 0600) when absent. Two processes that start at once get the same."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_text().strip()
    if len(key) < 32:
        raise SettingsError(f"The key in {path} is shorter than 32 characters: restore it from a backup.")
    return key


def flask_config(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Flask's configuration made of our settings; makes the data folder and absent keys."""
    data: Path = settings["DATA_DIR"]
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret = settings["SECRET_KEY"] or key_from_file(data / "secret.key")
        master = settings["MASTER_KEY"] or key_from_file(data / "master.key")
    except OSError as error:
        raise SettingsError(f"ARAUTO_DATA_DIR {data} cannot be used: {error}.") from error
    https = settings["BASE_URL"].startswith("https://")
    return {
        **{f"ARAUTO_{name}": value for name, value in settings.items()},
        "ARAUTO_MASTER_KEY": master,
        "SECRET_KEY": secret,
        "SQLALCHEMY_DATABASE_URI": settings["DATABASE_URL"] or f"sqlite:///{data / 'arauto.db'}",
        "SESSION_COOKIE_NAME": "arauto",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": https,
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": 16 * 1024 * 1024,
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_DEFAULT_TIMEZONE": "UTC",
    }
