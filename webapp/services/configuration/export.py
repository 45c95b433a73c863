"""The configuration as a file: everything but the secrets, in a lasting order."""

from __future__ import annotations

from typing import Any

import yaml

from webapp.extensions import db
from webapp.services.configuration.planning import read_world
from webapp.services.configuration.sections import SECTIONS, SINGLE
from webapp.services.entries import Items

HEAD = (
    "# Configuration of Arauto. Secrets are never exported: a credential without `secret` keeps the stored one,\n"
    "# a new credential needs `secret: {value: ...}`, `{env: NAME}` or `{file: PATH}`.\n"
)


class _Dumper(yaml.SafeDumper):
    """Lists of names on one line, texts of several lines as blocks, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


_Dumper.add_representer(tuple, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, True))
_Dumper.add_representer(
    str,
    lambda dumper, data: dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None),
)


def export() -> str:
    """The configuration file that `apply` accepts and that changes nothing."""
    world = read_world(db.session())
    content = {
        name: _entry(next(iter(world[name].values())).before or {}) if name in SINGLE else _entries(world[name])
        for name in SECTIONS
    }
    return HEAD + yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _entries(items: Items) -> list[dict[str, Any]]:
    changed = (item.before for item in items.values() if item.before and item.row is not None)
    return [_entry(entry) for entry in changed]


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value == "" else value for name, value in entry.items()}
