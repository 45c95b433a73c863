"""A page that tells what is said between Arauto and a server while it is said, and then how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Response

from webapp.services.live import Over
from webapp.views import htmx
from webapp.views.desk.noun import Noun

SIGNS = {"client": "C", "server": "S", "note": "i"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended, in words. `links`: where to go from here, each an address, its word and an icon."""

    good: bool
    heading: str
    said: str = ""
    advice: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    links: list[tuple[str, str, str]] = field(default_factory=list)


def stream(
    noun: Noun,
    number: int,
    heading: str,
    hint: str,
    told: Iterator[Any],
    *,
    line: Callable[[Any], tuple[str, str]],
    verdict: Callable[[Over], Verdict],
    above: str = "",
) -> Response:
    """The page, sent line by line: also without JavaScript each is seen when it was said.

    `above` is what stands above the lines, where they are no dialogue with the server.
    """
    shown = (verdict(each) if isinstance(each, Over) else line(each) for each in told)
    stored = noun.load(number)
    return htmx.streamed(
        "desk/dialogue.html", noun=noun, stored=stored, heading=heading, hint=hint, told=shown, above=above
    )
