"""Tags: the whole template language of texts. Pure.

`{{ event.title }}` is replaced by a value; there is nothing else. An administrator's text can therefore neither run
code, nor loop, nor reach anything that it was not handed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

TAG = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)[ \t]*\}\}")

KNOWN = frozenset(
    {
        "event.id",
        "event.type",
        "event.severity",
        "event.title",
        "event.body",
        "event.source",
        "event.time",
        "event.link",
        "type.title",
        "type.category",
        "contact.name",
        "contact.email",
        "notification.name",
    }
)
FREE = "event.attributes."


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with every tag replaced by its value, once: a value that looks like a tag stays as it is."""
    return TAG.sub(lambda match: values.get(match[1], ""), template)


def names(template: str) -> set[str]:
    """The names of the tags in `template`."""
    return set(TAG.findall(template))


def unknown(template: str) -> list[str]:
    """Tags that no event can fill, sorted; to be refused when a text is saved."""
    return sorted(name for name in names(template) if name not in KNOWN and not name.startswith(FREE))


@lru_cache(maxsize=1024)
def uses(template: str, noun: str) -> bool:
    """Whether the words depend on `noun` (`contact`, `notification`)."""
    return any(name.startswith(f"{noun}.") for name in names(template))
