"""Settings: every one has a default, a file where it is secret, and words when it is wrong."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from webapp import config, create_app
from webapp.config import Proxies, flask_config, key_from_file, read_settings
from webapp.errors import SettingsError


def read(**environ: str) -> dict[str, object]:
    return read_settings({f"ARAUTO_{name}": value for name, value in environ.items()})


def test_an_empty_environment_is_enough() -> None:
    settings = read()
    assert settings["DATA_DIR"] == Path.cwd() / "var"
    assert settings["BASE_URL"] == "http://127.0.0.1:8000"
    assert (settings["JOBS"], settings["SANDBOX"]) == (True, False)
    assert settings["TRUSTED_PROXIES"] == Proxies(0)


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_an_empty_value_means_the_default(setting: config.Setting) -> None:
    assert read(**{setting.name: ""}) == read()
    assert setting.meaning


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("JOBS", "OFF", False),
        ("BASE_URL", "https://arauto.corp.example/", "https://arauto.corp.example"),
        ("BASE_URL", "http://[::1]:8000", "http://[::1]:8000"),
        ("BASE_URL", "https://corp.example/arauto", "https://corp.example/arauto"),
        ("DATABASE_URL", "sqlite:////srv/arauto.db", "sqlite:////srv/arauto.db"),
        ("DATABASE_URL", "sqlite:///arauto.db", f"sqlite:///{Path.cwd()}/arauto.db"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@h/db", "postgresql+psycopg://u:p@h/db"),
        ("TRUSTED_PROXIES", "2", Proxies(2)),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1", Proxies(1, ("10.0.0.0/8", "192.0.2.1/32"))),
        ("TRUSTED_PROXIES", "::1", Proxies(1, ("::1/128",))),
        ("EGRESS_ALLOW", "127.0.0.1, 169.254.0.0/16,", ("127.0.0.1/32", "169.254.0.0/16")),
    ],
)
def test_good_values(name: str, given: str, value: object) -> None:
    assert read(**{name: given})[name] == value


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("JOBS", "yes"),
        ("SANDBOX", "1"),
        ("BASE_URL", "arauto.corp.example"),
        ("BASE_URL", "ftp://arauto.corp.example"),
        ("BASE_URL", "http://"),
        ("BASE_URL", "http://host:99999"),
        ("BASE_URL", "http://host:0"),
        ("BASE_URL", "http://host/?a=1"),
        ("BASE_URL", "http://host/#a"),
        ("BASE_URL", "http://[::1"),
        ("DATABASE_URL", "postgresql://u:p@h/db"),
        ("DATABASE_URL", "mysql://u:p@h/db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("TRUSTED_PROXIES", "99"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "nginx"),
        ("EGRESS_ALLOW", "10.0.0.0/99"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(name: str, given: str) -> None:
    with pytest.raises(SettingsError, match=f"^ARAUTO_{name} is not usable: "):
        read(**{name: given})


def test_a_wrong_database_address_does_not_show_its_password() -> None:
    with pytest.raises(SettingsError) as refused:
        read(DATABASE_URL="postgresql://u:hunter2@h/db")
    assert "hunter2" not in str(refused.value)


# --- secrets in files ---

SECRETS = [setting.name for setting in config.SETTINGS if setting.secret]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_comes_from_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text("sqlite:////ç/a.db\n", encoding="utf-8")
    assert read(**{f"{name}_FILE": str(file)})[name] == "sqlite:////ç/a.db"
    assert read(**{f"{name}_FILE": str(file), name: ""})[name] == "sqlite:////ç/a.db"


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_two_places_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="both set"):
        read(**{name: "sqlite:////a.db", f"{name}_FILE": str(tmp_path / "secret")})


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), (b"\xff\xfe", "cannot be read"), (b" \n", "is empty")]
)
def test_a_secrets_file_that_gives_nothing_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    """An empty one must not make a new key quietly: the stored secrets would no longer open."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=words) as refused:
        read(MASTER_KEY_FILE=str(file))
    assert str(file) in str(refused.value)


# --- keys in the data folder ---


def test_keys_are_made_once_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret.key"
    key = key_from_file(path)
    assert len(key) == 64
    assert key_from_file(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [found.name for found in path.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    program = "import pathlib, sys; from webapp import config; print(config.key_from_file(pathlib.Path(sys.argv[1])))"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "key")], stdout=subprocess.PIPE, cwd=config.ROOT, text=True
        )
        for _ in range(4)
    ]
    keys = {process.communicate(timeout=60)[0].strip() for process in started}
    assert len(keys) == 1
    assert len(keys.pop()) == 64


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_text("short")
    with pytest.raises(SettingsError, match="shorter than 32"):
        key_from_file(path)
    assert path.read_text() == "short"


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="ARAUTO_DATA_DIR"):
        flask_config(read(DATA_DIR=str(tmp_path / "file" / "var")))


def test_keys_that_are_given_make_no_files(tmp_path: Path) -> None:
    made = flask_config(read(DATA_DIR=str(tmp_path), SECRET_KEY="s" * 32, MASTER_KEY="m" * 32))
    assert (made["SECRET_KEY"], made["ARAUTO_MASTER_KEY"]) == ("s" * 32, "m" * 32)
    assert list(tmp_path.iterdir()) == []


def test_cookies_are_only_for_https_when_the_address_is(tmp_path: Path) -> None:
    for base_url, secure in (("http://host", False), ("https://host", True)):
        made = flask_config(read(DATA_DIR=str(tmp_path), BASE_URL=base_url))
        assert made["SESSION_COOKIE_SECURE"] is secure
        assert (made["SESSION_COOKIE_HTTPONLY"], made["SESSION_COOKIE_SAMESITE"]) == (True, "Lax")


def test_the_pages_and_the_sender_find_a_relative_file_in_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask-SQLAlchemy would look for it in the instance folder."""
    from webapp.extensions import db

    monkeypatch.chdir(tmp_path)
    app = create_app({"ARAUTO_DATA_DIR": "var", "ARAUTO_DATABASE_URL": "sqlite:///mine.db"}, TESTING=True)
    with app.app_context():
        assert db.engine.url.database == str(tmp_path / "mine.db")
    assert app.config["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/mine.db"
