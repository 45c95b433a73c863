"""Event types as pages offer them: by category, each with the patterns that mean several at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.models.catalogue import CATEGORIES, TypeInfo


@dataclass(frozen=True, slots=True)
class Category:
    """`title` is English. `patterns` mean whole prefixes: first the category's own, then those of added types alone.

    An added type may stand in a category whose prefix it does not have; only its own prefix means it then.
    """

    prefix: str
    title: str
    patterns: list[str]
    types: list[TypeInfo]


def categories(types: Iterable[TypeInfo]) -> list[Category]:
    """All categories in their lasting order, with these types."""
    found = {title: Category(prefix, title, [f"{prefix}.*"], []) for prefix, title in CATEGORIES.items()}
    met = set(CATEGORIES)
    for info in types:
        category = found[info.category]
        category.types.append(info)
        prefix = info.type.split(".")[0]
        if prefix not in met:
            met.add(prefix)
            category.patterns.append(f"{prefix}.*")
    return list(found.values())
