"""What the set-up makes of packages: assets without a download, locks that anybody's mirror can serve."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "static" / "vendor"
LOCKS = ["build", "dev", "runtime"]


def pins(lock: str) -> dict[str, str]:
    """Name to version of everything that requirements/LOCK.lock installs."""
    lines = (ROOT / "requirements" / f"{lock}.lock").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", lines, re.MULTILINE))


def test_the_icon_file_has_the_named_icons_and_no_other() -> None:
    names = (ROOT / "static" / "icons.txt").read_text().split()
    assert re.findall(r'<symbol[^>]* id="([^"]+)"', (VENDOR / "icons.svg").read_text()) == sorted(names)


def test_htmx_is_the_second_line_which_htmx_flask_speaks() -> None:
    assert re.search(r'version:"2\.0\.\d+"', (VENDOR / "htmx.min.js").read_text())


def test_the_style_sheet_sends_nobody_for_files_that_are_not_served() -> None:
    style = (VENDOR / "bootstrap.min.css").read_text()
    assert "Bootstrap  v5.3" in style
    assert "sourceMappingURL" not in style
    assert not re.search(r"url\(\"?(?!\"?data:)", style)
    assert "@import" not in style


def test_the_build_requires_what_its_lock_installs() -> None:
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert {re.split(r"[=<>]", line)[0] for line in requires} <= pins("build").keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_names_no_place_to_fetch_from(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    assert not re.search(r"://|^\s*-[^-]|^--|find-links|index-url|@ ", text, re.MULTILINE)
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9])", text)[1:])


def test_production_runs_what_was_tested() -> None:
    tested = pins("dev")
    assert {name: version for name, version in pins("runtime").items() if tested.get(name) != version} == {}


@pytest.mark.parametrize("lock", ["dev", "runtime"])
def test_what_only_lends_files_to_the_build_is_never_installed(lock: str) -> None:
    assert not {"django", "django-htmx", "bootstrap-flask", "hatchling"} & pins(lock).keys()
