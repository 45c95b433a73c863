"""Build step: third-party assets out of build-time packages into static/vendor, and compiled translations.

Nothing here is committed and nothing is downloaded: the assets come from wheels that the build requires
(pyproject.toml, [build-system]). `python hatch_build.py` does the same without building.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("static/vendor")
ICON_NAMES = Path("static/icons.txt")
CATALOGUES = "webapp/translations/*/LC_MESSAGES/messages.po"

SYMBOL = re.compile(r'<symbol\b[^>]*?\bid="([^"]+)".*?</symbol>', re.DOTALL)
SOURCE_MAP = re.compile(r"\n?/[/*]# sourceMappingURL=\S+(?: \*/)?\s*$")


def donor(package: str, name: str) -> str:
    """The text of file `name` in an installed package, which is not imported: its dependencies are absent."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeError(
            f"The build needs the package {package}, which is not installed: see requirements/build.lock."
        )
    return (Path(spec.origin).parent / name).read_text(encoding="utf-8")


def without_source_map(text: str) -> str:
    """The map is not copied, so browsers must not be sent looking for it."""
    return SOURCE_MAP.sub("\n", text)


def sprite(icons: str, names: Iterable[str]) -> str:
    """An SVG file with only the named symbols of `icons`. Raises RuntimeError naming those it lacks."""
    symbols = {match[1]: match[0] for match in SYMBOL.finditer(icons)}
    wanted = sorted(set(names))
    absent = [name for name in wanted if name not in symbols]
    if absent:
        raise RuntimeError(f"{ICON_NAMES} names icons that the icon set does not have: {', '.join(absent)}.")
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols[name] for name in wanted) + "\n</svg>\n"


def icon_sprite(root: Path) -> str:
    icons = donor("flask_bootstrap", "static/bootstrap5/icons/bootstrap-icons.svg")
    return sprite(icons, (root / ICON_NAMES).read_text(encoding="utf-8").split())


ASSETS: dict[str, Callable[[Path], str]] = {
    "htmx.min.js": lambda root: donor("django_htmx", "static/django_htmx/htmx-2.min.js"),
    "bootstrap.min.css": lambda root: without_source_map(
        donor("flask_bootstrap", "static/bootstrap5/css/bootstrap.min.css")
    ),
    "icons.svg": icon_sprite,
}


def compile_catalogue(source: Path) -> None:
    """Write messages.mo beside messages.po; texts marked fuzzy stay untranslated."""
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parent.parent.name)
    with source.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def build_assets(root: Path) -> None:
    """Make everything that is served or loaded but not committed. Repeatable."""
    vendor = root / VENDOR
    vendor.mkdir(parents=True, exist_ok=True)
    for name, make in ASSETS.items():
        (vendor / name).write_text(make(root), encoding="utf-8")
    for source in root.glob(CATALOGUES):
        compile_catalogue(source)


class AssetsHook(BuildHookInterface):
    """Called by hatchling for wheels, source archives and editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        build_assets(root)
        build_data["artifacts"] += [f"{VENDOR}/*", CATALOGUES.replace(".po", ".mo")]


if __name__ == "__main__":
    build_assets(Path(__file__).resolve().parent)
